"""What prompts may know of an identity and of a picture."""

from __future__ import annotations

from dataclasses import dataclass

from coach import Identity


@dataclass(frozen=True, kw_only=True)
class IdentitySeen:
    """An identity as prompts see it: by its handle, never by its id."""

    handle: str
    name: str
    note: str
    stage: str
    statement: str | None
    visualization: str | None


@dataclass(frozen=True, kw_only=True)
class VersionSeen:
    """A version of a picture as prompts see it.

    Attributes:
        parent: The version it was made from.
        wish: What was to change in that one: the first words of it, on one line.
        likeness: How like the person it was judged to be, or that it was not.
    """

    handle: str
    parent: str | None
    wish: str | None
    likeness: str
    accepted: bool


def seen(identity: Identity) -> IdentitySeen:
    """An identity, less what is not for the model."""
    return IdentitySeen(
        handle=identity.handle,
        name=identity.name,
        note=identity.note,
        stage=identity.stage,
        statement=identity.statement,
        visualization=identity.visualization,
    )
