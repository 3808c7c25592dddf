"""``python -m tests.marks.ids``: what a model can reach by naming it, in every text field of every action.

Three people name what is theirs, another's, deleted, archived, made up, of a wrong type, huge, and hidden in
texts and addresses. The fields are those of the actions' own schemas, so a new one is tried too. Nothing
of another's may be read or changed, and another's thing must give the same answer as one there is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import text

import coach
from coach.action import Action
from coach.phase import Phase
from coach.studio.budgets import Budgets
from coach.testing import call
from coach.text import clean
from tests.untrusted._lab import PEOPLE, Lab, Things, World, canary, new_world

NO_MONEY = Budgets(picture=1)
"""What is looked up is looked up before a price is; so nothing need be paid for to try it."""

USUAL: Mapping[str, Any] = {
    "identity_id": "i1",
    "identity_ids": ["i1", "i2"],
    "spec": "s1",
    "template": "GN",
}
"""What the other fields of a call are, where a word will not do."""

NO_STICKERS = {"generate_sticker_now.spec"}
"""Refused when it was paid for: the sandbox that is quick draws none."""

_NEXT = re.compile(r"\b([is])\d+\b")  # what is made is counted on, whatever it is called

WRONG_TYPES: tuple[Any, ...] = (7, -1, True, None, 0.5, {}, {"id": "i1"}, [], [["i1"]])


@dataclass(kw_only=True)
class Seen:
    """What was found.

    Attributes:
        done: How often each field of an action was given something with which the call succeeded.
    """

    fields: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One value in one field; ``like``: a made-up one of the same form, which must give the same answer."""

    kind: str
    value: Any
    like: str | None = None


def cases(mine: Things, others: Things, leads_to: Sequence[str]) -> Iterator[Case]:
    """Everything a field is given; ``leads_to``: the phases that one may name where it is asked."""
    for name, id in {**others.ids, "archived": others.archived, "deleted": others.deleted}.items():
        yield Case(kind="another's", value=id, like=made_up(name, id))
        for hidden in (f"see {{{id}}}", f"https://coach.example/identities/{id}"):
            yield Case(kind="hidden", value=hidden, like=hidden.replace(id, made_up(name, id)))
        yield Case(kind="unseen", value=f"{id[:3]}\u200b{id[3:]}\u202e", like=made_up(name, id))
    yield from (Case(kind="wrong type", value=value) for value in WRONG_TYPES)
    yield from (Case(kind="huge", value=value) for value in ("i" * 90_000, "9" * 5000, f"i{10**30}"))
    yield from (Case(kind="made up", value=value) for value in ("i99", "v99", "s99", "m-00000000", "photo9"))
    yield Case(kind="deleted", value=mine.deleted)
    own = ("i1", "i2", "v1", "s1", "photo", *leads_to[:1], *mine.ids.values())
    yield from (Case(kind="own", value=value) for value in own)
    yield from (Case(kind="archived", value=value) for value in (mine.archived, "i3"))


def made_up(name: str, id: str) -> str:
    """An id of the same form that nobody has."""
    new = str(uuid5(NAMESPACE_URL, name))
    if name == "mask":
        return f"m-{new[:8]}"
    if name == "spec":
        return (new.replace("-", "") * 2)[:64]
    return f"{id.split('/')[0]}/pictures/{new}-0.png" if name == "blob" else new


