"""One row of the ledger, and one line of its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coach.errors import Paid
from coach.store.states import GenerationState
from coach.studio.request import PictureRequest


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One row of the ledger.

    Attributes:
        key: The same key of the same person is the same generation.
        attempt: Counts from 1; there is another only when the one before may have been charged and the person
            wants it tried again.
        request_hash: Of what was asked for; another request under the key is refused.
        told_in: The turn in which the person was told that it may have been charged.
        params: What was sent beside the prompt and the pictures, in the service's words.
        repairs: What differs from the request, and what was chosen where it was left open, a sentence each.
        moves: The number of the last line of its history. It is moved only by who knows that line.
        quote_micros: The most it can cost, in micro-dollars; ``None``: not known.
        actual_micros: What it cost by the service's count; ``None``: not known.
        posts: How often it was sent: more than once only when the one before was not charged for certain.
        job_id: The service's id of the job, where it has jobs; known before the work begins.
        request_id: The service's id of the request.
        error_code: One of :data:`coach.studio.faults.SAY`, when it did not end well.
        paid: What is known about the money, once it ended.
        spool: The name of its file in the spool while there is one.
        seconds: From sending to the last byte.
        request: What was wanted, as :class:`coach.studio.request.PictureRequest` writes it.
        wish: The person's words for what is to change in the version it is made from.
        held_micros: What it holds now, by :data:`coach.studio.accounts.HELD`; the database says so.
        spent_micros: What it has spent, by :data:`coach.studio.accounts.SPENT`; the same.
    """

    id: str
    user_id: str
    key: str
    attempt: int = 1
    request_hash: str
    tenant: str = ""
    conversation_id: str
    turn_id: str = ""
    told_in: str | None = None
    identity_id: str
    parent_id: str | None
    engine: str
    model: str
    operation: str
    params: Mapping[str, Any]
    repairs: Sequence[str]
    prompt: str
    state: GenerationState = "planned"
    moves: int = 1
    quote_micros: int | None = None
    actual_micros: int | None = None
    usage: Mapping[str, Any] | None = None
    posts: int = 0
    job_id: str | None = None
    request_id: str | None = None
    error_code: str | None = None
    paid: Paid | None = None
    spool: str | None = None
    seconds: float | None = None
    created_at: datetime
    updated_at: datetime
    request: Mapping[str, Any] | None = None
    wish: str | None = None
    held_micros: int = 0
    spent_micros: int = 0

    @property
    def asked(self) -> PictureRequest | None:
        """What was wanted; ``None``: it was not kept, or went when the person was erased."""
        return None if self.request is None else PictureRequest.model_validate(self.request)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a generation's history."""

    seq: int
    state: GenerationState
    at: datetime
    detail: str
