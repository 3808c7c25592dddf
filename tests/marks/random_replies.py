"""``python -m tests.marks.random_replies``: 20,000 random replies of a model to the reference coach.

Right and wrong ones, in every phase, of three people: actions of other phases, removed ones, other people's
ids, nested and broken arguments, ids that repeat, 200 calls at once, a move among other calls. The database
itself writes down what was changed and whose it is. Nothing may change but what an action of the phase was
asked to change, no reply may be carried out in part, and nothing may raise.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import text

import coach
from coach.adapters import Hosted
from coach.studio.budgets import Budgets
from tests.untrusted._lab import CHANGES, PAID, PEOPLE, Lab, World, canary, new_world
from tests.untrusted._random import Replies

EACH = 250
"""Replies to one copy of the people's things: what they have grows with each."""

ONE_MORE = Budgets(person=120_000)
"""In micro-dollars: each has paid for one picture, and may for one more."""


@dataclass(kw_only=True)
class Seen:
    """What was found."""

    replies: int = 0
    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    started: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Trial:
    """Gives replies to one copy."""

    def __init__(self, lab: Lab, replies: Replies, seen: Seen) -> None:
        self._lab, self._replies, self._seen = lab, replies, seen
        self._chance = replies.random
        self._paid, self._sent = 0, lab.sandbox.totals.received

    async def go(self, count: int) -> None:
        """Give so many replies, in turns that begin anywhere."""
        left, self._paid = count, await self._lab.paid()
        while left > 0:
            who, phase = self._chance.choice(PEOPLE), self._chance.choice([*self._lab.coach.phases])
            turn = await self._lab.coach.turn(user_id=who, phase=phase, conversation_id=f"c{left}")
            for _ in range(min(left, self._chance.randrange(1, 6))):
                left -= 1
                await self._one(turn)
                if turn.over:
                    break

    async def _one(self, turn: coach.Turn) -> None:
        calls, before = self._replies.reply(turn.phase), turn.phase
        self._seen.replies += 1
        self._seen.calls += len(calls)
        try:
            if self._chance.random() < 0.8:
                events = [event async for event in turn.run(calls)]
                answers = turn.answers
            else:
                events, answers = await _one_at_a_time(turn, calls)
        except Exception as exc:  # noqa: BLE001 - that is what is looked for
            self._wrong(turn, f"{type(exc).__name__}: {exc}", calls)
            return
        wrong = self._outside(turn, before, events, answers) + self._in_part(turn, before, events)
        wrong += _unanswered(calls, answers) + await self._effects(turn, events)
        for what in wrong:
            self._wrong(turn, what, calls)

    def _outside(
        self, turn: coach.Turn, before: str, events: Sequence[coach.Event], answers: Sequence[Any]
    ) -> list[str]:
        """What ran that the phase does not have or a person has to allow, and who else was told of."""
        phase = self._lab.coach.phases[before]
        ran = {event.action for event in events if isinstance(event, coach.Started)}
        self._seen.started.update(ran)
        wrong = [f"{name} ran in {before}" for name in ran - {*phase.actions}]
        wrong += [f"{name} ran without a yes" for name in ran if self._lab.coach.actions[name].by == "user"]
        view = f"{events} {answers} {turn.prompt}"
        return wrong + [f"{who} was seen" for who in PEOPLE if who != turn.user_id and canary(who) in view]

    def _in_part(self, turn: coach.Turn, before: str, events: Sequence[coach.Event]) -> list[str]:
        """Actions that broke, and moves nobody made."""
        ends = [event for event in events if isinstance(event, coach.Finished)]
        self._seen.ends.update(event.state for event in ends)
        wrong = [f"{event.action} failed: {event.say}" for event in ends if event.state == "failed"]
        moved = any(event.state == "done" and event.action == "transition_phase" for event in ends)
        if turn.phase != before and not (moved and turn.phase in self._lab.coach.phases[before].next):
            wrong.append(f"from {before} to {turn.phase}")
        return wrong

    async def _effects(self, turn: coach.Turn, events: Sequence[coach.Event]) -> list[str]:
        """What changed that no call that succeeded may change, and what is only half written down."""
        ran = {event.call_id: event.action for event in events if isinstance(event, coach.Started)}
        may = {("calls", turn.user_id)}
        for event in events:
            if isinstance(event, coach.Finished) and event.call_id in ran:
                changes = CHANGES[event.action] if event.state == "done" else frozenset[str]()
                # What was paid for is kept, also where a sticker's gate then refuses it.
                changes |= PAID if self._lab.coach.actions[event.action].spends else frozenset()
                may |= {(table, turn.user_id) for table in changes}
                may |= {("accounts", "everybody")} if changes & PAID else set()
        wrong = [f"{table} of {owner} changed" for table, owner in sorted(await self._lab.touched() - may)]
        async with self._lab.store.database.read() as connection:
            running = await connection.execute(text("SELECT count(*) FROM calls WHERE state = 'running'"))
            if running.scalar_one():
                wrong.append("a call is still running")
        paid, sent = await self._lab.paid(), self._lab.sandbox.totals.received
        if paid - self._paid != sent - self._sent:
            wrong.append(f"{sent - self._sent} posts, and {paid - self._paid} in the ledger")
        self._paid, self._sent = paid, sent
        return wrong

    def _wrong(self, turn: coach.Turn, what: str, calls: Sequence[Any]) -> None:
        self._seen.wrong.append(f"{turn.user_id} in {turn.phase}: {what[:200]} after {str(calls)[:300]}")


