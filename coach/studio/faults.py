"""Why a picture was not made: one code, one sentence for the person, and whether it was paid for.

Only these codes are written to the ledger, so that an answer given twice says the same thing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from coach.errors import Paid, PictureError

SAY: Mapping[str, str] = {
    # refused by the service
    "moderation_blocked": "The picture service's safety check declined this picture. Change what it shows.",
    "invalid_request": "The picture service did not accept the request.",
    "invalid_image": "The picture service could not use one of the pictures it was given.",
    "too_large": "The pictures given along were too large for the picture service.",
    "model_not_found": "The picture service does not offer the chosen picture model.",
    "bad_key": "The picture service did not accept our key.",
    "no_access": "The picture service does not let us use the chosen picture model.",
    "rate_limited": "The picture service is busy with our other requests. Try again later.",
    "over_quota": "Our credit at the picture service is used up.",
    # refused by us
    "over_budget": "The picture would cost more than one picture may.",
    "budget_spent": "What may be spent on pictures for now is used up.",
    "no_consent": "The agreement to pictures of you was taken back, so nothing was sent.",
    "photo_gone": "A picture that was to be sent is gone by now, so nothing was sent.",
    "in_doubt": "An earlier picture may have been charged without arriving. Say whether to try again.",
    "service_down": "The picture service is not well just now. Try again later.",
    "busy": "Too many pictures are being made just now. Try again later.",
    "closing": "We are being restarted. Try again later.",
    # never left
    "not_sent": "The picture service could not be reached.",
    "stopped": "The picture was stopped before it was asked for.",
    # sent, and then
    "timeout": "The picture service did not answer in time.",
    "connection_lost": "The connection to the picture service broke.",
    "service_error": "The picture service had an error.",
    "out_of_sight": "We lost sight of the picture while it was being made.",
    "interrupted": "We were interrupted while the picture was being made.",
    "bad_answer": "The picture service's answer held no picture that can be used.",
    "apology": "The picture service says that an error occurred, and sent no picture.",
    "not_available": "The picture service says that it cannot make pictures now.",
    "spec_again": "The picture service described the picture once more instead of making it.",
    "needs_more": "The picture service asks for something that it was not given.",
    "not_fetched": "The picture service says where the picture is, and it could not be fetched from there.",
    "workflow_refused": "The picture service did not accept the way in which the picture was to be made.",
    "worker_lacks": "The picture service lacks a part or a model that this picture needs.",
    "cancelled": "The picture was cancelled at the picture service.",
    "kept_for_a_while": "The picture service keeps what it made for a while, and then forgets it by itself.",
    "no_room": "The picture arrived but could not be written down: the disk is full or broken.",
    "not_kept": "The picture arrived and is safe, but could not be put away yet; that will be tried again.",
    "resolved": "The picture did not arrive. What it cost was settled by hand.",
}
"""What the person reads, by code."""

_MONEY: Mapping[Paid, str] = {
    "unpaid": "Nothing was charged.",
    "paid": "It was charged.",
    "unknown": "It may have been charged.",
}

_NEVER_LEFT = frozenset({"not_sent", "stopped"})


def fault(
    code: str,
    *,
    paid: Paid,
    detail: str = "",
    request_id: str | None = None,
    retry_after: float | None = None,
    usage: Mapping[str, Any] | None = None,
) -> PictureError:
    """The error for a code; its sentence ends with what is known about the money."""
    say = f"{SAY.get(code, 'No picture was made.')} {_MONEY[paid]}"
    return PictureError(
        code,
        paid=paid,
        say=say,
        detail=detail,
        request_id=request_id,
        retry_after=retry_after,
        usage=usage,
    )


def shows(job_id: str) -> bool:
    """Whether a job's id is an address: then whoever knows it sees the picture."""
    return "://" in job_id


def name_of(job_id: str) -> str:
    """A job as it may be named where others read."""
    return "its address" if shows(job_id) else f"the job {job_id}"


def fetchable(error: PictureError, job_id: str | None) -> PictureError:
    """The error as it is when the service has what came as a job: what found no room here can come again."""
    if error.code != "no_room" or job_id is None:
        return error
    detail = f"{error.detail} What the service has can be fetched for a while, by {name_of(job_id)}."
    return fault("no_room", paid="unknown", detail=detail, request_id=error.request_id)


def end_of(error: PictureError) -> Literal["refused", "failed", "unknown"]:
    """The state in which such an error leaves a generation.

    ``unknown`` while it may have been charged, ``refused`` when the service or we said no, else ``failed``.
    """
    if error.paid == "unknown":
        return "unknown"
    return "failed" if error.paid == "paid" or error.code in _NEVER_LEFT else "refused"
