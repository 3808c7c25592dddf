"""The marks about a model that nobody should trust, in small; `make marks` runs them at full size."""

from __future__ import annotations

import json
from pathlib import Path

from coach import load
from tests.marks.ids import matrix
from tests.marks.injection import PLACES, altered, injections
from tests.marks.random_replies import replies
from tests.untrusted._lab import CHANGES, World

ROWS = json.loads((Path(__file__).parent / "strings.json").read_text("utf-8"))
STRINGS = [row["text"] for row in ROWS]


async def test_random_replies_have_no_effect_outside_their_phase(world: World) -> None:
    seen = await replies(world, 80, seed=3)
    assert seen.wrong == []
    assert {"done", "retry", "refused"} <= {*seen.ends} and len(seen.started) > 10


async def test_naming_somebody_elses_thing_is_naming_none(world: World) -> None:
    seen = await matrix(world, ["ann"], ["another's", "hidden", "unseen"], every=23, anew=False)
    assert seen.wrong == []
    assert seen.fields > 30 and sum(seen.kinds.values()) > 50


async def test_no_string_is_obeyed_expanded_or_ends_its_place(world: World) -> None:
    for number, place in enumerate(PLACES):
        seen = await injections(world, STRINGS[number % 2 :: 2], [place])
        assert seen.wrong == []
        assert seen.obeyed >= 2 * len(STRINGS[number % 2 :: 2])


def test_what_people_write_comes_through() -> None:
    _, lost = altered(STRINGS)
    assert lost == []


def test_each_action_says_what_it_may_change() -> None:
    assert {*load("coach.reference").actions} == {*CHANGES}, (
        "say in tests/untrusted/_lab.py what it may change"
    )
