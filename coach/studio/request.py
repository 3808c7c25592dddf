"""What is wanted of a picture, in a person's words: never a provider's parameter."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Background = Literal["auto", "opaque", "transparent"]
Shape = Literal["square", "portrait", "landscape"]
Grade = Literal["draft", "final"]


class Reference(BaseModel):
    """A picture that is given along: one of the person's photos, a version that was made before, or a mask.

    Attributes:
        kind: Where to look. A mask is what :func:`coach.studio.masks.add_mask` kept.
        id: The id of the photo, version or mask; looked up among the person's own only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["photo", "version", "mask"]
    id: str = Field(min_length=1, max_length=64)


class PictureRequest(BaseModel):
    """What is wanted. The planner turns it into what one model takes, and says what it had to change.

    Attributes:
        prompt: What to show, 1 to 32,000 characters (OpenAI images reference, ``prompt``).
        references: Pictures to work from. None: a new picture; one: an edit; several: a composition.
        mask: A PNG whose transparent part says where the first reference may change: a mask, or a version
            that was cut out. What is outside of it is put back: see :mod:`coach.studio.mask`.
        keep_face: Whether the face in the references must stay that person's.
        background: What is behind the subject.
        shape: Which way the picture stands. It cannot be left to the model: a size of its own choosing has no
            price that is known beforehand.
        grade: ``draft`` is quick and cheap, ``final`` is to be kept.
        count: How many pictures to make of it; each becomes a version.
        previews: How many unfinished pictures to show on the way.
        style: A manner to draw in, in words; added to the prompt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(min_length=1, max_length=32_000)
    references: tuple[Reference, ...] = ()
    mask: Reference | None = None
    keep_face: bool = False
    background: Background = "auto"
    shape: Shape = "portrait"
    grade: Grade = "final"
    count: int = Field(default=1, ge=1, le=10)
    previews: int = Field(default=2, ge=0, le=3)
    style: str | None = Field(default=None, min_length=1, max_length=2_000)

    @property
    def photos(self) -> tuple[str, ...]:
        """The ids of the photos whose face is to be kept."""
        return tuple(each.id for each in self.references if each.kind == "photo") if self.keep_face else ()

    @field_validator("references")
    @classmethod
    def _has_pictures(cls, references: tuple[Reference, ...]) -> tuple[Reference, ...]:
        if any(reference.kind == "mask" for reference in references):
            raise ValueError("a mask is no picture to work from; give it as the mask")
        return references


def fingerprint(request: PictureRequest, *, identity_id: str, parent_id: str | None) -> str:
    """The SHA-256 of what was asked for and whom it belongs to, 64 hex digits."""
    asked = [request.model_dump(mode="json"), identity_id, parent_id]
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
