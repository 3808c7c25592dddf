"""Pictures as routes tell of them: what is known of each, and a link to its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from coach.server.caller import SignedIn
from coach.server.routes.files import base_of
from coach.server.running import Here
from coach.server.told import shown
from coach.store import Version, owner_of
from coach.studio._say import say_likeness
from coach.studio.compare import Sheet
from coach.studio.judge import judgement_of

Show = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes what is kept fit to be seen: the key of a blob becomes a link to it."""


async def _show(request: Request, here: Here, caller: SignedIn) -> Show:
    base, owner = base_of(request), owner_of(caller.user_id)
    return lambda data: shown(data, here.links, base, owner=owner)


Shown = Annotated[Show, Depends(_show)]


class Linked(BaseModel):
    """Something with a picture."""

    url: str = Field(
        description="Where the picture is, for whoever has the link.",
        examples=["https://coach.example/api/v1/files/kMcT…"],
    )
    url_seconds: int = Field(description="For how many seconds the link works.", examples=[600])


class MadeOut(Linked):
    """A picture that was made. It is kept in the person's workshop."""

    version_id: str
    identity_id: str = Field(description="The workshop: what is of no identity.")
    handle: str = Field(description="What it is called there.", examples=["v1"])
    width: int = Field(description="Pixels.", examples=[1024])
    height: int = Field(description="Pixels.", examples=[1536])
    media_type: str = Field(examples=["image/png"])


class VersionOut(Linked):
    """One picture of an identity."""

    id: str = Field(examples=["6c0e1c52-5b0e-4a0e-9a53-3c8f6f0d9b61"])
    identity_id: str
    handle: str = Field(
        description="What it is called within its identity: `v2a` was made from `v2`.", examples=["v2"]
    )
    media_type: str = Field(examples=["image/png"])
    width: int = Field(description="Pixels.", examples=[1024])
    height: int = Field(description="Pixels.", examples=[1536])
    created_at: datetime
    accepted: bool = Field(description="Whether it is the one that the person accepted.")
    likeness: str | None = Field(
        description="How like the person: strong, fair, no, cannot judge, or not measured. "
        "Null: nobody judged it.",
        examples=["strong"],
    )
    likeness_why: str | None = Field(description="Why, in a sentence.")
    skin: str | None = Field(
        description="What became of the skin's colour: kept, lighter, darker, other. Null: not measured.",
        examples=["kept"],
    )
    say_likeness: str | None = Field(
        description="What was found of the likeness, for the person.",
        examples=["The face was compared with your photo: a strong likeness."],
    )

    @classmethod
    def of(cls, version: Version, show: Show, **more: Any) -> Self:
        """What is told of a version; ``more`` is what a subclass has."""
        judged = judgement_of(version)
        return cls(
            id=version.id,
            identity_id=version.identity_id,
            handle=version.handle,
            media_type=version.media_type,
            width=version.width,
            height=version.height,
            created_at=version.created_at,
            accepted=version.accepted_at is not None,
            likeness=judged.likeness if judged else None,
            likeness_why=judged.why if judged else None,
            skin=judged.skin if judged else None,
            say_likeness=say_likeness(judged, None),
            **show({"blob": version.blob}),
            **more,
        )


Box = Annotated[list[int], Field(min_length=4, max_length=4)]
"""Not a tuple: what reads the document knows a list of four better than one whose places are told apart."""


class SheetOut(Linked):
    """Several pictures on one: to look at, and no version."""

    handles: list[str] = Field(description="The versions on it.", examples=[["v1", "v2"]])
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    boxes: list[Box] = Field(
        description="Where the pictures of a comparison are on it, the photo first: left, top, width and "
        "height in pixels.",
        examples=[[[52, 52, 440, 560], [532, 52, 440, 560]]],
    )

    @classmethod
    def of(cls, sheet: Sheet, show: Show) -> SheetOut:
        """What is told of a sheet."""
        return cls(
            handles=list(sheet.handles),
            width=sheet.width,
            height=sheet.height,
            boxes=[list(box) for box in sheet.boxes],
            **show({"blob": sheet.blob}),
        )
