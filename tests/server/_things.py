"""What people have, by the names that paths have for it."""

from collections.abc import Mapping
from uuid import uuid4

from tests.server._serve import Served


async def things_of(served: Served, user_id: str) -> Mapping[str, str]:
    """Something of each kind that a path can name, for a person.

    A route that names something else in its path adds it here.
    """
    store = served.here.store
    talk = await store.conversations.start(
        user_id, coach=served.here.coach.name, phase=served.here.coach.first_phase
    )
    return {"conversation_id": talk.id}


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
