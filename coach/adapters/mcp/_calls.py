"""A tool call from its request to its result, with the questions to the person in between."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from coach.adapters._hosted import Listener
from coach.adapters.mcp import _asks
from coach.adapters.mcp._asks import Asked, Means, Question
from coach.adapters.mcp._pictures import Pictures
from coach.adapters.mcp._talks import Came, Person, Talks, unheard
from coach.adapters.mcp._tools import failed, result
from coach.errors import CoachError
from coach.events import Event, Preview, Progress, Waiting
from coach.store import Store

logger = logging.getLogger("coach.mcp")

CALL_ID = "coach/callId"
"""In a request's ``_meta``: makes it the same call as an earlier one, which has its effect once."""

_ANSWER = "answer"
_LONGEST_ID = 200
_MOST_QUESTIONS = 6
_CONSENT = frozenset({"consent_missing", "no_consent"})
_OPENED = "The page for it is open. When the user has added a photo there, call this again."

Context = ServerRequestContext[Any, Any]
Hears = Callable[[Person, Event], Any]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One request: who asks for what, and who is told meanwhile."""

    ctx: Context
    person: Person
    name: str
    arguments: dict[str, Any]
    listen: Listener


class Calls:
    """Answers ``tools/call``.

    Args:
        talks: The conversations.
        pictures: What came of calls.
        means: How people do what no model may do for them.
        moved: Told when a person's conversation moved.
        listen: Told everything that happens.
    """

    def __init__(
        self,
        talks: Talks,
        pictures: Pictures,
        means: Means,
        moved: Callable[[Context, Person], Any],
        listen: Hears | None,
    ) -> None:
        self._talks, self._pictures, self._means = talks, pictures, means
        self._moved, self._listen = moved, listen
        self._store = talks.coach.perhaps("store", Store)

    async def answer(
        self,
        ctx: Context,
        person: Person,
        params: types.CallToolRequestParams,
        *,
        new_id: str = "",
        heard: Listener | None = None,
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Make a call, or go on with one that a question was asked about.

        Args:
            new_id: The id of a call to which the client gives none.
            heard: Told what happens, instead of the client.

        Raises:
            MCPError: There is no such tool.
        """
        asking = Asking(
            ctx=ctx,
            person=person,
            name=params.name,
            arguments=dict(params.arguments or {}),
            listen=self._listener(ctx, person, heard),
        )
        try:
            if params.name not in self._talks.coach.actions:
                came = await self._call(asking, "")
                raise MCPError(code=types.INVALID_PARAMS, message=came.say)
            return await self._answer(asking, params, new_id or f"m{uuid4().hex[:12]}")
        except CoachError as error:
            return failed(str(error))

    async def _answer(
        self, asking: Asking, params: types.CallToolRequestParams, new_id: str
    ) -> types.CallToolResult | types.InputRequiredResult:
        if params.request_state is None:
            call_id = str((asking.ctx.meta or {}).get(CALL_ID) or new_id)[:_LONGEST_ID]
            came = await self._call(asking, call_id)
        else:
            # The boundary in front has unsealed it: it is ours, this person's, for this call, and not old.
            asked = Asked.model_validate_json(params.request_state)
            given = (params.input_responses or {}).get(_ANSWER)
            answer = given if isinstance(given, types.ElicitResult) else types.ElicitResult(action="cancel")
            came, settled = await self._take(asking, asked, answer)
            if settled:
                return await self.result(asking.ctx, asking.person, came)
        for _ in range(_MOST_QUESTIONS):
            question = await self._question(asking, came)
            if question is None:
                break
            if asking.ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
                request = types.ElicitRequest(params=question.params)
                state = question.asked.model_dump_json()
                return types.InputRequiredResult(input_requests={_ANSWER: request}, request_state=state)
            came, settled = await self._take(asking, question.asked, await _elicit(asking.ctx, question))
            if settled:
                break
        return await self.result(asking.ctx, asking.person, came)

    async def _call(self, asking: Asking, call_id: str) -> Came:
        return await self._talks.call(asking.person, call_id, asking.name, asking.arguments, asking.listen)

    async def _question(self, asking: Asking, came: Came) -> Question | None:
        """What the person is to be asked, if their client can."""
        capabilities = asking.ctx.session.client_capabilities
        fills_in, call_id = _asks.can_fill_in(capabilities), came.finished.call_id
        if came.waiting is not None:
            return _asks.confirmation(came.waiting) if fills_in else None
        why = (came.finished.data or {}).get("code") if came.finished.state == "refused" else None
        if why == "in_doubt" and fills_in:
            doubts = await self._talks.doubts(asking.person)
            return _asks.another_try(call_id, doubts) if doubts else None
        if self._store is None or why not in {*_CONSENT, "no_photo"}:
            return None
        if why in _CONSENT or await self._store.consents.active(asking.person.user_id) is None:
            return _asks.agreement(call_id) if fills_in else None
        if self._means.read is not None:
            return _asks.photo_file(call_id) if fills_in else None
        page = self._means.page and self._means.page(asking.ctx.request)
        return _asks.photo_page(call_id, page) if page and _asks.can_open(capabilities) else None

    async def _take(self, asking: Asking, asked: Asked, answer: types.ElicitResult) -> tuple[Came, bool]:
        """Act on an answer; says whether that settles the call, or something else may have to be asked.

        Raises:
            Conflict: The question was answered before, or has expired.
        """
        if asked.about == "yes" and answer.action != "cancel":
            yes = answer.action == "accept"
            decided = self._talks.decide(
                asking.person, asked.call_id, asked.digest, yes=yes, listen=asking.listen
            )
            return await decided, False
        quietly = replace(asking, listen=unheard)  # it was told before
        # What was answered before has been followed by this call: the same answer again has no other effect.
        after = f"{asked.call_id}-2"
        if answer.action == "accept" and asked.about == "page":
            came = await self._call(quietly, asked.call_id)
            return replace(came, say=_OPENED), True
        if answer.action == "accept" and await self._put_right(asking, asked, answer, after):
            return await self._call(asking, after), False
        return await self._call(quietly, asked.call_id), True

    async def _put_right(self, asking: Asking, asked: Asked, answer: types.ElicitResult, after: str) -> bool:
        where, content = await self._talks.at(asking.person), answer.content or {}
        journal = self._talks.coach.journal
        if await journal.find(where.user_id, where.conversation_id, after) is not None:
            return True
        if asked.about == "doubt":
            await self._talks.try_again(asking.person, asked.doubts)
            return True
        assert self._store is not None, "without a store nothing is asked that needs one"
        if asked.about == "consent":
            return await _asks.agree(self._store, where.user_id, content)
        return await _asks.add_photo(self._store, where.user_id, content, self._means)

    async def decide(
        self, ctx: Context, person: Person, waiting: Waiting, *, yes: bool, heard: Listener
    ) -> types.CallToolResult:
        """Give the person's answer to what waits for it.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """
        listen = self._listener(ctx, person, heard)
        came = await self._talks.decide(person, waiting.call_id, waiting.digest, yes=yes, listen=listen)
        return await self.result(ctx, person, came)

    async def result(self, ctx: Context, person: Person, came: Came) -> types.CallToolResult:
        """What came of a call, as its client gets it."""
        if came.moved:
            await self._moved(ctx, person)
        links = await self._pictures.links(person, came.finished)
        code = (came.finished.data or {}).get("code")
        hint = self._means.photo if code in {*_CONSENT, "no_photo"} else ""
        asks = came.waiting is not None or code == "in_doubt"
        return result(came, links, hint=self._means.yes if asks else hint)

    def step(self, person: Person, event: Event) -> str:
        """What a person's client is told of a call under way; ``""``: nothing."""
        match event:
            case Progress(text=text, done=done, of=of):
                return f"{text} ({done:g} of {of:g})" if done is not None and of is not None else text
            case Preview():
                return f"An unfinished picture is there: {self._pictures.preview(person, event)}"
        return ""

    def _listener(self, ctx: Context, person: Person, heard: Listener | None) -> Listener:
        steps = 0

        async def listen(event: Event) -> None:
            nonlocal steps
            if self._listen is not None:
                await self._listen(person, event)
            if heard is not None:
                await heard(event)
            elif say := self.step(person, event):
                steps += 1  # it must rise, and what an action counts may begin anew
                await ctx.session.report_progress(steps, message=say)

        return listen


async def _elicit(ctx: Context, question: Question) -> types.ElicitResult:
    """Ask in the way of the revisions before 2026-07-28: by a request to the client."""
    params, related = question.params, ctx.request_id
    try:
        if isinstance(params, types.ElicitRequestFormParams):
            return await ctx.session.elicit_form(params.message, params.requested_schema, related)
        named = params.elicitation_id or ""
        return await ctx.session.elicit_url(params.message, params.url, named, related)
    except MCPError as error:  # it said it could, and could not
        logger.warning("A client could not ask its user: code %s.", error.error.code)
        return types.ElicitResult(action="cancel")
