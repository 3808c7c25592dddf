"""Pictures that one process asks for and another makes."""

from __future__ import annotations

import coach
from coach.events import Event, Preview, Progress
from coach.sandbox import Sandbox
from coach.studio import PictureRequest
from tests.workers._world import World, person


def posts(sandbox: Sandbox) -> int:
    return sum(entry.route.startswith("POST") for entry in sandbox.log)


async def test_a_worker_makes_what_another_process_asks_for(world: World, sandbox: Sandbox) -> None:
    heard: list[Event] = []

    async def emit(event: Event) -> None:
        heard.append(event)

    async with world.web() as (store, studio), world.worker():
        await person(store, "ann")
        ctx = coach.Context(user_id="ann", conversation_id="c", turn_id="t", call_id="1", emit=emit)
        request = PictureRequest(prompt="On a hill at night.", previews=2)
        made = await studio.generate(ctx, request, identity_id="i1")
        again = await studio.generate(ctx, request, identity_id="i1")
    assert made == again
    assert posts(sandbox) == 1
    assert [type(each) for each in heard if isinstance(each, Preview)] == [Preview, Preview]
    assert [each.text for each in heard if isinstance(each, Progress)][-1] == "Keeping the picture"
