"""What is wanted of a picture, in a person's words: never a provider's parameter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from coach.studio.comfy.loras import Lora
from coach.text import clean

Background = Literal["auto", "opaque", "transparent"]
Shape = Literal["square", "portrait", "landscape"]
Grade = Literal["draft", "final"]


class Reference(BaseModel):
    """A picture that is given along: a photo of the person, a version that was made before, any other picture
    they uploaded, or a mask.

    Attributes:
        kind: Where to look. An upload is what :func:`coach.studio.uploads.add_upload` kept, a mask what
            :func:`coach.studio.masks.add_mask` did.
        id: The id of the photo, version, upload or mask; looked up among the person's own only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["photo", "version", "upload", "mask"]
    id: str = Field(min_length=1, max_length=64)


class Exact(BaseModel):
    """What an application asks for by the picture service's own names (OpenAI images reference).

    Nothing of it is repaired: a value that the chosen model does not take is refused, and those that it does
    are named. With it, that is so of the rest of the request too.

    Attributes:
        size: Width and height in pixels, ``1024x1536``; ``auto``: as the request's shape says.
        quality: One the model has; ``auto``: as the request's grade says.
        output_format: ``png``, ``jpeg`` or ``webp``; left out: by the grade and the background.
        output_compression: 0 to 100, of JPEG and WebP; left out: the service's 100.
        moderation: ``auto``, or ``low`` where the operator allows it; see :class:`coach.Studio`.
        model: Another model than the studio's, one that is offered; no other stands in for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: str | None = None
    quality: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    moderation: str | None = None
    # Not in the fingerprint where it is not given: so keys from before there was such a thing stay known.
    model: str | None = Field(default=None, exclude_if=lambda value: value is None)


class FluxOptions(BaseModel):
    """What an application asks a FLUX model for beside the words; what is left out is as the model has it.

    Attributes:
        style: The id of the style the LoRAs and the numbers are from; it is on record, and changes nothing.
        loras: Which LoRAs, in any order; see :func:`coach.studio.comfy.stack`.
        steps: How many steps of denoising.
        seed: What the noise begins with, 0 to 2**64-1; -1: any. Which it was is on record.
        guidance: How closely the words are followed, 0 to 100.
        width, height: Pixels, multiples of 16; both, or as the request's shape says.
        denoise: How much of a picture that is changed is made anew, above 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: str | None = Field(default=None, max_length=64)
    loras: tuple[Lora, ...] = ()
    steps: int | None = Field(default=None, ge=1, le=100)
    seed: int = Field(default=-1, ge=-1, le=2**64 - 1)
    guidance: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    width: int | None = Field(default=None, ge=64, le=4096, multiple_of=16)
    height: int | None = Field(default=None, ge=64, le=4096, multiple_of=16)
    denoise: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)


class PictureRequest(BaseModel):
    """What is wanted. The planner turns it into what one model takes, and says what it had to change.

    Attributes:
        prompt: What to show, 1 to 32,000 characters (OpenAI images reference, ``prompt``);
            what cannot be seen in it does not go along.
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
        exact: What is asked for in the service's own words; ``None``: the words above are enough.
        extra: What an application gives along for a service that takes more than words and pictures, as JSON,
            by the names in the model's ``extra`` (:class:`coach.studio.Model`). Never what a model wrote.
        flux: What is asked for of a FLUX model by name; ``None``: the words above are enough.
    """

    # What is wrong with one may be logged, a prompt not.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

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
    exact: Exact | None = None
    extra: Mapping[str, JsonValue] | None = None
    flux: FluxOptions | None = None

    @property
    def photos(self) -> tuple[str, ...]:
        """The ids of the photos whose face is to be kept."""
        return tuple(each.id for each in self.references if each.kind == "photo") if self.keep_face else ()

    @field_validator("prompt", "style", mode="before")
    @classmethod
    def _can_be_seen(cls, text: Any) -> Any:
        return clean(text) if isinstance(text, str) else text

    @field_validator("references")
    @classmethod
    def _has_pictures(cls, references: tuple[Reference, ...]) -> tuple[Reference, ...]:
        if any(reference.kind == "mask" for reference in references):
            raise ValueError("a mask is no picture to work from; give it as the mask")
        return references


def fingerprint(
    request: PictureRequest, *, identity_id: str, parent_id: str | None, model: str | None = None
) -> str:
    """The SHA-256 of what was asked for and whom it belongs to, 64 hex digits.

    Args:
        model: Where it is not the studio's own.
    """
    # Without what most requests have not: so keys that were used before there was such a thing stay known.
    left_out = {name for name in ("exact", "extra", "flux") if getattr(request, name) is None}
    asked: list[Any] = [request.model_dump(mode="json", exclude=left_out), identity_id, parent_id]
    asked += [] if model is None else [model]
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
