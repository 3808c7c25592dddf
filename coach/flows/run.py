"""Running a flow: what is needed, in its order, side by side where nothing hangs on the other."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from coach.context import Context
from coach.errors import CoachError
from coach.events import Event, Preview, Progress
from coach.flows.desk import Desk
from coach.flows.events import FlowEvent, NodeChanged, NodePictures, NodeState, SourceFailed, Tell, unheard
from coach.flows.graph import Flow, TransformNode
from coach.flows.sources import Source
from coach.flows.wanted import Mode, Wanted
from coach.store import Store
from coach.studio import GateLimits, Generated, Studio

logger = logging.getLogger("coach")


@dataclass(frozen=True, kw_only=True)
class NodeResult:
    """What came of a node.

    Attributes:
        state: ``done``, ``cached`` or ``failed``.
        mode: Which way its pictures were made; ``None``: it did not come so far.
        why: Why that way, and what was chosen or had to change; one sentence each.
        references: What they were made from.
        generated: The pictures and what they cost when they were made; ``None``: it failed.
        error: Why it failed.
    """

    id: str
    state: NodeState
    mode: Mode | None = None
    why: tuple[str, ...] = ()
    references: tuple[Source, ...] = ()
    generated: Generated | None = None
    error: CoachError | None = None


async def run_flow(
    flow: Flow,
    *,
    studio: Studio,
    store: Store,
    ctx: Context,
    node: str | None = None,
    again: Mapping[str, int] = {},
    tell: Tell = unheard,
) -> Mapping[str, NodeResult]:
    """Make the pictures of a flow that are not there yet.

    A picture is the same as long as its words, its options and the bytes of what it is made from are: then it
    is there from any run before, of whatever flow of this person, and costs nothing. So a run that was broken
    off is just run again. One that fails fails only what is made from it.

    Args:
        studio: Makes and pays for them.
        store: Where they are kept: as versions of the person's workshop.
        ctx: Whose. Give each flow a ``conversation_id``, and each run a ``turn_id`` to have the budget of a
            turn hold for it.
        node: Only this node, and what it needs; ``None``: all.
        again: How often another picture of the same was wanted, by node. A higher number is another picture.
        tell: Called with what happens. What it raises ends the run: what was sent by then is still kept.

    Returns:
        What came of each node that makes pictures, each after those it is made from.

    Raises:
        NotFound: There is no such node.
        InputRefused: The node makes no pictures.
    """
    nodes = flow.order(node)
    desk = Desk(flow=flow, studio=studio, store=store, user_id=ctx.user_id, again=again)
    places = asyncio.Semaphore(_at_once(studio.gate.limits))
    return await _Run(flow=flow, desk=desk, ctx=ctx, tell=tell, places=places).all(nodes)


def _at_once(limits: GateLimits) -> int:
    """How many may be at the gate: half of what it lets through before it refuses who waits any longer."""
    if limits.per_minute is None:
        return limits.at_once
    return max(1, min(limits.at_once, int(limits.per_minute * limits.patience / 60 / 2)))


class _Unheard(Exception):
    """What happened could not be told: that is no node's failure, and ends the run."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    flow: Flow
    desk: Desk
    ctx: Context
    tell: Tell
    places: asyncio.Semaphore
    _work: dict[str, asyncio.Task[NodeResult]] = field(default_factory=dict, init=False)

    async def all(self, nodes: Sequence[TransformNode]) -> Mapping[str, NodeResult]:
        try:
            for node in nodes:
                await self._say(NodeChanged(id=node.id, state="waiting"))
            async with asyncio.TaskGroup() as group:
                for node in nodes:
                    self._work[node.id] = group.create_task(self._node(node))
        except ExceptionGroup as failed:  # a node tells of its own errors; only who listens can end a run
            unheard = failed.exceptions[0]
            raise unheard.__cause__ or unheard from None
        return {node_id: task.result() for node_id, task in self._work.items()}

    async def _node(self, node: TransformNode) -> NodeResult:
        try:
            return await self._result(node)
        except _Unheard:
            raise
        except CoachError as exc:
            error = exc
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("A node of a flow failed, ref %s", reference)
            error = CoachError(f"Something went wrong on our side (ref {reference}).")
        await self._say(NodeChanged(id=node.id, state="failed", error=error))
        return NodeResult(id=node.id, state="failed", error=error)

    async def _result(self, node: TransformNode) -> NodeResult:
        want = await self._wanted(node)
        if (known := await self.desk.known(want)) is not None:
            return await self._shown(node, want, known, "cached")
        why = self.desk.why(want, self.desk.studio.plan(want.request))
        async with self.places:
            await self._say(NodeChanged(id=node.id, state="running", mode=want.mode, why=why))
            made = await self.desk.get(self._ctx(node), want)
        return await self._shown(node, want, made, "done")

    async def _wanted(self, node: TransformNode) -> Wanted:
        sources = [each.id for each in self.flow.into(node.id) if each.id in self._work]
        results = [await self._work[source] for source in sources]
        if failed := next((each for each in results if each.generated is None), None):
            raise SourceFailed(f"It is made from the picture of {failed.id!r}, and that was not made.")
        made = {each.id: Source.of(each.generated.versions[0]) for each in results if each.generated}
        return await self.desk.wanted(node, made)

    async def _shown(
        self, node: TransformNode, want: Wanted, made: Generated, state: NodeState
    ) -> NodeResult:
        why = self.desk.why(want, await self.desk.row(made))
        shown = NodePictures(
            id=node.id,
            pictures=made.versions,
            references=want.sources,
            cached=state == "cached",
            model=made.model,
            actual_micros=made.actual_micros,
            seconds=made.seconds,
        )
        await self._say(shown)
        await self._say(NodeChanged(id=node.id, state=state, mode=want.mode, why=why))
        return NodeResult(
            id=node.id, state=state, mode=want.mode, why=why, references=want.sources, generated=made
        )

    async def _say(self, event: FlowEvent) -> None:
        try:
            await self.tell(event)
        except Exception as exc:
            raise _Unheard from exc

    def _ctx(self, node: TransformNode) -> Context:
        """The node's own: what is in doubt of one node keeps no other from being asked for."""

        async def emit(event: Event) -> None:
            if isinstance(event, Progress | Preview):
                await self._say(event)

        here = f"{self.ctx.conversation_id}/{node.id}"
        return replace(self.ctx, conversation_id=here, call_id=node.id, emit=emit)
