"""What people have, by the names that paths have for it."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

from coach.server.routes._flows import EXAMPLE
from coach.store import Store, Version, blob_key
from tests.server._document import picture
from tests.server._serve import Served
from tests.store._images import quadrants
from tests.store._rows import PICTURE, add_versions
from tests.studio._rows import add_lost


async def things_of(served: Served, user_id: str) -> Mapping[str, str]:
    """Something of each kind that a path can name, for a person.

    A route that names something else in its path adds it here.
    """
    store = served.here.store
    talk = await store.conversations.start(
        user_id, coach=served.here.coach.name, phase=served.here.coach.first_phase
    )
    photo = await store.photos.add(user_id, picture())
    identity = await store.identities.add(user_id, "Guide")
    version = await a_version(store, user_id, identity.id)
    doubt = await add_lost(store.database, user_id=user_id)
    flow = await served.here.runs.flows.add(user_id, EXAMPLE)
    return {
        "conversation_id": talk.id,
        "flow_id": flow.id,
        "generation_id": doubt.id,
        "photo_id": photo.id,
        "ref": identity.id,
        "version_id": version.id,
    }


async def a_version(store: Store, user_id: str, identity_id: str) -> Version:
    """A picture of an identity, as small as :func:`picture`."""
    blob = blob_key(user_id, "pictures", f"{uuid4()}-0.png")
    await store.blobs.put(blob, picture(), "image/png")
    width, height = quadrants().size
    made = replace(PICTURE, blob=blob, width=width, height=height)
    [version] = await add_versions(store, user_id, identity_id, picture=made)
    return version


def missing(of: Mapping[str, str]) -> Mapping[str, str]:
    """The same names, of things that nobody has."""
    return {name: str(uuid4()) for name in of}


NOBODYS = {"token": "no token"}
"""What is in paths and nobody's."""


def path_of(path: str, names: list[str], things: Mapping[str, str]) -> str:
    """A path with the things in it that it names."""
    known = {**NOBODYS, **things}
    unknown = [name for name in names if name not in known]
    assert not unknown, f"{path} names {unknown}: say in tests/server/_things.py what that is"
    return path.format(**known)
