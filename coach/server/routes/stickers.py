"""Stickers: a job spec, and then "now", in the words of PackPuter's contract."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from coach.context import Context
from coach.errors import Conflict, PictureError
from coach.pending import BEGUN
from coach.server.bodies import MAX_BODY, takes
from coach.server.caller import SignedIn
from coach.server.problems import FORESEEN, Problem, answer_to, of_error
from coach.server.routes._events import Key
from coach.server.routes._pictures import Show, Shown
from coach.server.running import Here
from coach.stickers.exchange import Stickers
from coach.stickers.outcome import Failed, Image, Outcome, Spec
from coach.stickers.request import LONGEST_DATA, StickerRequest
from coach.stickers.spec import JobSpec
from coach.store import SpecRow


class _Contract(APIRoute):
    """Every refusal has its sentence as ``error`` too, also one from before the exchange."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See FastAPI."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                response = await handle(request)
            except FORESEEN as error:
                response = answer_to(error)
            if isinstance(response, Problem):
                response.also_as("error")
            return response

        return handled


router = APIRouter(prefix="/api/v1/stickers", tags=["stickers"], route_class=_Contract)

SPEC_HEADER, QUOTE_HEADER, COST_HEADER = "Sticker-Spec", "Sticker-Quote-Micros", "Sticker-Cost-Micros"


class ImageOut(BaseModel):
    """The sticker. To a caller who prefers `text/plain` the bare link."""

    image_url: str = Field(
        description="Where the sticker is, a PNG, for whoever has the link; it works for some minutes.",
        examples=["https://coach.example/api/v1/files/kMcT…"],
    )


class NeedsOut(BaseModel):
    """Something is missing."""

    needs: list[str] = Field(description="The fields.", examples=[["base_image_url"]])
    hint: str = Field(examples=["Give the character's picture: base_image_url, a public https address."])


_ASKED: dict[str, Any] = {
    "spec": {
        "summary": "First a job spec, which is free",
        "value": {
            "message": "Generate a Telegram sticker image. Custom instructions: Character holding a sign "
            "saying HODL.",
            "base_image_url": "https://example.com/asset.png",
            "mode": "custom",
            "user_prompt": "Character holding a sign saying HODL",
        },
    },
    "now": {
        "summary": "Then the picture, which costs",
        "value": {
            "message": "IMPORTANT: Generate the image NOW and return ONLY the image URL. DO NOT return "
            "another job spec.",
            "base_image_url": "https://example.com/asset.png",
        },
    },
}
_HEADERS: dict[str, Any] = {
    SPEC_HEADER: {"schema": {"type": "string"}, "description": "Names the spec: `spec_hash` in a request."},
    QUOTE_HEADER: {
        "schema": {"type": "integer"},
        "description": "The most a sticker of it costs, in millionths of a US dollar. Left out: not known.",
    },
    COST_HEADER: {"schema": {"type": "integer"}, "description": "What was charged, as far as it is known."},
}


@router.post(
    "/",
    response_class=JSONResponse,
    responses={
        200: {
            "model": JobSpec | ImageOut | NeedsOut,
            "headers": _HEADERS,
            "content": {"text/plain": {"schema": {"type": "string", "format": "uri"}}},
        }
    },
    openapi_extra=takes(MAX_BODY + LONGEST_DATA),
)
async def exchange(
    asked: Annotated[StickerRequest, Body(openapi_examples=_ASKED)],
    request: Request,
    caller: SignedIn,
    here: Here,
    show: Shown,
    key: Key = None,
) -> Response:
    """A spec, the picture, or what is missing. An error has its sentence as `error`, too.

    Only a clear order in `message` makes a picture, of the spec that `spec_hash` names or that was the last
    one of the same base picture. The same spec is the same sticker and is paid for once; with another
    `Idempotency-Key` it is another one.
    """
    await here.rates.turn(caller.user_id)
    person = await here.store.people.ensure(caller.user_id)
    BEGUN.set((caller.user_id, person.created_at))  # nothing is made for somebody who is erased meanwhile
    stickers = here.coach.perhaps("stickers", Stickers)
    if stickers is None:
        raise Conflict("This coach makes no pictures, so it makes no stickers either.")
    ctx = Context(user_id=caller.user_id, tenant=caller.tenant)
    return _answer(await stickers.ask(ctx, asked, attempt=key or ""), show, request.headers.get("accept", ""))


def _answer(outcome: Outcome, show: Show, accepts: str) -> Response:
    match outcome:
        case Failed():
            return _refusal(outcome, show)
        case Spec(row=row):
            return JSONResponse(outcome.to_dict(), headers=_facts(row))
        case Image(row=row, cost_micros=cost):
            url, headers = show({"blob": outcome.blob})["url"], _facts(row, cost)
            if prefers_text(accepts):
                return PlainTextResponse(url, headers=headers)
            return JSONResponse({"image_url": url}, headers=headers)
    return JSONResponse(outcome.to_dict())


def _refusal(outcome: Failed, show: Show) -> Response:
    """A problem. A refused picture is no `image_url`."""
    error = outcome.error or PictureError(outcome.code, paid=outcome.paid or "unpaid", say=outcome.say)
    told: dict[str, Any] = {}
    if outcome.violations:
        told["violations"] = [vars(each) for each in outcome.violations]
    if outcome.blob is not None:
        told["failed_image_url"] = show({"blob": outcome.blob})["url"]
    return of_error(error, **told)


def _facts(row: SpecRow, cost: int | None = None) -> dict[str, str]:
    told = {SPEC_HEADER: row.hash, QUOTE_HEADER: row.quote_micros, COST_HEADER: cost}
    return {name: str(value) for name, value in told.items() if value is not None}


def prefers_text(accepts: str) -> bool:
    """Whether a caller rather has plain text than JSON (RFC 9110, 12.5.1)."""
    weights = dict.fromkeys(("text/plain", "application/json"), 0.0)
    for part in accepts.lower().split(","):
        kind, *more = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in more if each.startswith("q=")), "1")
        if kind in weights and weight.replace(".", "", 1).isdecimal():
            weights[kind] = float(weight)
    return weights["text/plain"] > weights["application/json"]
