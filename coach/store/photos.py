"""People's photos: what they upload, cleaned (:mod:`coach.store.intake`), at most five."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import ConsentMissing, Erasing, NotFound, PhotoRefused
from coach.store._pictures import Pictures
from coach.store._rows import every, first, hold, new_id, now, one, rows_of
from coach.store.blobs import ENDINGS, Blobs, blob_key, owner_of, shows_photo
from coach.store.consent import Consent, active_in
from coach.store.database import Database
from coach.store.intake import CleanPhoto, refused, take_in
from coach.store.tables import photos

MOST_PHOTOS = 5
"""How many photos one person can have."""

SHORTEST_SIDE = 64
"""The fewest pixels of either side."""


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One photo of a person.

    Attributes:
        blob: Its key in the blob store.
        sha256: Of the bytes that are kept, in hex.
        width: Pixels.
        height: Pixels.
        primary: Whether pictures are made from this one; true of one photo per person.
        original: The blob of the upload itself, when it was asked to be kept.
        report: What was seen of the face in it; ``None``: nobody has looked. See :mod:`coach.faces`.
    """

    id: str
    user_id: str
    blob: str
    sha256: str
    width: int
    height: int
    media_type: str
    primary: bool
    created_at: datetime
    original: str | None = None
    report: Mapping[str, Any] | None = None


_Begun = tuple[datetime, Consent | None]
"""Since when the person was here, and what they had agreed to, when a photo began to be added."""


