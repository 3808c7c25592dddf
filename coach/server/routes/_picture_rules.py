"""What forms that ask for pictures may hold: by these rules they are checked, and described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, get_args

from coach.server.bodies import MAX_BODY, takes
from coach.store.intake import MAX_BYTES
from coach.studio.capabilities import Capabilities, Model
from coach.studio.mask import MASK_BYTES
from coach.studio.planner import PROMPT_LENGTH
from coach.studio.request import Background

MOST_PICTURES = 16
"""The most pictures that any model takes along (OpenAI images reference, edits, ``image``)."""

MOST_BYTES = 5 * MAX_BYTES
"""The largest form with several pictures, all of them together."""

NUMBERED = re.compile(r"image_(0|[1-9][0-9]{0,3})")
"""The name of one of several pictures."""

WHOLE: Mapping[str, tuple[int, int]] = {
    "n": (1, 10),
    "partial_images": (0, 3),
    "output_compression": (0, 100),
}
"""The fields that are whole numbers, with the least and the most that any model takes."""

_USUAL = (
    *("prompt", "size", "quality", "background", "output_format", "output_compression", "moderation", "n"),
    *("model", "response_format"),
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one route takes.

    Attributes:
        least: How many pictures at least.
        most: How many at most; 0: no field is a picture.
        mask: Whether a mask goes along.
        also: Text fields beside the usual ones.
        only: The values of a field, where these are fewer here than the service's.
        always: What :func:`coach.edit_image` is given in any case.
    """

    least: int = 0
    most: int = 0
    mask: Literal["no", "may", "must"] = "no"
    also: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)

    def takes_file(self, name: str) -> bool:
        """Whether a field of this name is a file here."""
        if name == "mask":
            return self.mask != "no"
        return self.most > 0 and (name == "image" or NUMBERED.fullmatch(name) is not None)

    @property
    def values(self) -> Mapping[str, tuple[str, ...]]:
        """The values of the fields that do not depend on the model."""
        return {"response_format": ("data_url", "b64_json", "url"), **self.only}

    @property
    def texts(self) -> tuple[str, ...]:
        """The names of its text fields."""
        return (*_USUAL, *self.also)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files; ``image_0`` stands for every number."""
        pictures = ("image", "image_0") if self.most else ()
        return pictures if self.mask == "no" else (*pictures, "mask")

    @property
    def count(self) -> str:
        """How many pictures, in words."""
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"

    def described(self) -> dict[str, Any]:
        """Its form, for a route's ``openapi_extra``."""
        schema: dict[str, Any] = {"type": "object", "additionalProperties": False}
        schema["required"] = ["prompt", *self._needed]
        schema["properties"] = {name: self._text(name) for name in self.texts}
        schema["properties"] |= {name: self._file(name) for name in (*self.files, *self._needed)}
        if self.most:
            schema["patternProperties"] = {f"^{NUMBERED.pattern}$": self._file("image_0")}
        forms = FORMS[:1] if self.files else FORMS
        body = {"required": True, "content": {form: {"schema": schema} for form in forms}}
        return {"requestBody": body, **takes(self._bytes)}

    @property
    def _needed(self) -> list[str]:
        """The files that have to be there, as one usually calls them."""
        pictures = ["image"] if self.most == 1 else [f"image_{number}" for number in range(self.least)]
        return pictures + (["mask"] if self.mask == "must" else [])

    def _text(self, name: str) -> dict[str, Any]:
        values = self.values.get(name)
        return _FIELDS[name] | ({"enum": list(values), "examples": [values[-1]]} if values else {})

    def _file(self, name: str) -> dict[str, Any]:
        said = _MASK if name == "mask" else f"{_PICTURE} {self.count} in all."
        return {"type": "string", "format": "binary", "description": said}

    @property
    def _bytes(self) -> int:
        pictures = min(self.most * MAX_BYTES, MOST_BYTES)
        return MAX_BODY + pictures + (MASK_BYTES if self.mask != "no" else 0)


FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
"""The media types of forms."""

_PICTURE = (
    f"A picture to work from: JPEG, PNG, WebP or HEIC, at most {MAX_BYTES // 1024**2} MB, and all together "
    f"{MOST_BYTES // 1024**2} MB. `image` comes first, then `image_0`, `image_1` and so on, by their numbers."
)
_MASK = (
    "A PNG of the picture's size, fully transparent where that may change; smaller than "
    f"{MASK_BYTES // 1024**2} MB."
)
_OWN = "Left out, or `auto`: it is chosen, and `why` says so. What the model in use has not is refused."
_MODELS = [model for model in Capabilities.load().of(["openai"]).models.values() if model.sizes]


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _sizes(model: Model) -> tuple[str, ...]:
    return _once([*model.sizes, *chain.from_iterable(model.output_tokens.values())])


def _word(description: str, example: str, allowed: Iterable[str] = ()) -> dict[str, Any]:
    enum = {"enum": list(allowed)} if allowed else {}
    return {"type": "string", "description": description, "examples": [example]} | enum


def _number(name: str, description: str, example: int) -> dict[str, Any]:
    least, most = WHOLE[name]
    span = {"minimum": least, "maximum": most}
    return {"type": "integer", "description": description, "examples": [example]} | span


_FIELDS: Mapping[str, dict[str, Any]] = {
    "prompt": _word("What to show.", "A futuristic cityscape at sunset")
    | {"minLength": 1, "maxLength": PROMPT_LENGTH},
    "size": _word(
        f"Width and height in pixels. {_OWN}",
        "1024x1024",
        _once(["auto", *(size for model in _MODELS for size in _sizes(model))]),
    ),
    "quality": _word(
        f"The better, the dearer. {_OWN}",
        "high",
        _once(["auto", *(quality for model in _MODELS for quality in model.qualities)]),
    ),
    "background": _word(
        "What is behind the subject. Left out, or `auto`: the model chooses.", "opaque", get_args(Background)
    ),
    "output_format": _word(
        "The kind of file. Left out: PNG.", "webp", _once(form for model in _MODELS for form in model.formats)
    ),
    "output_compression": _number(
        "output_compression", "How much of a JPEG or WebP is kept, in percent. Left out: 100.", 80
    ),
    "moderation": _word(
        "How strictly the service looks. `low` only where the operator allows it.", "auto", ("auto", "low")
    ),
    "model": _word(
        "Which model makes it. Left out: the operator's choice. What it cannot do is refused.",
        "gpt-image-2",
        [model.name for model in _MODELS if model.is_priced(references=True)],
    ),
    "n": _number("n", "How many pictures to make. Left out: 1.", 1),
    "partial_images": _number(
        "partial_images", "How many unfinished pictures to show on the way. Left out: none. Each costs.", 2
    ),
    "input_fidelity": _word("Faces, logos and fine details are kept here in any case.", "high"),
    "response_format": _word(
        "How the answer holds the pictures: as data URLs, as base64, or as links. Left out: `data_url`.",
        "url",
    ),
}
