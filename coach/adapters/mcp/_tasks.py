"""Calls as tasks: the extension ``io.modelcontextprotocol/tasks`` (GitHub, modelcontextprotocol/ext-tasks).

A task is a call as the journal knows it, so it is found again after a restart and by every process, and ends
with what is kept. Beside the journal only the last news of calls under way here are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, TypeVar

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from coach._stream import Emit, Stream
from coach.adapters._hosted import Listener
from coach.adapters.mcp._asks import can_fill_in, confirmation
from coach.adapters.mcp._calls import CALL_ID, Calls
from coach.adapters.mcp._talks import Person, Talks
from coach.errors import Conflict
from coach.events import Event, Progress, Waiting
from coach.pending import CallRecord

T = TypeVar("T")

TASKS = "io.modelcontextprotocol/tasks"

TTL = timedelta(days=1)
"""How long a task is found, from when its call was made."""

_POLL_MS = 2000
_ID = re.compile(r"t[0-9a-f]{32}(-2)*")
_GOES_ON = "It cannot be stopped: what is begun is finished and kept."

Context = ServerRequestContext[Any, Any]


class TaskParams(types.RequestParams):
    """Which task is meant."""

    task_id: str


class UpdateParams(TaskParams):
    """What the person answered, by the keys of the questions."""

    input_responses: types.InputResponses


class Tasks:
    """Answers ``tools/call`` with a task where that takes long, and ``tasks/…``.

    What the person has to answer first is asked before there is a task, as the extension recommends. A call
    becomes one with the first step it reports: what ends before that is answered at once.

    Args:
        talks: The conversations, whose journal knows the calls.
        calls: Makes the calls.
    """

    def __init__(self, talks: Talks, calls: Calls) -> None:
        self._talks, self._calls = talks, calls
        self._news: dict[tuple[str, str], str] = {}

    async def call(
        self, ctx: Context, person: Person, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult | dict[str, Any]:
        """Make a call. One with an id that the client gave it is never a task: such an id can be guessed."""
        action = self._talks.coach.actions.get(params.name)
        if action is None or not action.spends or CALL_ID in (ctx.meta or {}) or not _declared(ctx):
            return await self._calls.answer(ctx, person, params)

        async def work(heard: Listener) -> types.CallToolResult | types.InputRequiredResult:
            new_id = f"t{token_hex(16)}"
            return await self._calls.answer(ctx, person, params, new_id=new_id, heard=heard)

        ended = await self._until_at_work(person, work)
        if not isinstance(ended, str):
            return ended
        return _task(await self._find(person, ended), "working") | {"resultType": "task"}

    async def get(self, ctx: Context, person: Person, params: TaskParams) -> dict[str, Any]:
        """How a task stands.

        Raises:
            MCPError: This person has no such task.
        """
        record = await self._known(ctx, person, params)
        if record.state == "running" and not await self._cut_off(person, record):
            news = self._news.get((person.user_id, record.call_id), "")
            return _task(record, "working", statusMessage=f"{news}. {_GOES_ON}" if news else _GOES_ON)
        record = await self._find(person, params.task_id)  # it may have ended meanwhile, or wait again
        if (waiting := self._talks.asks(record)) and can_fill_in(ctx.session.client_capabilities):
            question = types.ElicitRequest(params=confirmation(waiting).params)
            return _task(record, "input_required", inputRequests={_key(waiting): _plain(question)})
        came = await self._talks.came(person, record)
        return _task(record, "completed", result=_plain(await self._calls.result(ctx, person, came)))

    async def update(self, ctx: Context, person: Person, params: UpdateParams) -> dict[str, Any]:
        """Give the person's answer. What is not asked, or not any more, is ignored.

        Raises:
            MCPError: This person has no such task.
        """
        waiting = self._talks.asks(await self._known(ctx, person, params))
        answer = waiting and params.input_responses.get(_key(waiting))
        if waiting is None or not isinstance(answer, types.ElicitResult) or answer.action == "cancel":
            return {}
        question, yes = waiting, answer.action == "accept"

        async def work(heard: Listener) -> None:
            await self._calls.decide(ctx, person, question, yes=yes, heard=heard)

        with suppress(Conflict):  # answered meanwhile
            await self._until_at_work(person, work)
        return {}

    async def cancel(self, ctx: Context, person: Person, params: TaskParams) -> dict[str, Any]:
        """Hear that a client wants no more of a task. What is begun goes on: it may be paid for.

        Raises:
            MCPError: This person has no such task.
        """
        await self._known(ctx, person, params)
        return {}

    async def _until_at_work(self, person: Person, work: Callable[[Listener], Awaitable[T]]) -> T | str:
        """What comes of some work; or, with its first step, the task it is from then on: it goes on alone."""

        async def produce(emit: Emit) -> T:
            here = set[tuple[str, str]]()

            async def heard(event: Event) -> None:
                if say := self._calls.step(person, event):
                    here.add(key := (person.user_id, getattr(event, "call_id", "")))
                    self._news[key] = say
                await emit(event)

            try:
                return await work(heard)
            finally:
                for key in here:
                    self._news.pop(key, None)

        working = Stream(produce)
        async for event in working:
            if isinstance(event, Progress) and _ID.fullmatch(event.call_id):
                return event.call_id
        return await working

    async def _cut_off(self, person: Person, record: CallRecord) -> bool:
        """Whether nobody is at work on a call that has not ended."""
        return (person.user_id, record.call_id) not in self._news and await self._talks.at_rest(person)

    async def _known(self, ctx: Context, person: Person, params: TaskParams) -> CallRecord:
        if not _declared(ctx):
            raise undeclared()
        named = None if ctx.request is None else ctx.request.headers.get(MCP_NAME_HEADER)
        if ctx.request is not None and decode_header_value(named) != params.task_id:
            say = f"{MCP_NAME_HEADER} header does not match the request body's 'taskId' parameter"
            raise MCPError(code=types.HEADER_MISMATCH, message=say)
        return await self._find(person, params.task_id)

    async def _find(self, person: Person, task_id: str) -> CallRecord:
        record = await self._talks.record(person, task_id) if _ID.fullmatch(task_id) else None
        if record is None or record.created_at + TTL < datetime.now(UTC):
            raise MCPError(code=types.INVALID_PARAMS, message="There is no such task, or its time is over.")
        return record


def watched(ctx: Context) -> None:
    """Let nobody who has no tasks ask to be told of them.

    Raises:
        MCPError: They asked for it.
    """
    wants = (ctx.params or {}).get("notifications")
    if isinstance(wants, dict) and wants.get("taskIds") and not _declared(ctx):
        raise undeclared()


def undeclared() -> MCPError:
    """What a client hears that did not say, with the request, that it has tasks."""
    needs: dict[str, Any] = {"requiredCapabilities": {"extensions": {TASKS: {}}}}
    say = f"Missing required client capability: {TASKS}"
    return MCPError(code=types.MISSING_REQUIRED_CLIENT_CAPABILITY, message=say, data=needs)


def _declared(ctx: Context) -> bool:
    capabilities = ctx.session.client_capabilities
    has = None if capabilities is None else capabilities.extensions
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and TASKS in (has or {})


def _key(waiting: Waiting) -> str:
    """A question's name: no other question has it, nor this one when it is asked anew."""
    return f"{waiting.digest[:16]}-{waiting.expires_at.timestamp():.6f}"


def _plain(model: types.CallToolResult | types.ElicitRequest) -> dict[str, Any]:
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


def _task(record: CallRecord, status: str, **more: Any) -> dict[str, Any]:
    return {
        "taskId": record.call_id,
        "status": status,
        "createdAt": record.created_at.isoformat(),
        "lastUpdatedAt": (record.finished_at or record.created_at).isoformat(),
        "ttlMs": int(TTL.total_seconds() * 1000),
        "pollIntervalMs": _POLL_MS,
        **more,
    }