class Photos(Pictures):
    """People's photos."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        super().__init__(database, blobs, photos, "photo")

    async def add(self, user_id: str, data: bytes, *, keep_original: bool = False) -> Photo:
        """Clean and keep an upload. The first photo is the primary one.

        A photo that is there already, with the same bytes once cleaned, is not kept twice: what is returned
        is the one that is there, with this upload beside it if that is asked for and none was kept.

        Args:
            data: The file as it was uploaded.
            keep_original: Keep it beside the cleaned photo, with all that it says, the place it was taken
                included. Only an export reads it; it goes with the photo.

        Raises:
            PhotoRefused: It is no photo we can use, or there are five already; the message is for the person.
            Erasing: The person is being erased.
            ConsentMissing: The person took their agreement back while it was added.
        """
        if len(await self.list(user_id)) >= MOST_PHOTOS:
            raise refused("too_many")
        async with self._database.write() as connection:
            begun = await hold(connection, user_id), await active_in(connection, user_id)
        clean = await take_in(data)
        if min(clean.width, clean.height) < SHORTEST_SIDE:
            raise refused("too_small")
        photo_id = new_id()
        blob = blob_key(user_id, "photos", f"{photo_id}.{ENDINGS[clean.media_type]}")
        original = blob_key(user_id, "originals", photo_id) if keep_original else None
        await self._blobs.put(blob, clean.data, clean.media_type)
        if original is not None:
            await self._blobs.put(original, data, "application/octet-stream")
        try:
            photo = await self._insert(user_id, photo_id, blob, clean, original, begun)
        except (PhotoRefused, Erasing, ConsentMissing):
            # After any other failure the row may be there all the same, and then needs its bytes.
            await self._delete(blob, original)
            raise
        await self._delete(*{blob, original} - {photo.blob, photo.original})
        if not await self._blobs.exists(photo.blob):
            # Taken by who deletes photos just now; or an older one's, by who died when they removed it.
            with suppress(NotFound):
                await self.remove(user_id, photo.id)
            return await self.add(user_id, data, keep_original=keep_original)
        return photo

    async def _delete(self, *keys: str | None) -> None:
        for key in keys:
            if key is not None:
                await self._blobs.delete(key)

    async def _insert(
        self, user_id: str, photo_id: str, blob: str, clean: CleanPhoto, original: str | None, begun: _Begun
    ) -> Photo:
        since, agreed = begun
        async with self._database.write() as connection:
            if await hold(connection, user_id) != since:
                raise Erasing("This person was erased meanwhile; add the photo again if they are back.")
            if agreed and not await active_in(connection, user_id):
                raise ConsentMissing("The agreement was taken back meanwhile; the photo is not kept.")
            others = await every(connection, _photos(user_id), Photo)
            for same in others:
                if same.sha256 == clean.sha256:
                    # Sent along twice it would be paid for twice, and photos that are equal would say that
                    # this face never changes: see `coach.faces.likeness`.
                    return await _with_original(connection, same, original)
            if len(others) >= MOST_PHOTOS:
                raise refused("too_many")
            photo = Photo(
                id=photo_id,
                user_id=user_id,
                blob=blob,
                sha256=clean.sha256,
                width=clean.width,
                height=clean.height,
                media_type=clean.media_type,
                primary=not others,
                created_at=now(),
                original=original,
            )
            await connection.execute(insert(photos), vars(photo))
        return photo

    async def get(self, user_id: str, photo_id: str) -> Photo:
        """One photo.

        Raises:
            NotFound: This person has no such photo.
        """
        async with self._database.read() as connection:
            return await _find(connection, user_id, photo_id)

    async def list(self, user_id: str) -> Sequence[Photo]:
        """The person's photos, oldest first."""
        async with self._database.read() as connection:
            return await every(connection, _photos(user_id), Photo)

    async def primary(self, user_id: str) -> Photo | None:
        """The photo that pictures are made from, if there is any."""
        async with self._database.read() as connection:
            row = await first(connection, _photos(user_id).where(photos.c.primary))
        return Photo(**row) if row else None

    async def make_primary(self, user_id: str, photo_id: str) -> Photo:
        """Let pictures be made from this photo from now on.

        Raises:
            NotFound: This person has no such photo.
        """
        mine = photos.c.user_id == user_id
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await _find(connection, user_id, photo_id)
            await connection.execute(update(photos).where(mine, photos.c.primary).values(primary=False))
            chosen = update(photos).where(mine, photos.c.id == photo_id).values(primary=True)
            await connection.execute(chosen)
            return await _find(connection, user_id, photo_id)

    async def note_report(self, user_id: str, photo_id: str, report: Mapping[str, Any]) -> Photo:
        """Keep what was seen of the face in a photo; nothing by which a face could be told from another.

        Raises:
            NotFound: This person has no such photo.
        """
        mine = photos.c.user_id == user_id, photos.c.id == photo_id
        async with self._database.write() as connection:
            await connection.execute(update(photos).where(*mine).values(report=dict(report)))
            return await _find(connection, user_id, photo_id)

    async def remove(self, user_id: str, photo_id: str) -> None:
        """Delete a photo: its bytes, its original, and the sheets it is on.

        When it was the primary one, the oldest that is left becomes it.

        Raises:
            NotFound: This person has no such photo.
        """
        photo = await self.get(user_id, photo_id)
        # The bytes first: when the rest fails there is still a row to try again with.
        await self._delete(photo.blob, photo.original, *await self._sheets(photo))
        async with self._database.write() as connection:
            await hold(connection, user_id)
            mine = await every(connection, _photos(user_id), Photo)
            await connection.execute(
                delete(photos).where(photos.c.user_id == user_id, photos.c.id == photo_id)
            )
            left = [other for other in mine if other.id != photo_id]
            if left and not any(other.primary for other in left):
                change = update(photos).where(photos.c.user_id == user_id, photos.c.id == left[0].id)
                await connection.execute(change.values(primary=True))
        # What was kept meanwhile: an upload, and a sheet, whose keeper looks afterwards for the row too.
        uploads = [other.original for other in mine if other.id == photo_id]
        await self._delete(*uploads, *await self._sheets(photo))

    async def _sheets(self, photo: Photo) -> builtins.list[str]:
        derived = await self._blobs.list(f"{owner_of(photo.user_id)}/derived/")
        return [key for key in derived if shows_photo(key, photo.id)]

    async def forget(self, user_id: str) -> None:
        """Delete what no row names of a person's photos and originals, and the sheets one may be on.

        Safe to repeat. A photo that is added meanwhile, since they agreed anew, is there whole or not at all.
        """
        # By their folders: found again after an interruption.
        folders = [f"{owner_of(user_id)}/{kind}/" for kind in ("photos", "originals", "derived")]
        gone = {key for folder in folders for key in await self._blobs.list(folder)}
        gone -= {key for photo in await self.list(user_id) for key in (photo.blob, photo.original)}
        await self._delete(*gone)
        for photo in await self.list(user_id):
            if gone & {photo.blob, photo.original}:  # its row came when its bytes were just to go
                with suppress(NotFound):
                    await self.remove(user_id, photo.id)


async def _find(connection: AsyncConnection, user_id: str, photo_id: str) -> Photo:
    mine = rows_of(photos, Photo, user_id).where(photos.c.id == photo_id)
    return await one(connection, mine, Photo, kind="photo", ref=photo_id)


async def _with_original(connection: AsyncConnection, photo: Photo, original: str | None) -> Photo:
    """The photo, with the upload that it has or else this one."""
    if original is None or photo.original is not None:
        return photo
    mine = photos.c.user_id == photo.user_id, photos.c.id == photo.id
    await connection.execute(update(photos).where(*mine).values(original=original))
    return replace(photo, original=original)


def _photos(user_id: str) -> Select[tuple[object, ...]]:
    return rows_of(photos, Photo, user_id).order_by(photos.c.created_at, photos.c.id)