class Trial:
    """Names things on behalf of one person."""

    def __init__(self, lab: Lab, who: str, things: Mapping[str, Things], seen: Seen) -> None:
        self._lab, self._who, self._seen = lab, who, seen
        self._mine, self._things = things[who], things
        self._number, self._given = 0, ""

    async def go(self, action: Action[..., Any], name: str, kinds: Sequence[str], every: int) -> None:
        """Try one field of an action."""
        other = self._things[PEOPLE[(PEOPLE.index(self._who) + 1) % len(PEOPLE)]]
        self._seen.fields += 1
        leads_to = self._phase_of(action).next
        chosen = [case for case in cases(self._mine, other, leads_to) if case.kind in kinds]
        for case in chosen[self._seen.fields % every :: every]:
            await self._one(action, name, action.schema["properties"][name], case)

    async def _one(self, action: Action[..., Any], name: str, schema: Mapping[str, Any], case: Case) -> None:
        is_list = '"array"' in json.dumps(schema)
        answers = []
        for value in (case.value,) if case.like is None else (case.like, case.value):
            given = [value, "i2"] if is_list and isinstance(value, str) else value
            answers.append(await self._ask(action, {**_usual(action), name: given}, value))
        self._seen.kinds[case.kind] += 1
        self._seen.done[f"{action.name}.{name}"] += answers[-1][0] == "done"
        # Where any word will do, the first has changed what the second finds.
        if len(set(answers)) > 1 and answers[0][0] != "done":
            self._seen.wrong.append(f"{action.name}.{name}: {case.value!r:.60} told apart: {answers}")

    async def _ask(self, action: Action[..., Any], arguments: dict[str, Any], value: Any) -> tuple[str, str]:
        """What came of a call, with the value struck out."""
        phase, talk = self._phase_of(action).name, str(self._number)
        self._number += 1
        self._given += f" {clean(value)}"
        turn = await self._lab.coach.turn(user_id=self._who, phase=phase, conversation_id=talk)
        if action.by == "user":  # as if they had said yes to it
            events = [event async for event in turn.press(action.name, arguments)]
        else:
            events = [event async for event in turn.run([call(action.name, **arguments)])]
        [ended] = [event for event in events if isinstance(event, coach.Finished)]
        struck = _NEXT.sub(r"\1…", _struck(ended.say, value))
        await self._look(f"{action.name} with {value!r:.60}", _struck(f"{events} {turn.prompt}", value))
        return ended.state, struck

    def _phase_of(self, action: Action[..., Any]) -> Phase:
        """The first phase that has it."""
        return next(each for each in self._lab.coach.phases.values() if action.name in each.actions)

    async def _look(self, what: str, view: str) -> None:
        """See whether anything of another person was read or changed."""
        for other in PEOPLE:
            if other == self._who:
                continue
            theirs = (canary(other), f"{other}/", *self._things[other].ids.values())
            # What was given before may stand there as this person's own words.
            unknown = [each for each in theirs if each not in self._given]
            self._seen.wrong += [f"{what}: {each} was read" for each in unknown if each in view]
        touched = {owner for _, owner in await self._lab.touched()} - {self._who, "everybody"}
        self._seen.wrong += [f"{what}: changed something of {owner}" for owner in touched]

    async def used(self) -> list[str]:
        """Pictures of this person for which something of another's was asked to be used."""
        mine = text("SELECT request FROM generations WHERE user_id = :who")
        async with self._lab.store.database.read() as connection:
            asked = [str(row) for row in (await connection.execute(mine, {"who": self._who})).scalars()]
        others = [id for who, its in self._things.items() if who != self._who for id in its.ids.values()]
        return [f"{self._who} used {id}" for id in others for request in asked if f'"{id}"' in request]


def _usual(action: Action[..., Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, schema in action.schema["properties"].items():
        made[name] = USUAL.get(name, None if "anyOf" in schema else "A word")
    return made


def _named(action: Action[..., Any]) -> list[str]:
    """The fields that a model may write anything in."""
    fields = {name: json.dumps(schema) for name, schema in action.schema["properties"].items()}
    return [name for name, schema in fields.items() if '"string"' in schema and '"enum"' not in schema]


def _struck(said: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) < 4:
        return said
    for form in (value, clean(value), clean(value)[:80], clean(value)[:40]):
        said = said.replace(repr(form)[1:-1], "…").replace(form, "…")
    return said


async def matrix(
    world: World,
    people: Sequence[str],
    kinds: Sequence[str],
    *,
    paying: bool = False,
    every: int = 1,
    anew: bool = True,
) -> Seen:
    """Try everything for these people.

    Args:
        paying: With money, which only what is theirs needs.
        every: Only one in so many of what a field can be given.
        anew: Each field on people's things as they were.
    """
    seen = Seen()
    actions = coach.load("coach.reference").actions
    fields = [(name, each) for name, action in actions.items() for each in _named(action)]
    groups = [[one] for one in fields] if anew else [fields]
    for who, group in product(people, groups):
        async with world.copied(budgets=None if paying else NO_MONEY) as lab:
            trial = Trial(lab, who, world.things, seen)
            for name, each in group:
                await trial.go(lab.coach.actions[name], each, kinds, every)
            seen.wrong += await trial.used()
    return seen


def main() -> int:
    """Try them, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--who", choices=PEOPLE, action="append", help="left out: all")
    asked = parser.parse_args()
    logging.disable()
    wrong, done = 0, Counter[str]()
    everything = (
        "another's",
        "hidden",
        "unseen",
        "wrong type",
        "huge",
        "made up",
        "deleted",
        "archived",
        "own",
    )
    with new_world() as world:
        for kinds, paying in ((everything, False), (("own",), True)):
            seen = asyncio.run(matrix(world, asked.who or PEOPLE, kinds, paying=paying))
            counted = ", ".join(f"{count} {kind}" for kind, count in seen.kinds.most_common())
            sys.stdout.write(f"{seen.fields} fields, {counted}: {len(seen.wrong)} wrong\n")
            for each in seen.wrong[:40]:
                sys.stdout.write(f"  {each}\n")
            wrong, done = wrong + len(seen.wrong), done + seen.done
    never = sorted(name for name in seen.done if not done[name] and name not in NO_STICKERS)
    sys.stdout.write(f"  never succeeded, so nothing is known of it: {', '.join(never) or 'none'}\n")
    return int(bool(wrong or never))


if __name__ == "__main__":
    sys.exit(main())
