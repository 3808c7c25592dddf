"""Faults that are a status: refusals, and errors of the service or of what is before it."""

from __future__ import annotations

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from coach.sandbox import errors
from coach.sandbox.errors import ApiError
from coach.sandbox.faults.content import PAGE, bomb
from coach.sandbox.faults.mode import Answer, Spoil, add

_LIMIT = ApiError(
    "Rate limit reached on input-images per min: Limit 5, Used 5, Requested 1.",
    code="rate_limit_exceeded",
    type="input-images",
    status=429,
)
_QUOTA = ApiError(
    "You exceeded your current quota, please check your plan and billing details.",
    code="insufficient_quota",
    type="insufficient_quota",
    status=429,
)


def _says(error: ApiError, **headers: str) -> Spoil:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def spoil(answer: Answer) -> Response:
        return JSONResponse(error.body, error.status, named)

    return spoil


def _bare(status: int, message: str) -> Spoil:
    return _says(ApiError(message, code=None, status=status))


def _page(status: int) -> Spoil:
    async def spoil(answer: Answer) -> Response:
        return HTMLResponse(PAGE, status)

    return spoil


async def _moved(answer: Answer) -> Response:
    return RedirectResponse("?again", 308)


async def _blocked(answer: Answer) -> Response:
    return JSONResponse(errors.blocked(answer.request_id, "output").body, 400)


async def _bomb(answer: Answer) -> Response:
    return await bomb(400)


_REFUSED: dict[str, tuple[Spoil, str]] = {
    "status_308": (_moved, "A redirect to the same route, over and over."),
    "status_400": (_says(errors.not_one_of("size", "big", ("auto",))), "A parameter is refused."),
    "status_400_blocked": (_blocked, "Refused by the safety system."),
    "status_400_bomb": (_bomb, "A refusal: 300 KB of gzip that become 300 MB."),
    "status_401": (_says(errors.bad_key("gone")), "The key is refused."),
    "status_403": (_bare(403, "Your organization must be verified."), "The organisation is refused."),
    "status_404": (_says(errors.no_model("gone")), "There is no such model."),
    "status_408": (_bare(408, "Request timeout."), "The upload took too long."),
    "status_409": (_bare(409, "Conflict, try again."), "Something was in the way."),
    "status_413": (_bare(413, "Maximum content size exceeded."), "The request is too large."),
    "status_422": (_bare(422, "Unprocessable."), "The request is not understood."),
    "status_429": (_says(_LIMIT), "Too many requests; it does not say for how long."),
    "status_429_1": (_says(_LIMIT, retry_after="1"), "Too many requests, `Retry-After: 1`."),
    "status_429_3600": (_says(_LIMIT, retry_after="3600"), "Too many requests, `Retry-After: 3600`."),
    "status_429_soon": (_says(_LIMIT, retry_after="soon"), "Too many requests, `Retry-After: soon`."),
    "status_429_quota": (_says(_QUOTA), "No money left; waiting does not help."),
    "status_500_early": (_says(errors.broken()), "An error of the server, before it did anything."),
    "status_503": (_page(503), "Overloaded: a page of HTML, before anything was done."),
}
# OpenAI's own header asks for another try: after a charged one that is a second bill.
_again = _says(errors.broken(), x_should_retry="true")
_CHARGED: dict[str, tuple[Spoil, str]] = {
    "status_500": (_again, "An error of the server after the work, `x-should-retry: true`."),
    "status_502": (_page(502), "A gateway's page of HTML, after the work."),
    "status_524": (_page(524), "Cloudflare's page of HTML: it waited too long. The work was done."),
}

for _name, (_spoil, _what) in _REFUSED.items():
    add(_name, _what, _spoil, charged=False, strikes="order")
for _name, (_spoil, _what) in _CHARGED.items():
    add(_name, _what, _spoil, charged=True)
