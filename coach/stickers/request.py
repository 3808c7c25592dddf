"""What a caller asks for in the words of PackPuter's contract, checked.

Source: the PackPuter guide, and its core contract 3.0 (MrGood89/PackPuter, January 2026), which also says
which of several base pictures counts.
"""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from coach.errors import PhotoRefused
from coach.stickers._wish import LONGEST_WISH
from coach.stickers.templates import template
from coach.stickers.write import LONGEST_CONTEXT
from coach.store.intake import MAX_BYTES
from coach.text import LONGEST_MESSAGE, clean

LONGEST_URL = 2_000
"""Characters of an address."""

LONGEST_DATA = 4 * (-(-MAX_BYTES // 3)) + 100
"""Characters of a picture as a data URI."""

UPLOADED = "uploaded_image"
"""What a spec calls a picture that came along; by itself it names none."""

_DATA = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64", re.IGNORECASE)
_BLANK = b" \t\n\r\f\v"
_LINK = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Base:
    """The picture that a sticker is made from, as the caller gave it; exactly one is set.

    Attributes:
        url: Where it is.
        ref: One of the person's own: ``photo``, or the id of a photo, a version or an upload.
        data: A data URI.
    """

    url: str | None = None
    ref: str | None = None
    data: str | None = None


def _template(name: str) -> str:
    if name:
        template(name)
    return name


_Words = Annotated[str, AfterValidator(clean)]


class StickerRequest(BaseModel):
    """One request of the exchange. Other fields, and values of another kind, are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    message: _Words = Field(
        default="",
        max_length=LONGEST_MESSAGE,
        description="What you say. A clear order (generate the image NOW) makes the picture, which costs; "
        "anything else gives a job spec, which is free.",
        examples=["Generate a Telegram sticker image."],
    )
    base_image_url: str | None = Field(
        default=None,
        max_length=LONGEST_URL,
        description="Where the character's picture is: a public https address, https://example.com/asset.png.",
    )
    base_image_ref: _Words | None = Field(
        default=None,
        max_length=LONGEST_URL,
        description="The same address; or one of the person's own pictures: `photo`, or the id of a photo, a "
        "version or an upload. Counts where there is no `base_image_url`.",
        examples=["photo"],
    )
    base_image: str | None = Field(
        default=None,
        max_length=LONGEST_DATA,
        repr=False,
        description="The picture itself as a data URI, where there is neither of the others.",
        examples=["data:image/png;base64,iVBORw0KG…"],
    )
    mode: Literal["custom", "auto"] | None = Field(
        default=None,
        description="`custom`: by `user_prompt`; `auto`: by `template_id`. Either may have both.",
    )
    template_id: Annotated[str, AfterValidator(_template)] | None = Field(
        default=None, max_length=40, description="One of the ready-made ones.", examples=["GM"]
    )
    user_prompt: _Words | None = Field(
        default=None,
        max_length=LONGEST_WISH,
        description="What the sticker shows. Never an order, whatever it says.",
        examples=["Character holding a sign saying HODL"],
    )
    user_context: _Words | None = Field(
        default=None,
        max_length=LONGEST_CONTEXT,
        description="What is known of the character. Never an order either.",
        examples=["a funny wizard"],
    )
    asset_prepared: bool = Field(
        default=False, description="Whether the picture is cut out already. It is used as it is either way."
    )
    sticker_format: Literal["image"] | None = Field(default=None, description="There is one.")
    sticker_type: Literal["image_sticker"] | None = Field(default=None, description="There is one.")
    spec_hash: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="The spec that is meant, as the header `Sticker-Spec` named it. Left out: the last one "
        "of the same base picture. What stands beside it says the same as that spec, or is refused.",
    )

    @property
    def base(self) -> Base | None:
        """The picture that counts: the address, else the reference, else the data; ``None``: no picture."""
        ref = (self.base_image_ref or "").strip()
        if url := (self.base_image_url or "").strip():
            return Base(url=url)
        if _LINK.match(ref):
            return Base(url=ref)
        if ref and ref != UPLOADED:
            return Base(ref=ref)
        return Base(data=self.base_image) if self.base_image else None

    @property
    def base_field(self) -> str:
        """The field in which that picture is."""
        if (self.base_image_url or "").strip():
            return "base_image_url"
        return "base_image" if (self.base_image_ref or "").strip() in ("", UPLOADED) else "base_image_ref"

    @property
    def wish(self) -> dict[str, str | None]:
        """What the sticker is to show."""
        names = ("template_id", "user_prompt", "user_context")
        return {name: getattr(self, name) for name in names}

    @property
    def has_wish(self) -> bool:
        """Whether it says what the sticker is to show."""
        return any(text and text.strip() for text in (self.template_id, self.user_prompt))


def picture_in(data: str) -> bytes:
    """The bytes of a data URI.

    Raises:
        PhotoRefused: It is none of a picture.
    """
    head, _, coded = data.strip().partition(",")
    if _DATA.fullmatch(head):
        with suppress(ValueError):
            # No pattern over it: it is as long as a photo, and it may be nothing but white space.
            return base64.b64decode(coded.encode("ascii").translate(None, _BLANK), validate=True)
    say = "This is no picture as a data URI; it begins with data:image/png;base64, and so on."
    raise PhotoRefused("no_file", say, field="base_image")
