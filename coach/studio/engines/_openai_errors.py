"""What the errors of OpenAI's images API mean for us: a code, and whether it was paid for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx2
from openai import APIError, APIStatusError

from coach.errors import PictureError
from coach.studio.faults import fault

# A request that fails like this had no connection to travel on: DNS, connect, TLS, a proxy's refusal, or no
# free connection in our own pool.
_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)

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

_BY_STATUS = {
    400: "invalid_request",
    401: "bad_key",
    403: "no_access",
    404: "invalid_request",
    413: "too_large",
    422: "invalid_request",
    429: "rate_limited",
}

_WORD = re.compile(r"[\w.\[\]-]{1,60}", re.ASCII)


def from_sdk(error: APIError) -> PictureError:
    """The error for one of the SDK's, raised before there was an answer to read."""
    if isinstance(error, APIStatusError):
        return _from_status(error)
    cause = type(error.__cause__).__name__
    if isinstance(error.__cause__, _NEVER_LEFT):
        return fault("not_sent", paid="unpaid", detail=f"No connection ({cause}); check OPENAI_BASE_URL.")
    return fault("connection_lost", paid="unknown", detail=f"Sent, then the connection broke ({cause}).")


def from_transport(error: Exception, request_id: str | None) -> PictureError:
    """The error for a connection that broke while the answer arrived."""
    detail = f"The answer began, then the connection broke ({type(error).__name__})."
    return fault("connection_lost", paid="unknown", detail=detail, request_id=request_id)


def from_event(error: Any) -> PictureError:
    """The error for one that came inside a stream: work had begun, so it may have been charged."""
    said = _word(error, "code")
    code = "moderation_blocked" if said in _BLOCKED_CODES else "service_error"
    return fault(code, paid="unknown", detail=f"The stream ended with an error (code {said}).")


def _from_status(error: APIStatusError) -> PictureError:
    status, said = error.status_code, _word(error.body, "code")
    detail = f"HTTP {status}, code {said}, parameter {_word(error.body, 'param')}."
    if status not in _BY_STATUS:
        if 300 <= status < 400:
            detail = f"HTTP {status}: the service is elsewhere; check OPENAI_BASE_URL."
        return fault("service_error", paid="unknown", detail=detail, request_id=error.request_id)
    code = _BY_STATUS[status]
    if status == 429 and said in _MONEY_CODES:
        code = "over_quota"
    elif status == 404 and said == "model_not_found":
        code = "model_not_found"
    elif status == 400 and said in _BLOCKED_CODES:
        code, detail = "moderation_blocked", f"{detail} {_stage(error.body)}"
    elif status == 400 and said in _IMAGE_CODES:
        code = "invalid_image"
    return fault(code, paid="unpaid", detail=detail, request_id=error.request_id)


def _stage(body: object) -> str:
    """Where and why the safety check said no, as far as it said so."""
    details = body.get("moderation_details") if isinstance(body, Mapping) else None
    if not isinstance(details, Mapping):
        return "No reasons given."
    listed = details.get("categories")
    categories = [str(item) for item in listed] if isinstance(listed, list) else []
    named = ", ".join(category for category in categories if _WORD.fullmatch(category)) or "-"
    return f"Stage {_word(details, 'moderation_stage')}, categories {named}."


def _word(body: object, name: str) -> str:
    """A field of the service's error, when it is a plain word: its sentences may repeat the prompt."""
    value = body.get(name) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "-"
