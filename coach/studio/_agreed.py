"""What is about to be sent, in the words of what a person agrees to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from coach.studio.engines import ImagePart
from coach.studio.planner import Plan
from coach.terms import AgreedPicture, Terms


def terms_of(
    plan: Plan,
    images: Sequence[ImagePart],
    mask: ImagePart | None,
    micros: int | None,
    *,
    blobs: Sequence[str] = (),
) -> Terms:
    """The terms of what is about to be sent.

    Args:
        micros: The most it can cost.
        blobs: The keys of its pictures, to show them by.
    """
    parts = [*images, *([] if mask is None else [mask])]
    keys = [*blobs, *[""] * len(parts)]
    return Terms(
        prompt=plan.prompt,
        pictures=tuple(
            AgreedPicture(
                name=part.name.partition(".")[0], sha256=hashlib.sha256(part.data).hexdigest(), blob=key
            )
            for part, key in zip(parts, keys, strict=False)
        ),
        model=plan.model,
        micros=micros,
    )
