"""The runs of flows: begun once for each key, and run again where a process died; what was paid stays."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from coach.context import Context
from coach.errors import CoachError, Conflict, InputRefused
from coach.events import Preview, Progress
from coach.flows import Flow, FlowEvent, NodeChanged, NodePictures, Source, run_flow
from coach.folder import Coach
from coach.server.live import Live
from coach.server.problems import said_of
from coach.server.record import Record
from coach.server.told import Told, picture
from coach.store import FlowRow, FlowRuns, Flows, RunRow, Store
from coach.studio import Studio


class Run(BaseModel):
    """What of a flow is to be run.

    Attributes:
        node: Only this node, and what it needs; left out: all.
        again: Whether another picture of this node is wanted than the one that is there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    node: str | None = Field(default=None, max_length=64, examples=["drawn"])
    again: bool = False


class Runs:
    """The runs of people's flows.

    Args:
        coach: Its studio makes the pictures.
        store: Where flows and runs are kept.
        live: Where runs are done.
    """

    breakable = True

    def __init__(self, coach: Coach, store: Store, live: Live) -> None:
        self._coach, self._store, self._live = coach, store, live
        self.flows = Flows(store.database)
        self.works = FlowRuns(store.database)

    @property
    def studio(self) -> Studio:
        """What makes the pictures.

        Raises:
            Conflict: No action of the coach makes pictures, so it has none.
        """
        studio = self._coach.perhaps("studio", Studio)
        if studio is None:
            raise Conflict("This coach makes no pictures, so a flow cannot be run here.")
        return studio

    async def begin(self, flow: FlowRow, run: Run, *, key: str | None) -> RunRow:
        """Begin a run, once for each key; it goes on whether or not anybody watches.

        Args:
            key: The client's; ``None``: a new run in any case.

        Raises:
            NotFound: There is no such node, or the flow is gone.
            InputRefused: The node makes no pictures, or it was not said which is wanted again.
            Conflict: The key was used for another run of it.
            StoreUnavailable: This process is stopping.
        """
        Flow.model_validate(flow.graph).order(run.node)
        if run.again and run.node is None:
            raise InputRefused("Say of which node another picture is wanted.", field="node")
        ask = partial(self.works.begin, flow.user_id, flow.id, key=key or uuid4().hex, body=run.model_dump())
        again = run.node if run.again else None
        return await self._live.begin(self, lambda holder: ask(holder=holder, again=again))

    def channel(self, work: RunRow) -> str:
        """The flow."""
        return work.flow_id

    def opening(self, work: RunRow) -> Told:
        """What was asked for."""
        return "run", work.body

    async def do(self, work: RunRow, record: Record, *, anew: bool) -> None:
        """Run it. What a dead process had made of it is there, and not asked for again."""
        flow = await self.flows.get(work.user_id, work.flow_id)

        async def tell(event: FlowEvent) -> None:
            await record.add(*told_of(event))

        await run_flow(
            Flow.model_validate(work.graph),
            studio=self.studio,
            store=self._store,
            ctx=Context(
                user_id=work.user_id, tenant=flow.tenant, conversation_id=work.flow_id, turn_id=work.id
            ),
            node=work.body["node"],
            again=work.again,
            tell=tell,
        )


def told_of(event: FlowEvent) -> Told:
    """What happens in a run, as it is kept."""
    match event:
        case Progress():
            return "progress", {"id": event.call_id, "text": event.text}
        case Preview():
            return "preview", {"id": event.call_id, "index": event.index, "blob": event.blob}
        case NodeChanged():
            told: dict[str, Any] = {"id": event.id, "state": event.state}
            told |= {"mode": event.mode, "why": list(event.why)} if event.mode else {}
            return "node", told | (failure(event.id, event.error) if event.error else {})
        case NodePictures():
            return "image", {
                "id": event.id,
                "cached": event.cached,
                "pictures": [picture(each) for each in event.pictures],
                "references": [reference(each) for each in event.references],
                "model": event.model,
                "actual_micros": event.actual_micros,
                "seconds": event.seconds,
            }


def failure(node_id: str, error: CoachError) -> dict[str, Any]:
    """Why a node failed, or cannot be run: its ``field`` is the node's own where it is about this node."""
    said = said_of(error)
    if "field" in said:
        said["field"] = said["field"].removeprefix(f"nodes.{node_id}.data.")
    return said


def reference(source: Source) -> dict[str, Any]:
    """A picture that went along, as it is kept in an event."""
    return {"kind": source.reference.kind, "id": source.reference.id, "blob": source.blob}
