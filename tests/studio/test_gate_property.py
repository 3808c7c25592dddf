"""Whatever people do at the gate, and whenever they give up: no place is lost, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from coach.errors import PictureError
from coach.studio._queue import Queue
from coach.studio.faults import fault
from coach.studio.gate import Gate, GateLimits
from tests.studio._scaled import scaled

CODES = ["moderation_blocked", "rate_limited", "service_error", "timeout"]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request: when it comes, how long it stays, when its caller gives up, and how it ends."""

    person: str
    at: int
    pictures: int
    stays: int
    gives_up_after: int | None
    ends: str | None


@dataclass(kw_only=True)
class Log:
    """How many pictures are inside, the most there were, and how many requests were let in."""

    inside: int = 0
    most: int = 0
    let_in: int = 0

    def enters(self, pictures: int) -> None:
        self.let_in += 1
        self.inside += pictures
        self.most = max(self.most, self.inside)


def visits(*, may_fail: bool) -> st.SearchStrategy[list[Visit]]:
    """Small whole numbers: much falls on the same moment, where such code breaks."""
    visit = st.builds(
        Visit,
        person=st.sampled_from("abc"),
        at=st.integers(0, 12),
        pictures=st.integers(1, 3),
        stays=st.integers(0, 4),
        gives_up_after=st.none() | st.integers(0, 8),
        ends=st.sampled_from(["picture", None, *CODES]) if may_fail else st.just("picture"),
    )
    return st.lists(visit, max_size=25)


async def make(visit: Visit, gate: Gate, log: Log) -> str:
    await asyncio.sleep(visit.at)
    try:
        async with asyncio.timeout(visit.gives_up_after), gate.admit(visit.person, visit.pictures) as passed:
            log.enters(visit.pictures)
            try:
                await asyncio.sleep(visit.stays)
            finally:
                log.inside -= visit.pictures
            if visit.ends == "picture":
                passed.succeeded()
            elif visit.ends:
                passed.failed(fault(visit.ends, paid="unknown", retry_after=3))
    except TimeoutError:
        return "gave up"
    except PictureError as error:
        return error.code
    return "let in"


async def check_nothing_is_lost(gate: Gate, log: Log) -> None:
    state = gate.state()
    assert (log.inside, state.in_flight, state.waiting) == (0, 0, 0)
    assert log.most <= gate.limits.at_once
    await asyncio.sleep(100)
    async with gate.admit("a", gate.limits.at_once):
        assert gate.state().in_flight == gate.limits.at_once
    assert await gate.drain()


@settings(max_examples=300, deadline=None)
@given(todo=visits(may_fail=False), at_once=st.integers(3, 5))
@scaled
async def test_everybody_who_does_not_give_up_is_let_in(todo: list[Visit], at_once: int) -> None:
    gate, log = Gate(GateLimits(at_once=at_once, patience=10_000)), Log()
    ends = await asyncio.gather(*(make(visit, gate, log) for visit in todo))
    for visit, end in zip(todo, ends, strict=True):
        assert end == "let in" or (end == "gave up" and visit.gives_up_after is not None)
    await check_nothing_is_lost(gate, log)


@settings(max_examples=300, deadline=None)
@given(
    todo=visits(may_fail=True),
    limits=st.builds(
        GateLimits,
        at_once=st.integers(3, 5),
        per_minute=st.none() | st.sampled_from([20.0, 60.0, 600.0]),
        patience=st.integers(1, 9),
        failures=st.integers(1, 3),
        failures_within=st.just(5),
        down_for=st.integers(1, 6),
    ),
    drains_at=st.none() | st.integers(0, 15),
)
@scaled
async def test_no_place_is_lost_whatever_goes_wrong(
    todo: list[Visit], limits: GateLimits, drains_at: int | None
) -> None:
    gate, log = Gate(limits), Log()
    tasks = [asyncio.create_task(make(visit, gate, log)) for visit in todo]
    if drains_at is None:
        await asyncio.gather(*tasks)
        await check_nothing_is_lost(gate, log)
        return
    await asyncio.sleep(drains_at)
    assert await gate.drain()
    assert (log.inside, gate.state().in_flight, gate.state().waiting) == (0, 0, 0)
    let_in = log.let_in
    await asyncio.gather(*tasks)
    assert log.let_in == let_in


STEPS = st.lists(st.tuples(st.sampled_from(["add", "add", "pop", "remove"]), st.sampled_from("abcd")))


@given(steps=STEPS, person=st.sampled_from("abcde"))
def test_in_the_queue_nobody_is_overtaken_twice_and_a_place_is_foretold(
    steps: list[tuple[str, str]], person: str
) -> None:
    queue, lines = Queue[tuple[str, int]](), dict[str, list[int]]()
    went_before = dict[str, list[str]]()  # for each person who waits, since their last turn
    for number, (step, who) in enumerate(steps):
        if step == "add":
            queue.add(who, (who, number))
            lines.setdefault(who, []).append(number)
            went_before.setdefault(who, [])
        elif step == "remove" and who in lines:
            queue.remove(who, (who, lines[who].pop()))
        elif step == "pop" and queue.first:
            who, first = queue.pop()
            assert first == lines[who].pop(0), "one's own requests stay in their order"
            went_before[who] = []
            for other in went_before.keys() - {who}:
                assert who not in went_before[other], "twice before the other's turn"
                went_before[other].append(who)
        if not lines.get(who, True):
            del lines[who], went_before[who]
        assert len(queue) == sum(map(len, lines.values()))

    foretold = queue.ahead_of(person)
    queue.add(person, (person, -1))
    assert [queue.pop() for _ in range(len(queue))].index((person, -1)) == foretold
