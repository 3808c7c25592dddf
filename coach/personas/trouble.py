"""What went wrong, in the five words that whoever makes many personas acts on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from coach.errors import CoachError, GridRefused, ModelError, PictureError, StoreUnavailable

Trouble = Literal["policy", "timeout", "quota", "upstream", "store", "grid", "input"]
"""``policy``: change what it says. ``timeout``, ``upstream``: try later. ``quota``: what may be spent or
asked is used up. ``store``: ours. ``grid``: it came, and cannot be split. ``input``: no such request."""

_CODES: Mapping[str, Trouble] = {
    "moderation_blocked": "policy",
    "timeout": "timeout",
    "busy": "timeout",
    "rate_limited": "quota",
    "over_quota": "quota",
    "over_budget": "quota",
    "budget_spent": "quota",
    "no_room": "store",
    "not_kept": "store",
}


def trouble(error: CoachError) -> Trouble:
    """Which of them an error is; no text is looked at."""
    match error:
        case PictureError(code=code):
            return _CODES.get(code, "upstream")
        case ModelError(timeout=late):
            return "timeout" if late else "upstream"
        case StoreUnavailable():
            return "store"
        case GridRefused():
            return "grid"
        case _:
            return "input"
