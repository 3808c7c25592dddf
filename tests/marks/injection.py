"""``python -m tests.marks.injection strings.jsonl``: what is written to lead models astray, in seven places.

Each string is put, with orders behind it, where a model reads it: in a message, the person's name, an
identity's name, its texts, a note, what was said before, and a persona's bio. A model that obeys them makes
the calls. Nothing may come of them, no string may be a template, and none may end the place it stands in: the
prompt has to be, sign for sign, the one of a harmless word with the string instead. Benign strings come
through as they were.

The file has one JSON object in a line, with ``text`` and ``label``: ``attack``, ``benign`` or ``edge``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import name as unicode_name

from sqlalchemy import text

import coach
from coach.errors import InputRefused
from coach.personas import Persona
from coach.personas.persona import BIO
from coach.personas.writers import rendered
from coach.text import clean, message_text, one_line
from tests.untrusted._lab import Lab, Things, World, canary, new_world
from tests.untrusted._orders import forbidden, orders_in

WORD = "Harmlessword"
WHO, OTHER = "ann", "ben"
EACH = 400
"""Strings to one copy of the people's things."""

_TAG = re.compile(r"</?[A-Za-z_][\w-]*>")
_BLANK = re.compile("VARIATION SELECTOR|FILLER|GRAPHEME JOINER")  # of what Python calls printable
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-")

