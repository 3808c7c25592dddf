"""Help for testing a coach: a model that says what the test says, and calls written in a line.

For pictures, tests use the real clients against ``coach sandbox``: see :mod:`coach.sandbox`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from coach._calls import Call
from coach.errors import ModelError
from coach.model import Reply


def call(name: str, /, *, id: str | None = None, **arguments: Any) -> Call:
    """A call as a model makes it: ``call("rename_identity", identity_id="i1", name="Guide")``."""
    return Call(id=id or f"call_{uuid4().hex[:8]}", name=name, arguments=json.dumps(arguments))


class ScriptedModel:
    """A model that gives prepared replies, in order.

    Args:
        replies: Each a text, the calls of one reply, or an exception to raise.

    Attributes:
        asked: What it was shown each time: ``system``, ``messages`` and ``tools``.
    """

    def __init__(self, replies: Iterable[str | Sequence[Call] | ModelError]) -> None:
        self._left = list(replies)
        self.asked: list[dict[str, Any]] = []

    @property
    def left(self) -> int:
        """How many replies were not asked for; a test that expects all of them checks that it is 0."""
        return len(self._left)

    async def reply(
        self, *, system: str, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[str | Reply]:
        """See :class:`coach.model.Model`."""
        self.asked.append({"system": system, "messages": list(messages), "tools": list(tools)})
        if not self._left:
            raise ModelError("The script has no more replies.")
        reply = self._left.pop(0)
        if isinstance(reply, ModelError):
            raise reply
        if isinstance(reply, str):
            yield reply
            yield Reply(text=reply)
        else:
            yield Reply(text="", calls=tuple(reply))