async def _one_at_a_time(turn: coach.Turn, calls: Sequence[Any]) -> tuple[list[coach.Event], list[Any]]:
    """As other people's agents do it: side by side, then on to the next reply."""
    events: list[coach.Event] = []
    turn.answers = []

    async def hear(event: coach.Event) -> None:
        events.append(event)

    host = Hosted(turn, hear)
    made = {call.id: call for call in map(coach.Call.of, calls)}
    await asyncio.gather(*(host.call(call.id, call.name, call.arguments) for call in made.values()))
    answers = turn.answers
    await host.proceed()
    return events, answers


def _unanswered(calls: Sequence[Any], answers: Sequence[Any]) -> list[str]:
    """Calls without an answer, or with two."""
    ids = [str(_get(call, "call_id") or _get(call, "id") or "") for call in calls]
    expected = len({id for id in ids if id}) + ids.count("")
    answered = [answer["tool_call_id"] for answer in answers]
    if (len(answered), len({*answered})) == (expected, expected):
        return []
    return [f"{expected} calls, {len(answered)} answers to {len({*answered})}"]


def _get(call: Any, name: str) -> Any:
    return call.get(name) if isinstance(call, Mapping) else getattr(call, name, None)


async def replies(world: World, count: int, seed: int) -> Seen:
    """Give so many random replies, and look what came of them."""
    seen, chance = Seen(), Random(seed)
    while seen.replies < count:
        async with world.copied(budgets=ONE_MORE) as lab:
            made = Replies(coach=lab.coach, random=chance, things=world.things)
            await Trial(lab, made, seen).go(min(EACH, count - seen.replies))
    return seen


def main() -> int:
    """Give them, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.disable()
    with new_world() as world:
        seen = asyncio.run(replies(world, asked.replies, asked.seed))
    ends = ", ".join(f"{count} {state}" for state, count in seen.ends.most_common())
    sys.stdout.write(f"{seen.replies} replies, {seen.calls} calls ({ends}): {len(seen.wrong)} wrong\n")
    sys.stdout.write(f"  ran: {', '.join(f'{name} {n}' for name, n in seen.started.most_common())}\n")
    for each in seen.wrong[:40]:
        sys.stdout.write(f"  {each}\n")
    return int(bool(seen.wrong))


if __name__ == "__main__":
    sys.exit(main())
