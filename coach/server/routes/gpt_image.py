"""Pictures by themselves: from words, from pictures, or of a part of one. Seven paths to one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from coach.context import Context
from coach.errors import CoachError, InputRefused, PhotoRefused
from coach.pending import BEGUN
from coach.server.caller import Caller, SignedIn
from coach.server.inline import Inline, written
from coach.server.routes._events import Key, Listens, answered, with_pings
from coach.server.routes._picture_events import Telling, news_of
from coach.server.routes._picture_form import Asked, read_form
from coach.server.routes._picture_rules import MOST_PICTURES, Rule
from coach.server.routes._pictures import MadeOut, Show, Shown
from coach.server.running import Here, Running
from coach.server.told import picture
from coach.studio import Edited, Studio, edit_image
from coach.studio.planner import Operation

router = APIRouter(prefix="/api/ai", tags=["pictures by themselves"])

As = Annotated[
    Literal["links"] | None,
    Query(alias="as", description="Links instead of the pictures themselves, as `response_format=url`."),
]

_RULES: dict[str, tuple[str, Rule]] = {
    "gpt-image/multi-reference": (
        "Make one picture of several, all of them together and in their order.",
        Rule(least=2, most=MOST_PICTURES),
    ),
    "gpt-image/inpainting": (
        "Change a part of a picture. The rest of it stays as it is.",
        Rule(least=1, most=1, mask="must"),
    ),
    "gpt-image/high-fidelity": (
        "Change one picture or several, and keep faces, logos and fine details as they are.",
        Rule(
            least=1,
            most=MOST_PICTURES,
            also=("input_fidelity",),
            only={"input_fidelity": ("high",)},
            always={"keep_faces": True},
        ),
    ),
    "gpt-image/advanced": ("Make pictures from words.", Rule()),
    "gpt-image/transparent": (
        "Make pictures from words on a transparent background, by a model and in a format that can.",
        Rule(
            only={"background": ("transparent",), "output_format": ("png", "webp")},
            always={"background": "transparent"},
        ),
    ),
    "edit-image-openai": ("Change a picture.", Rule(least=1, most=1)),
}
_STREAM = Rule(most=MOST_PICTURES, mask="may", also=("partial_images",))


class PicturesOut(BaseModel):
    """What was made."""

    success: Literal[True]
    mode: Operation = Field(description="Which way was taken.")
    why: list[str] = Field(
        description="What was chosen, and why; a sentence each.",
        examples=[["No picture was given, so it is made from the words alone."]],
    )
    model: str = Field(examples=["gpt-image-2"])
    cost_micros: int | None = Field(
        description="What it cost, in millionths of a US dollar. Null: not known.", examples=[52_770]
    )
    versions: list[MadeOut] = Field(description="The best first.")
    image: str = Field(description="The first of `images`.", examples=["data:image/png;base64,iVBORw0KG…"])
    images: list[str] = Field(description="The pictures, as `response_format` says.")


def _answering(rule: Rule) -> Callable[..., Awaitable[StreamingResponse]]:
    async def answer(
        request: Request, caller: SignedIn, here: Here, show: Shown, key: Key = None, wanted: As = None
    ) -> StreamingResponse:
        asked = await _read(request, rule, caller, here)
        made = await _make(asked, Context(user_id=caller.user_id, tenant=caller.tenant), here, key)
        document = _answer(made, show, "url" if wanted == "links" else asked.form)
        return StreamingResponse(written(document, here.store.blobs), media_type="application/json")

    return answer


for _path, (_say, _rule) in _RULES.items():
    router.add_api_route(
        f"/{_path}/",
        _answering(_rule),
        methods=["POST"],
        name=_path.rpartition("/")[2],
        description=_say,
        responses={200: {"model": PicturesOut}},
        openapi_extra=_rule.described(),
    )


@router.post(
    "/gpt-image/stream/",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/event-stream": {
                    "itemSchema": {
                        "type": "object",
                        "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
                    },
                    "example": "event: image_generation.partial_image\n"
                    'data: {"type": "image_generation.partial_image", "partial_image_index": 0, …}\n\n',
                }
            }
        }
    },
    openapi_extra=_STREAM.described(),
)
async def stream(
    listens: Listens, request: Request, caller: SignedIn, here: Here, key: Key = None, wanted: As = None
) -> StreamingResponse:
    """Make pictures, and see them become clear: the service's own events, and `error` with a problem.

    `image_generation.partial_image` and `image_generation.completed`; with pictures that go along,
    `image_edit.…`. With links, `url` instead of `b64_json`. It goes on when you go away.
    """
    asked = await _read(request, _STREAM, caller, here)
    ctx = Context(user_id=caller.user_id, tenant=caller.tenant)
    news = news_of(lambda emit: _make(asked, replace(ctx, emit=emit), here, key))
    first = await anext(news)
    if isinstance(first, CoachError):  # nothing was asked for, so the answer can still say so by its status
        raise first
    links = wanted == "links" or asked.form == "url"
    telling = Telling(here=here, asked=asked, show=listens.show, links=links)
    return answered(telling.frames(with_pings(news, first)))


async def _read(request: Request, rule: Rule, caller: Caller, here: Running) -> Asked:
    await here.rates.turn(caller.user_id)
    return await read_form(request, rule)


async def _make(asked: Asked, ctx: Context, here: Running, key: str | None) -> Edited:
    person = await here.store.people.ensure(ctx.user_id)
    BEGUN.set((ctx.user_id, person.created_at))  # nothing is made for somebody who is erased meanwhile
    try:
        return await edit_image(
            here.coach.service("studio", Studio),
            here.store,
            ctx,
            images=tuple(asked.pictures.values()),
            mask=asked.mask,
            key=f"gpt-image {key}" if key else None,
            **asked.words,
        )
    except (InputRefused, PhotoRefused) as refused:
        refused.field = asked.field(refused.field)
        raise


def _answer(made: Edited, show: Show, form: str) -> dict[str, Any]:
    versions = [show(picture(version)) for version in made.versions]
    images: list[Any] = [told["url"] for told in versions]
    if form != "url":
        prefix = "data:{};base64," if form == "data_url" else ""
        images = [Inline(blob=each.blob, before=prefix.format(each.media_type)) for each in made.versions]
    return {
        "success": True,
        "mode": made.mode,
        "why": made.why,
        "model": made.model,
        "cost_micros": made.actual_micros,
        "versions": versions,
        "image": images[0],
        "images": images,
    }
