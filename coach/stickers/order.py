"""From a spec to what the studio is asked for: the picture, who makes it, and what that costs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from coach.context import Context
from coach.errors import PictureError
from coach.stickers.base import BasePicture
from coach.stickers.spec import Engine, JobSpec
from coach.store import SpecRow, StickerSpecs
from coach.studio import PictureRequest, Quote, Reference, Studio
from coach.terms import Terms

TRIES = 2
"""How often a sticker is made at most: once more, when the first does not pass the quality gate."""

MODELS: Mapping[Engine, str | None] = {"gpt_image": None, "memeputer_i2i": "memeputer"}
"""The picture model of each engine; ``None``: the studio's own."""


def name_of(spec: JobSpec, base: BasePicture) -> str:
    """What "now" names: the SHA-256 of the spec and of which picture it is made from, 64 hex digits.

    The spec alone does not say that: it calls every picture that came along the same. Where the address goes
    along, it decides what is drawn, and is named too.
    """
    sent = [base.url] if base.url is not None and spec.engine == "memeputer_i2i" else []
    told = json.dumps([spec.hash(), *base.key, *sent], separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def spec_of(row: SpecRow) -> JobSpec:
    """The spec of a row."""
    return JobSpec.model_validate(row.spec)


def asked(spec: JobSpec, base: Reference, url: str | None, studio: Studio) -> PictureRequest:
    """What the picture service is asked for. What the hash names is all that decides it."""
    request = PictureRequest(
        prompt=spec.told(), references=(base,), shape="square", grade=studio.grade, previews=0
    )
    if spec.engine == "gpt_image":
        return request.model_copy(update={"background": "transparent"})
    extra: dict[str, Any] = {"spec": spec.model_dump(mode="json")}
    extra |= {} if url is None else {"base_image_url": url}
    return request.model_copy(update={"prompt": spec.prompt, "extra": extra})


def quote(request: PictureRequest, engine: Engine, studio: Studio) -> Quote:
    """The most a sticker can cost, with the second try.

    Raises:
        InputRefused, PictureError: as :meth:`coach.Studio.quote`; ``invalid_request``: the model draws
            no transparent ground, so what came would be paid for and be no sticker.
    """
    plan = studio.plan(request, MODELS[engine])
    if request.background == "transparent" and plan.params.get("background") != "transparent":
        raise PictureError(
            "invalid_request",
            paid="unpaid",
            say=f"No sticker was made: {plan.model} draws nothing on a transparent background.",
            detail="Set COACH_IMAGE_MODEL to a model that does, or COACH_STICKER_ENGINE to memeputer.",
        )
    once = studio.quote(request, MODELS[engine])
    return replace(once, micros=None if once.micros is None else TRIES * once.micros, tries=TRIES)


@dataclass(frozen=True, kw_only=True)
class StickerTerms:
    """Says what a person's yes to a sticker is bound to."""

    specs: StickerSpecs
    studio: Studio

    async def of(self, ctx: Context, ref: str) -> Terms:
        """The terms of :meth:`coach.Stickers.generate`.

        Raises:
            NotFound: This person has no such spec, or its picture is gone.
            ConsentMissing, InputRefused, PictureError: as ``generate``, before anything is sent.
        """
        row = await self.specs.get(ctx.user_id, ref)
        spec = spec_of(row)
        request = asked(spec, Reference(kind=row.base_kind, id=row.base_id), row.url, self.studio)
        terms = await self.studio.terms.of(ctx, request, model=MODELS[spec.engine])
        return replace(terms, micros=quote(request, spec.engine, self.studio).micros)
