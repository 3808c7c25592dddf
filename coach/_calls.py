"""What a model asks for, whatever shape it comes in, and how much of it one turn allows."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from coach.text import clean

LONGEST_ARGUMENTS = 100_000
"""Characters of one call's arguments; more is no call, and is not kept."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call the model makes.

    Attributes:
        id: The provider's id of the call; the answer carries it.
        name: The action.
        arguments: JSON text, or the object itself. Nothing in it is trusted.
    """

    id: str
    name: str
    arguments: str | Mapping[str, Any]

    @classmethod
    def of(cls, raw: Any) -> Call:
        """Read a call as a provider gives it.

        Args:
            raw: A :class:`Call`; or a tool call of chat completions (``id``, ``function.name``,
                ``function.arguments``); or a function call of the Responses API (``call_id``, ``name``,
                ``arguments``) — each as the SDK's object or as a mapping.
        """
        if isinstance(raw, cls):
            return raw
        function = _get(raw, "function")
        named = raw if function is None else function
        arguments = _get(named, "arguments")
        return cls(
            id=str(_get(raw, "call_id") or _get(raw, "id") or uuid4().hex),
            name=str(_get(named, "name") or ""),
            arguments=arguments if isinstance(arguments, Mapping) else str(arguments or "{}"),
        )

    def parse(self) -> dict[str, Any] | None:
        """The arguments as an object, or ``None`` when they are not one."""
        given = self.arguments
        if isinstance(given, str) and len(given) > LONGEST_ARGUMENTS:
            return None
        try:
            parsed = json.loads(given) if isinstance(given, str) else dict(given)
            # What is ASCII and has no escapes has nothing in it to clean.
            if not (isinstance(given, str) and given.isascii() and "\\" not in given):
                parsed = clean(parsed)
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict) else None


def _get(thing: Any, name: str) -> Any:
    # Asking for the type is ten times as fast as asking for the abstract one, and most are dicts.
    mapping = type(thing) is dict or isinstance(thing, Mapping)
    return thing.get(name) if mapping else getattr(thing, name, None)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one turn allows; past it, calls are answered with a sentence and not run.

    Attributes:
        calls: Calls of any action.
        pictures: Calls of actions that may cost money.
        replies: Times the model is asked (:class:`~coach.conversation.Conversation` only).
        retries: Times one action may be put right before its last answer stands.
        repeats: Times the same action may be called with the same arguments. What may cost money: once,
            unless it was not done.
        seconds: Wall-clock time for the whole turn.
    """

    calls: int = 24
    pictures: int = 2
    replies: int = 8
    retries: int = 2
    repeats: int = 3
    seconds: float = 900


@dataclass(kw_only=True)
class Meter:
    """What one turn has used of its limits."""

    limits: Limits
    calls: int = 0
    pictures: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float:
        """Wall-clock seconds the turn still has."""
        return self.limits.seconds - (time.monotonic() - self.started)

    @property
    def over(self) -> Literal["calls", "time"] | None:
        """What is used up, if anything."""
        if self.seconds_left <= 0:
            return "time"
        return "calls" if self.calls >= self.limits.calls else None

    def take_call(self) -> str | None:
        """Count a call, whatever it is; return the sentence that refuses it when there is no room."""
        if self.over is not None:
            used = "time" if self.over == "time" else "number of calls"
            return f"The {used} of this turn is used up. Talk with the user and wait for their next message."
        self.calls += 1
        return None

    def take_repeat(self, digest: str, *, spends: bool) -> str | None:
        """Count a call with these arguments; return the sentence that refuses one made too often."""
        if spends and self.made[digest]:
            return (
                "Exactly this was asked for in this turn already. Talk with the user before another is made."
            )
        if self.made[digest] >= self.limits.repeats:
            return (
                f"This was called {self.limits.repeats} times in this turn with the same arguments. "
                "The answer stays the same: go on with it, or talk with the user."
            )
        self.made[digest] += 1
        return None

    def take_picture(self) -> str | None:
        """Count a call that may cost money; return the sentence that refuses it when there is no room."""
        if self.pictures >= self.limits.pictures:
            return (
                f"Pictures in one turn: at most {self.limits.pictures}. "
                "Talk with the user and wait for their next message."
            )
        self.pictures += 1
        return None
