"""What happens while a flow is run, as plain data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from coach.errors import CoachError
from coach.events import Preview, Progress
from coach.flows.sources import Source
from coach.flows.wanted import Mode
from coach.store import Version

NodeState = Literal["waiting", "running", "cached", "done", "failed"]
"""How far a node is. ``cached``: its pictures were there, and nothing is asked for or paid."""


class SourceFailed(CoachError):
    """A picture was not asked for, as one that it is made from was not made."""


@dataclass(frozen=True, kw_only=True)
class NodeChanged:
    """A node is in another state.

    Attributes:
        mode: Which way its pictures are made; ``None``: that is not known yet.
        why: Why that way, and what was chosen or had to change; one sentence each.
        error: Why it failed.
    """

    id: str
    state: NodeState
    mode: Mode | None = None
    why: tuple[str, ...] = ()
    error: CoachError | None = None


@dataclass(frozen=True, kw_only=True)
class NodePictures:
    """The pictures of a node.

    Attributes:
        pictures: The best first; that one goes on.
        references: What they were made from, in the order in which it went along.
        cached: Whether they were there before.
        model: Who drew them.
        actual_micros: What they cost when they were made, in micro-dollars; ``None``: not known.
        seconds: From sending to the last byte, then; ``None``: it was finished after a crash.
    """

    id: str
    pictures: tuple[Version, ...]
    references: tuple[Source, ...]
    cached: bool
    model: str
    actual_micros: int | None
    seconds: float | None


FlowEvent = NodeChanged | NodePictures | Progress | Preview
"""Progress and previews have the node's id as their ``call_id``."""

Tell = Callable[[FlowEvent], Awaitable[None]]


async def unheard(event: FlowEvent) -> None:
    """Where events go when nobody listens."""
