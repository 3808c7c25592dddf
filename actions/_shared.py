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
    Field(description="The picture's version, e.g. `v2`. Left out: the newest one.", max_length=64),
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


class PictureData(BaseModel):
    """A version of an identity's picture, for the application."""

    identity_id: str
    version_id: str
    handle: str
    blob: str
    model: str
    operation: str
    width: int
    height: int
    repairs: tuple[str, ...] = ()
    quote_micros: int | None = None
    actual_micros: int | None = None
    seconds: float | None = None
