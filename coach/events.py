"""What happens during a turn, as plain data: for a terminal, a page, a log.

Every event is keyword-only and frozen. None holds picture bytes: a picture is named by its blob key, and
whoever shows it reads the blob store with the person's rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from coach.terms import Terms

State = Literal["done", "retry", "refused", "failed", "waiting", "declined"]
"""How a call ended. ``retry`` and ``refused`` are answers to the model, ``failed`` is ours to mend,
``waiting`` and ``declined`` are a person's decision."""


@dataclass(frozen=True, kw_only=True)
class Say:
    """A piece of what the coach says, as it streams in."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Started:
    """An action began."""

    call_id: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """An action tells how far it is. ``done`` and ``of`` share any unit; both may be missing."""

    call_id: str
    text: str
    done: float | None = None
    of: float | None = None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """An unfinished picture is in the blob store. ``index`` counts from 0."""

    call_id: str
    blob: str
    index: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A call has its answer. ``say`` is what the model reads, ``data`` what the application gets."""

    call_id: str
    action: str
    state: State
    say: str
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A call waits for the person's yes. Answer it with exactly this ``call_id`` and ``digest``.

    Attributes:
        ask: The question to show them.
        digest: What the yes is bound to: the person, the call, its arguments and its terms.
        terms: What exactly is sent and what it costs at most, to be shown with the question; ``None``: the
            action does not say.
    """

    call_id: str
    action: str
    ask: str
    arguments: Mapping[str, Any]
    digest: str
    expires_at: datetime
    terms: Terms | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseChanged:
    """The conversation moved on."""

    phase: str
    previous: str


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """The turn was ended before the model was done: a sentence for the person, one for the operator."""

    reason: Literal["replies", "calls", "time", "model"]
    say: str
    detail: str = ""


Event = Say | Started | Progress | Preview | Finished | Waiting | PhaseChanged | Stopped
