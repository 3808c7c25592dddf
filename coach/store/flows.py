"""Flows as they are drawn, and their runs as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from coach.errors import Conflict
from coach.store._rows import columns, every, first, hold, new_id, now, one, rows_of
from coach.store._work import Work, Works
from coach.store.database import Database
from coach.store.serving import flow_runs, flows, happenings
from coach.text import one_line

BUSY = "This flow is being run; wait until that has ended."


@dataclass(frozen=True, kw_only=True)
class FlowRow:
    """A flow of one person.

    Attributes:
        tenant: Whose customer they are, or ``""``.
        graph: A :class:`coach.flows.Flow` as JSON.
        again: How often another picture of the same was wanted, by node.
    """

    id: str
    user_id: str
    tenant: str
    title: str
    graph: Mapping[str, Any]
    again: Mapping[str, int]
    created_at: datetime
    updated_at: datetime


class Flows:
    """People's flows. ``NotFound``: this person has no such flow."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, user_id: str, graph: Mapping[str, Any], *, title: str = "", tenant: str = ""
    ) -> FlowRow:
        """A new flow."""
        moment = now()
        flow = FlowRow(
            id=new_id(),
            user_id=user_id,
            tenant=tenant,
            title=one_line(title),
            graph=graph,
            again={},
            created_at=moment,
            updated_at=moment,
        )
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await connection.execute(insert(flows), vars(flow))
        return flow

    async def get(self, user_id: str, flow_id: str) -> FlowRow:
        """One flow.

        Raises:
            NotFound: This person has no such flow.
        """
        mine = rows_of(flows, FlowRow, user_id).where(flows.c.id == flow_id)
        async with self._database.read() as connection:
            return await one(connection, mine, FlowRow, kind="flow", ref=flow_id)

    async def list(self, user_id: str) -> Sequence[FlowRow]:
        """The person's flows, the one last changed first."""
        mine = rows_of(flows, FlowRow, user_id).order_by(flows.c.updated_at.desc(), flows.c.id)
        async with self._database.read() as connection:
            return await every(connection, mine, FlowRow)

    async def change(
        self, user_id: str, flow_id: str, graph: Mapping[str, Any], *, title: str | None = None
    ) -> FlowRow:
        """Put another graph in its place. What is being run goes on as it was.

        Args:
            title: ``None``: as it is.

        Raises:
            NotFound: This person has no such flow.
        """
        values: dict[str, Any] = {"graph": dict(graph), "updated_at": now()}
        values |= {} if title is None else {"title": one_line(title)}
        mine = update(flows).where(flows.c.user_id == user_id, flows.c.id == flow_id)
        async with self._database.write() as connection:
            changed = mine.values(**values).returning(*columns(flows, FlowRow))
            return await one(connection, changed, FlowRow, kind="flow", ref=flow_id)

    async def remove(self, user_id: str, flow_id: str) -> None:
        """Delete a flow with its runs and what was seen of them. Its pictures stay where pictures are.

        Raises:
            NotFound: This person has no such flow.
            Conflict: It is being run.
        """
        mine = flows.c.user_id == user_id, flows.c.id == flow_id
        running = select(flow_runs.c.id).where(
            flow_runs.c.user_id == user_id, flow_runs.c.flow_id == flow_id, flow_runs.c.state == "running"
        )
        seen = happenings.c.user_id == user_id, happenings.c.channel == flow_id
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await one(connection, select(flows.c.id).where(*mine), _Id, kind="flow", ref=flow_id)
            if await first(connection, running) is not None:
                raise Conflict(BUSY)
            await connection.execute(delete(happenings).where(*seen))
            await connection.execute(delete(flows).where(*mine))


@dataclass(frozen=True, kw_only=True)
class RunRow(Work):
    """One run of a flow.

    Attributes:
        graph: The flow as it was when the run was asked for; ``None``: it has ended.
        again: The flow's, for this run.
    """

    flow_id: str
    graph: Mapping[str, Any] | None
    again: Mapping[str, int]


class FlowRuns(Works[RunRow]):
    """The runs of this database's flows."""

    def __init__(self, database: Database) -> None:
        done = {"graph": None}
        super().__init__(database, table=flow_runs, row_type=RunRow, kind="run", of="flow_id", done=done)

    async def begin(
        self,
        user_id: str,
        flow_id: str,
        *,
        key: str,
        body: Mapping[str, Any],
        holder: str,
        again: str | None = None,
    ) -> tuple[RunRow, bool]:
        """Write down that a run was asked for; says whether it is new.

        Args:
            again: The node of which another picture is wanted: counted once for each run.

        Raises:
            NotFound: This person has no such flow.
            Conflict: The key was used for another run of this flow.
        """
        its = flows.c.user_id == user_id, flows.c.id == flow_id
        mine = select(*columns(flows, FlowRow)).where(*its)
        async with self._database.write() as connection:
            await hold(connection, user_id)
            flow = await one(connection, mine, FlowRow, kind="flow", ref=flow_id)
            counts = dict(flow.again) | ({again: flow.again.get(again, 0) + 1} if again else {})
            run, is_new = await self._ask(
                connection,
                user_id,
                flow_id,
                key=key,
                holder=holder,
                body=dict(body),
                graph=dict(flow.graph),
                again=counts,
            )
            if is_new and again:
                await connection.execute(update(flows).where(*its).values(again=counts))
        return run, is_new


@dataclass(frozen=True, kw_only=True)
class _Id:
    id: str