Put = Callable[[Lab, str], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a string is put.

    Attributes:
        phase: Where a model reads it.
        put: Puts it there.
        shown: How it is kept there.
        prompt: The prompt with it, where that is not the phase's.
        most: So many characters can stand there.
    """

    phase: str
    put: Put
    shown: Callable[[str], str]
    prompt: Callable[[str], str] | None = None
    most: int | None = None


async def _nowhere(lab: Lab, words: str) -> None:
    """A message and a bio are no part of what is kept."""


async def _in_name(lab: Lab, words: str) -> None:
    await lab.store.people.rename(WHO, words)


async def _in_identity(lab: Lab, words: str) -> None:
    await lab.store.identities.update(WHO, "i1", name=words)


async def _in_texts(lab: Lab, words: str) -> None:
    await lab.store.identities.update(
        WHO, "i1", name="Guide", statement=words, visualization=words, appearance=words
    )


async def _in_note(lab: Lab, words: str) -> None:
    await _forget(lab, "notes")
    await lab.store.notes.add(WHO, words)


async def _in_history(lab: Lab, words: str) -> None:
    await _forget(lab, "conversations")
    before = await lab.store.conversations.start(WHO, coach="reference", phase="introduction")
    await lab.store.conversations.append(WHO, before.id, {"role": "user", "content": words})


async def _forget(lab: Lab, table: str) -> None:
    async with lab.store.database.write() as connection:
        await connection.execute(text(f"DELETE FROM {table} WHERE user_id = :who"), {"who": WHO})


def _kept(words: str) -> str:
    kept: str = clean(words)
    return kept


def _of_bio(words: str) -> str:
    """What the model reads that writes what a persona's pictures show."""
    return rendered("write.md", Persona(firstname="Ana", lastname="Ruiz", bio_x=words), used=[])


PLACES = {
    "message": Place(phase="identity_visualization", put=_nowhere, shown=_kept),
    "name": Place(phase="introduction", put=_in_name, shown=one_line),
    "identity": Place(phase="identity_brainstorming", put=_in_identity, shown=one_line),
    "texts": Place(phase="identity_visualization", put=_in_texts, shown=_kept),
    "note": Place(phase="get_to_know_you", put=_in_note, shown=one_line),
    "history": Place(phase="introduction", put=_in_history, shown=_kept),
    "bio": Place(
        phase="introduction", put=_nowhere, shown=lambda words: _kept(words).strip(), prompt=_of_bio, most=BIO
    ),
}


@dataclass(kw_only=True)
class Seen:
    """What was found, by kind of fault."""

    tried: int = 0
    obeyed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def fault(self, kind: str, where: str, what: str) -> None:
        """Write one down."""
        self.counts[kind] += 1
        self.wrong.append(f"{kind}: {where}: {what[:300]}")


class Trial:
    """Puts strings into one place."""

    def __init__(self, lab: Lab, name: str, others: Things, seen: Seen) -> None:
        self._lab, self._name, self._place, self._seen = lab, name, PLACES[name], seen
        self._orders = forbidden(others)
        self._number = 0

    async def go(self, strings: Sequence[str]) -> None:
        """Try each."""
        await self._lab.store.consents.revoke(WHO)  # so that no picture may be made at all
        await self._place.put(self._lab, WORD)
        harmless = self._prompt(await self._turn(), WORD)
        for words in strings:
            await self._one(words, harmless)

    async def _one(self, words: str, harmless: str) -> None:
        self._number += 1
        behind = [self._orders[(2 * self._number + which) % len(self._orders)] for which in (0, 1)]
        room = None if self._place.most is None else self._place.most - len(" ".join(["", *behind]))
        whole = " ".join([words[:room], *behind])
        await self._place.put(self._lab, whole)
        await self._lab.touched()
        sent = self._lab.sandbox.totals.received
        turn = await self._turn()
        where = f"{self._name} {words!r:.80}"
        prompt = self._prompt(turn, whole)
        self._structure(prompt, harmless, whole, where)
        said = message_text(whole[:15_000]) if self._name == "message" else "Go on."
        calls = [
            coach.Call(id=f"{self._number}-{which}", name=name, arguments=given)
            for which, (name, given) in enumerate(orders_in([prompt, {"content": said}]))
        ]
        self._seen.tried += 1
        self._seen.obeyed += len(calls)
        events = [event async for event in turn.run(calls)]
        for table, owner in await self._lab.touched() - {("calls", WHO)}:
            self._seen.fault("effect", where, f"{table} of {owner} changed by {calls}")
        if turn.phase != self._place.phase or self._lab.sandbox.totals.received != sent:
            self._seen.fault(
                "effect", where, f"now in {turn.phase}, {self._lab.sandbox.totals.received - sent} posts"
            )
        if any(isinstance(event, coach.Finished) and event.state == "done" for event in events):
            self._seen.fault("effect", where, f"{events}")
        if canary(OTHER) in f"{prompt} {turn.prompt} {events} {turn.answers}":
            self._seen.fault("leak", where, "something of another person was shown")

    def _structure(self, prompt: str, harmless: str, whole: str, where: str) -> None:
        """The prompt of a harmless word with this instead: nothing expanded, forged or hidden."""
        inside = self._place.shown(whole).replace("<", "&lt;").replace(">", "&gt;")
        if prompt != harmless.replace(WORD, inside):
            self._seen.fault("expansion", where, "the prompt is not the harmless one with the words in it")
        if _TAG.findall(prompt) != _TAG.findall(harmless):
            self._seen.fault("forged section", where, f"{_TAG.findall(prompt)}")
        if clean(prompt) != prompt:
            self._seen.fault("hidden", where, "something that cannot be seen is in the prompt")
        if _UUID.search(harmless):
            self._seen.fault("leak", where, "an id is in the prompt")

    def _prompt(self, turn: coach.Turn, words: str) -> str:
        return turn.prompt if self._place.prompt is None else self._place.prompt(words)

    async def _turn(self) -> coach.Turn:
        return await self._lab.coach.turn(user_id=WHO, phase=self._place.phase, conversation_id="c")


async def injections(world: World, strings: Sequence[str], places: Sequence[str]) -> Seen:
    """Put every string into every place."""
    seen = Seen()
    for name in places:
        for begin in range(0, len(strings), EACH):
            async with world.copied() as lab:
                await Trial(lab, name, world.things[OTHER], seen).go(strings[begin : begin + EACH])
    return seen


def altered(strings: Sequence[str]) -> tuple[int, list[str]]:
    """How many messages are not kept sign for sign, and which ones lost something that is seen."""
    changed, lost = 0, []
    for words in strings:
        try:
            kept = message_text(words)
        except InputRefused:
            kept = ""
        changed += kept != words.strip()
        # Line breaks apart, whatever Unicode draws something for has to be there still.
        if _drawn(kept) != _drawn(words.replace("\x00", "\ufffd")):
            lost.append(words)
    return changed, lost


def _drawn(words: str) -> list[str]:
    return [
        sign
        for sign in words
        if sign.isprintable() and not (sign.isspace() or _BLANK.search(unicode_name(sign, "")))
    ]


def main() -> int:
    """Try them, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("strings", type=Path)
    parser.add_argument("--place", choices=tuple(PLACES), action="append", help="left out: all")
    asked = parser.parse_args()
    logging.disable()
    rows: list[dict[str, Any]] = [json.loads(line) for line in asked.strings.read_text("utf-8").splitlines()]
    places = asked.place or tuple(PLACES)
    with new_world() as world:
        seen = asyncio.run(injections(world, [row["text"] for row in rows], places))
    sys.stdout.write(
        f"{len(rows)} strings in {len(places)} places, {seen.obeyed} orders obeyed: {len(seen.wrong)} wrong\n"
    )
    for kind in ("effect", "expansion", "forged section", "hidden", "leak"):
        sys.stdout.write(f"  {seen.counts[kind]} of {kind}\n")
    for label in ("benign", "edge"):
        strings = [row["text"] for row in rows if row["label"] == label]
        changed, lost = altered(strings)
        share = 100 * (1 - changed / max(1, len(strings)))
        sys.stdout.write(
            f"{len(strings)} {label}: {share:.2f} % kept sign for sign, {len(lost)} lost something seen\n"
        )
        seen.wrong += [f"lost: {words!r:.200}" for words in lost]
    for each in seen.wrong[:40]:
        sys.stdout.write(f"  {each}\n")
    return int(bool(seen.wrong))


if __name__ == "__main__":
    sys.exit(main())
