"""What several actions of this coach share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from coach import Identity

IdentityId = Annotated[
    str, Field(description="The identity, as listed in your instructions, e.g. `i1`.", max_length=64)
]
Version = Annotated[
    str | None,
    Field(
        description="The picture's version, e.g. `v2` or `v2a`. Left out: the one shown last.", max_length=64
    ),
]


class IdentityData(BaseModel):
    """An identity, for the application."""

    id: str
    handle: str
    name: str
    stage: str

    @classmethod
    def of(cls, identity: Identity) -> IdentityData:
        """What the application gets of an identity."""
        return cls(id=identity.id, handle=identity.handle, name=identity.name, stage=identity.stage)


class SheetData(BaseModel):
    """Something to look at that is no new version: one from before, several side by side, or all of them."""

    title: str
    handles: tuple[str, ...]
    blob: str
    width: int
    height: int


class PictureData(BaseModel):
    """A version of an identity's picture, for the application.

    Attributes:
        likeness: How like the person it was judged to be, or that it was not; ``likeness_why`` in a sentence.
        skin: What became of the skin's colour; ``None``: not measured.
        say_likeness: What was found of the likeness, for the person; ``None``: there is nothing to say of it.
        outside: How much had changed outside the marked part before that was put back, as a share of its
            pixels; ``None``: no part was marked.
        second_try: Whether it was asked for twice, and this is the better picture.
        afresh: Whether it was drawn anew from the photos, with all the wishes, instead of from its parent.
        repairs: What differs from what was asked for, one sentence each.
    """

    identity_id: str
    version_id: str
    handle: str
    blob: str
    model: str
    operation: str
    width: int
    height: int
    likeness: str | None = None
    likeness_why: str | None = None
    skin: str | None = None
    say_likeness: str | None = None
    outside: float | None = None
    second_try: bool = False
    afresh: bool = False
    repairs: tuple[str, ...] = ()
    quote_micros: int | None = None
    actual_micros: int | None = None
    seconds: float | None = None
