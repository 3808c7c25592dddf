"""What the errors of OpenAI's images API mean for us: a code, and whether it was paid for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from openai import APIStatusError

from coach.errors import PictureError
from coach.studio.faults import fault

# "OpenAI image generation guide, errors", and the codes other clients of the API report.
_MONEY_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
    }
)
_BLOCKED_CODES = frozenset({"moderation_blocked", "content_policy_violation"})
_IMAGE_CODES = frozenset({"invalid_image_file", "unsupported_file_mimetype", "missing_file_mimetype"})

BY_STATUS = {
    400: "invalid_request",
    401: "bad_key",
    403: "no_access",
    404: "invalid_request",
    413: "too_large",
    422: "invalid_request",
    429: "rate_limited",
}
"""What a refusal's status means: nothing was made, and nothing is charged."""

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_LONGEST_WAIT = 86_400.0

_REQUEST_ID = re.compile(r"[\w.:/-]{1,200}", re.ASCII)
_WORD = re.compile(r"[\w.\[\]-]{1,60}", re.ASCII)


def from_transport(error: Exception, request_id: str | None) -> PictureError:
    """The error for a connection that broke while the answer arrived."""
    detail = f"The answer began, then the connection broke ({type(error).__name__})."
    return fault("connection_lost", paid="unknown", detail=detail, request_id=request_id)


def from_event(error: Any) -> PictureError:
    """The error for one that came inside a stream: work had begun, so it may have been charged."""
    said = word(error, "code")
    code = "moderation_blocked" if said in _BLOCKED_CODES else "service_error"
    return fault(code, paid="unknown", detail=f"The stream ended with an error (code {said}).")


def from_status(error: APIStatusError) -> PictureError:
    """The error for an answer that is none: a refusal, or a service that is not well."""
    status, said = error.status_code, word(error.body, "code")
    wait = retry_after(error.response.headers) if status in (429, 503) else None
    detail = f"HTTP {status}, code {said}, parameter {word(error.body, 'param')}."
    if status not in BY_STATUS:
        if 300 <= status < 400:
            detail = f"HTTP {status}: the service is elsewhere; check OPENAI_BASE_URL."
        return fault(
            "service_error",
            paid="unknown",
            detail=detail,
            request_id=request_id_of(error.response.headers),
            retry_after=wait,
        )
    code = BY_STATUS[status]
    if status == 429 and said in _MONEY_CODES:
        code = "over_quota"
    elif status == 404 and said == "model_not_found":
        code = "model_not_found"
    elif status == 400 and said in _BLOCKED_CODES:
        code, detail = "moderation_blocked", f"{detail} {_stage(error.body)}"
    elif status == 400 and said in _IMAGE_CODES:
        code = "invalid_image"
    return fault(
        code, paid="unpaid", detail=detail, request_id=request_id_of(error.response.headers), retry_after=wait
    )


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds the service asks us to wait, at most a day; ``None``: it does not say, or not in a number.

    ``retry-after-ms`` is what its own clients look at first; ``retry-after`` is seconds or a date (RFC 9110,
    10.2.3).
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = headers.get(name, "").strip()
        if _NUMBER.fullmatch(said):
            return min(float(said) * unit, _LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        return min(max(0.0, (date - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):  # no date; one without a zone
        return None


def _stage(body: object) -> str:
    """Where and why the safety check said no, as far as it said so."""
    details = body.get("moderation_details") if isinstance(body, Mapping) else None
    if not isinstance(details, Mapping):
        return "No reasons given."
    listed = details.get("categories")
    categories = [str(item) for item in listed] if isinstance(listed, list) else []
    named = ", ".join(category for category in categories if _WORD.fullmatch(category)) or "-"
    return f"Stage {word(details, 'moderation_stage')}, categories {named}."


def request_id_of(headers: httpx2.Headers) -> str | None:
    """The service's id of a request, when it is one."""
    said: str = headers.get("x-request-id", "")
    return said if _REQUEST_ID.fullmatch(said) else None


def word(body: object, name: str) -> str:
    """A field of the service's error, when it is a plain word: its sentences may repeat the prompt."""
    value = body.get(name) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "-"
