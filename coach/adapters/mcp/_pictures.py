"""Pictures as resources, by their handles: read for the person they are of, and small enough for a client."""

from __future__ import annotations

import re
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import mcp_types as types
import pybase64

from coach.adapters.mcp._talks import Person, Talks
from coach.errors import NotFound
from coach.events import Finished, Preview
from coach.store import Identity, Store, Version
from coach.studio import Thumbnails

MOST_BYTES = 700_000
"""Of a picture that is read: in base64 it stays below the 1 MB that clients allow."""

_MOST_PREVIEWS = 200
_MOST_LISTED = 50
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}

PICTURE = "coach://pictures/{identity}/{version}"
OF_CALL = "coach://calls/{call}/picture"
PREVIEW = "coach://calls/{call}/previews/{number}"

_VERSION = re.compile(r"coach://pictures/(i\d{1,9})/(v\w{1,20})")
_OF_CALL = re.compile(r"coach://calls/([^/]{1,100})/picture")


class Pictures:
    """The pictures of the people who talk here.

    Args:
        talks: Their conversations: what came of a call is found there.
    """

    def __init__(self, talks: Talks) -> None:
        self._talks, coach = talks, talks.coach
        self._store = coach.perhaps("store", Store)
        self._thumbnails = coach.perhaps("thumbnails", Thumbnails)
        self._previews: OrderedDict[tuple[str, str], str] = OrderedDict()

    def preview(self, person: Person, event: Preview) -> str:
        """The address of an unfinished picture; it can be read while this process remembers it."""
        uri = PREVIEW.format(call=event.call_id, number=event.index)
        self._previews[person.user_id, uri] = event.blob
        while len(self._previews) > _MOST_PREVIEWS:
            self._previews.popitem(last=False)
        return uri

    async def links(self, person: Person, finished: Finished) -> list[types.ResourceLink]:
        """The picture that came of a call, if any did."""
        data = finished.data or {}
        blob = data.get("blob")
        if finished.state != "done" or not isinstance(blob, str):
            return []
        with suppress(NotFound):
            if self._store is not None and "version_id" in data:
                version = await self._store.versions.find(person.user_id, str(data["version_id"]))
                identity = await self._store.identities.get(person.user_id, version.identity_id)
                return [types.ResourceLink(**_facts(identity, version))]
        uri = OF_CALL.format(call=finished.call_id)
        return [types.ResourceLink(uri=uri, name=str(data.get("title", "picture")), mime_type=_type_of(blob))]

    async def listed(self, person: Person) -> list[types.Resource]:
        """A person's pictures, those of each identity oldest first."""
        if self._store is None:
            return []
        found = [
            types.Resource(**_facts(identity, version))
            for identity in await self._store.identities.list(person.user_id)
            for version in await self._store.versions.list(person.user_id, identity.handle)
        ]
        return found[-_MOST_LISTED:]

    async def read(self, person: Person, uri: str) -> list[Any]:
        """A picture, no larger than clients allow, and where it is in full size.

        Raises:
            NotFound: This person has no such picture.
        """
        blob, kind, size = await self._find(person, uri)
        if self._store is None:
            raise NotFound("resource", uri)
        whole = data = await self._store.blobs.get(blob)
        if self._thumbnails is not None:
            data, kind = await self._thumbnails.within(data, kind, MOST_BYTES)
        encoded = pybase64.b64encode(data).decode()
        contents: list[Any] = [types.BlobResourceContents(uri=uri, mime_type=kind, blob=encoded)]
        if data is not whole:
            full = "This is a smaller copy" + (f" of a picture of {size} pixels" if size else "")
            say = f"{full}. In full size it is on the coach's page and in `coach export`."
            contents.append(types.TextResourceContents(uri=uri, mime_type="text/plain", text=say))
        return contents

    async def _find(self, person: Person, uri: str) -> tuple[str, str, str]:
        if (named := _VERSION.fullmatch(uri)) and self._store is not None:
            version = await self._store.versions.get(person.user_id, *named.groups())
            return version.blob, version.media_type, f"{version.width}x{version.height}"
        blob: Any = self._previews.get((person.user_id, uri))
        if named := _OF_CALL.fullmatch(uri):
            where = await self._talks.at(person)
            call = await self._talks.coach.journal.find(person.user_id, where.conversation_id, named.group(1))
            blob = (call.data or {}).get("blob") if call is not None and call.state == "done" else None
        if not isinstance(blob, str):
            raise NotFound("resource", uri)
        return blob, _type_of(blob), ""


def _facts(identity: Identity, version: Version) -> dict[str, Any]:
    return {
        "uri": PICTURE.format(identity=identity.handle, version=version.handle),
        "name": version.handle,
        "title": f"{identity.name}, {version.handle}",
        "description": f"{version.width}x{version.height} pixels",
        "mime_type": version.media_type,
    }


def _type_of(blob: str) -> str:
    return _TYPES.get(blob.rpartition(".")[2], "application/octet-stream")
