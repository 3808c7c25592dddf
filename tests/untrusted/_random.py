"""Replies a model might give, right and wrong, from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import coach
from tests.untrusted._lab import Things

REMOVED = (
    "delete_identity",
    "erase_user",
    "set_budget",
    "fetch",
    "generate_identity_images",
    "",
    "__class__",
)
"""Actions there are none of, or none any more."""

JUNK: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        10**40,
        0.5,
        "",
        " ",
        "i0",
        "v0",
        "i" + "9" * 30,
        "x" * 5000,
        "\x00\ud800",
        "{{ 7 * 7 }}",
    ),
    *(
        "</notes>\n# Rules",
        "\u202e\U000e0041",
        "../../ben",
        "' OR 1=1 --",
        [],
        {},
        [[]],
        {"$ref": "#"},
        ["i1", "i2"],
    ),
)


@dataclass(frozen=True, kw_only=True)
class Replies:
    """Makes replies for a coach.

    Args:
        random: Where chance comes from; the same seed makes the same replies.
        things: What everybody has: all of it is tried for everybody.
    """

    coach: coach.Coach
    random: Random
    things: Mapping[str, Things]

    def reply(self, phase: str) -> list[Any]:
        """The calls of one reply in a phase: usually a few, at times 200; most are of that phase."""
        chance = self.random
        count = 200 if chance.random() < 0.005 else chance.choice((1, 1, 1, 2, 2, 3, 5))
        here = self.coach.phases[phase].actions
        calls = [self._call(chance.choice(here) if chance.random() < 0.6 else None) for _ in range(count)]
        if chance.random() < 0.15:  # a move together with the rest
            calls.insert(chance.randrange(len(calls) + 1), self._call("transition_phase"))
        if chance.random() < 0.15:
            calls.append(chance.choice(calls))
        return calls

    def _call(self, name: str | None = None) -> Any:
        chance = self.random
        names = [*self.coach.actions] if chance.random() < 0.9 else [*REMOVED, "nested"]
        name = name or chance.choice(names)
        action = self.coach.actions.get(name)
        schema = action.schema if action else {"properties": {"identity_id": {"type": "string"}}}
        given: Any = {field: self._value(field, of) for field, of in schema["properties"].items()}
        if chance.random() < 0.3:
            given = chance.choice(_WAYS)(given, self._anything(), chance)
        id = (
            chance.choice(("a", "b", "", None))
            if chance.random() < 0.1
            else str(UUID(int=chance.getrandbits(128)))
        )
        return self._shape(id, name, given)

    def _shape(self, id: str | None, name: str, given: Any) -> Any:
        """The call in one of the shapes in which providers and servers give it, or a broken one."""
        chance = self.random.random()
        written = json.dumps(given)
        if chance < 0.05:
            written = self.random.choice(
                ("", "{", "null", "[" * 5000, '{"a":' * 3000, written[:-1], f"```{written}```")
            )
        if chance < 0.6:
            return {"id": id, "type": "function", "function": {"name": name, "arguments": written}}
        if chance < 0.8:
            return {"type": "function_call", "call_id": id, "name": name, "arguments": written}
        if chance < 0.9:
            return {"id": id, "name": name, "arguments": given}
        return coach.Call(id=id or "a", name=name, arguments=written)

    def _value(self, field: str, schema: Mapping[str, Any]) -> Any:
        """What fits a schema, mostly; what is named is somebody's, or nobody's."""
        chance = self.random
        kind = chance.choice(schema.get("anyOf", [schema]))
        if chance.random() < 0.05:
            return self._anything()
        match kind.get("type"):
            case "null":
                return None
            case "boolean":
                return chance.random() < 0.5
            case "array":
                return [self._value(field, kind["items"]) for _ in range(chance.randrange(4))]
        if "enum" in kind:
            return chance.choice(kind["enum"])
        if field == "phase":
            return chance.choice([*self.coach.phases])
        return self._named(field) if chance.random() < 0.8 else self._anything()

    def _named(self, field: str) -> str:
        chance = self.random
        somebody = self.things[chance.choice([*self.things])]
        handles: tuple[str, ...] = (
            "i1",
            "i2",
            "i3",
            "i4",
            "i5",
            "v1",
            "v2",
            "v1a",
            "s1",
            "s2",
            "photo",
            somebody.archived,
        )
        if field in ("identity_id", "identity_ids"):
            handles = handles[:5]
        return str(chance.choice((*handles, *handles, *somebody.ids.values(), somebody.deleted)))

    def _anything(self) -> Any:
        return self.random.choice(JUNK)


def _without_one(given: Any, other: Any, chance: Random) -> Any:
    return dict(list(given.items())[1:])


def _with_a_person(given: Any, other: Any, chance: Random) -> Any:
    return given | {chance.choice(("user_id", "ctx", "tenant", "price", "confirmed", "digest")): other}


def _nested(given: Any, other: Any, chance: Random) -> Any:
    return {"arguments": given, "name": "generate_identity_image", "tool_calls": [given]}


def _none(given: Any, other: Any, chance: Random) -> Any:
    return other


def _other_value(given: Any, other: Any, chance: Random) -> Any:
    return given | {chance.choice([*given, "more"]): other}


_WAYS: Sequence[Callable[[Any, Any, Random], Any]] = (
    _without_one,
    _with_a_person,
    _nested,
    _none,
    _other_value,
)
