"""A yes is theirs, for one question, once, and in time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import coach
from coach.pending import bound, digest_of
from coach.sandbox import Sandbox
from coach.testing import call
from tests._talk import run
from tests._terms import agrees, asked, begin, confirming, decide, posts
from tests.actions._pictures import make_ready, reference_coach

FORGED = 2_000


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # what either database claims: test_calls
async def test_of_two_thousand_forged_yeses_none_counts(
    store: coach.Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    for user in ("ann", "bob"):
        await make_ready(store, photo_bytes, user)
    with Sandbox(quick=True) as sandbox:
        async with reference_coach(store, sandbox, tmp_path, previews=0) as opened:
            await forge(confirming(opened), store, sandbox)


async def forge(careful: coach.Coach, store: coach.Store, sandbox: Sandbox) -> None:
    turn, before = await begin(careful), len(posts(sandbox))
    used = await asked(turn, "generate_identity_image", prompt="Used up.")
    await decide(turn, used, yes=False)
    right = await asked(turn, "generate_identity_image")
    [record] = await store.calls.waiting("ann", "c1")
    late = replace(record, call_id="late", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    late = bound(late, coach.Terms.of(record.terms or {}))
    await store.calls.begin(late)
    bob = await begin(careful, user_id="bob")
    his = await asked(bob, "generate_identity_image")
    elsewhere = await begin(careful, conversation_id="c2")
    there = await asked(elsewhere, "generate_identity_image")

    dice, counted = random.Random(8), Counter[str]()
    terms = record.terms or {}
    cheaper = {**terms, "micros": 1}
    reworded = {**terms, "prompt": "Something else."}
    whose = [record.user_id, record.conversation_id, record.call_id]
    edited = [
        digest_of(record.action, {**record.arguments, "anyway": True}, whose, terms),
        *(digest_of(record.action, record.arguments, whose, each) for each in (cheaper, reworded, None)),
        digest_of(record.action, record.arguments, ["bob", *whose[1:]], terms),
        digest_of(record.action, record.arguments),  # what a model can work out by itself
    ]
    for _ in range(FORGED):
        at, sign = dice.randrange(64), dice.choice("0123456789abcdef")
        one_off = right.digest[:at] + sign + right.digest[at + 1 :]
        kind, who, call_id, digest = dice.choice(
            [
                ("random", turn, right.call_id, f"{dice.getrandbits(256):064x}"),
                ("one digit off", turn, right.call_id, one_off if one_off != right.digest else ""),
                ("edited", turn, right.call_id, dice.choice(edited)),
                ("replayed", turn, used.call_id, used.digest),
                ("of another question", turn, right.call_id, dice.choice([used, his, there]).digest),
                ("for another question", turn, dice.choice([used, his]).call_id, right.digest),
                ("expired", turn, late.call_id, late.digest),
                ("another person's", bob, right.call_id, right.digest),
                ("another conversation's", elsewhere, right.call_id, right.digest),
                (
                    "odd",
                    turn,
                    right.call_id,
                    dice.choice(["", "\0", right.digest.upper(), f" {right.digest}"]),
                ),
            ]
        )
        try:
            async for _ in who.decide(call_id, digest, yes=True):
                counted["accepted"] += 1
        except coach.Conflict:
            counted[kind] += 1
    # A model has no call that says yes, and can put none into one.
    for name, more in (
        ("decide", {"call_id": right.call_id, "digest": right.digest, "yes": True}),
        ("generate_identity_image", {"identity_id": "i1", "digest": right.digest}),
        ("generate_identity_image", {"identity_id": "i1", "yes": True}),
        ("generate_identity_image", {"identity_id": "i1", "anyway": True}),
    ):
        events = await run(turn, call(name, **more))
        counted["model"] += 1
        counted["accepted"] += sum(isinstance(event, coach.Started) for event in events)
    assert counted["accepted"] == 0 and sum(counted.values()) == FORGED + 4 and len(counted) == 12
    assert len(posts(sandbox)) == before
    assert {each.digest for each in await turn.waiting()} > {right.digest}
    await decide(turn, right)
    assert agrees(right.terms, posts(sandbox)[before])
