"""The reference coach where each picture needs a yes, on the real studio and the sandbox over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import coach
from coach.sandbox import Sandbox
from coach.sandbox.log import Received
from coach.testing import call
from tests._talk import run

ASKS = ("generate_identity_image", "revise_identity_image", "accept_identity_visualization")


def confirming(opened: coach.Coach) -> coach.Coach:
    pictures = replace(opened.phase("identity_visualization"), confirm=ASKS)
    sticker = replace(opened.phase("sticker"), confirm=("generate_sticker_now",))
    return replace(opened, phases={**opened.phases, pictures.name: pictures, sticker.name: sticker})


async def begin(my: coach.Coach, **given: Any) -> coach.Turn:
    who = {"user_id": "ann", "conversation_id": "c1", "phase": "identity_visualization", **given}
    return await my.turn(**who, limits=coach.Limits(calls=10_000, pictures=10_000))


async def asked(turn: coach.Turn, name: str, **arguments: Any) -> coach.Waiting:
    about = {} if "spec" in arguments else {"identity_id": "i1"}
    events = await run(turn, call(name, **about, **arguments))
    [waiting] = [event for event in events if isinstance(event, coach.Waiting)]
    assert await turn.waiting() == [waiting]
    return waiting


async def decide(turn: coach.Turn, waiting: coach.Waiting, *, yes: bool = True) -> list[coach.Event]:
    return [event async for event in turn.decide(waiting.call_id, waiting.digest, yes=yes)]


def posts(sandbox: Sandbox) -> list[Received]:
    return [entry for entry in sandbox.log if entry.route.startswith("POST /v1/images")]


def agrees(terms: coach.Terms | None, sent: Received) -> bool:
    """Whether the service received what was shown, to the byte, and did not charge more."""
    assert terms is not None and terms.micros is not None and sent.micros is not None
    shown = terms.prompt.encode(), terms.model, tuple(each.sha256 for each in terms.pictures)
    return shown == (sent.params["prompt"].encode(), sent.model, sent.images) and sent.micros <= terms.micros
