"""Questions to the person: bound to their terms when they are asked, and to the same ones at the yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from coach._answers import WAITS, finished, waiting
from coach._judge import Asked
from coach._run import Outcome, Runner
from coach.action import Action
from coach.context import Context
from coach.errors import Conflict
from coach.pending import PATIENCE, CallRecord, Journal, bound
from coach.terms import Terms

AGAIN = "It was asked once more, and counts no longer."
CHANGED = "What they said yes to is not what it would be by now. Nothing was done, and they are asked anew."


class Questions:
    """The questions of one turn.

    Args:
        journal: Where they are kept.
        runner: Says what their terms are, and carries out what is agreed.
    """

    def __init__(self, journal: Journal, runner: Runner) -> None:
        self._journal, self._runner = journal, runner

    async def bind(self, asked: Asked, ctx: Context) -> Asked | Outcome:
        """A call that is to wait, with its terms; or why it cannot be done, and nobody needs to be asked."""
        terms = await self._runner.terms(asked.action, asked.record, ctx)
        return terms if isinstance(terms, Outcome) else replace(asked, record=bound(asked.record, terms))

    async def ask(self, record: CallRecord, action: Action[..., Any], ctx: Context) -> Outcome:
        """Ask what was just written down. Of several questions about the same, the last one stays.

        Also of such as are asked side by side: whoever of them looks finds the same one to be the last. The
        digest tells them apart; a database may keep an id cleaned.
        """
        waits = await self._journal.waiting(record.user_id, record.conversation_id)
        same = [each for each in waits if each.is_of(record.action, record.arguments)]
        for older in same[:-1]:
            who, now = (record.user_id, record.conversation_id, older.call_id), datetime.now(UTC)
            if (claimed := await self._journal.claim(*who, older.digest, now)) is not None:
                outcome = finished(claimed, "declined", AGAIN)
                await self._runner.keep(claimed, outcome)
                if older.digest != record.digest:
                    await ctx.emit(outcome.event)
        if same and same[-1].digest != record.digest:
            return finished(record, "declined", AGAIN)
        return finished(record, "waiting", WAITS, waits=waiting(record, action))

    async def decide(
        self, digest: str, actions: Mapping[str, Action[..., Any]], ctx: Context, *, yes: bool
    ) -> tuple[CallRecord, Outcome]:
        """Take the person's answer to the call of ``ctx``, once.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """
        who, now = (ctx.user_id, ctx.conversation_id, ctx.call_id), datetime.now(UTC)
        record = await self._journal.claim(*who, digest, now)
        if record is None:
            raise Conflict("This question was answered before, has expired, or is about something else.")
        action = actions.get(record.action)
        if yes and action is not None:
            return record, await self._agreed(record, action, ctx)
        gone = finished(record, "refused", "This action is no longer available.")
        outcome = gone if yes else finished(record, "declined", "The user said no.")
        await self._runner.keep(record, outcome)
        return record, outcome

    async def _agreed(self, record: CallRecord, action: Action[..., Any], ctx: Context) -> Outcome:
        """Carry out what the person said yes to; if its terms are others by now, ask them anew instead."""
        now = await self._runner.terms(action, record, ctx)
        if isinstance(now, Outcome):
            await self._runner.keep(record, now)
            return now
        before = None if record.terms is None else Terms.of(record.terms)
        same = before.cover(now) if before and now else before == now
        if same:
            return await self._runner.run(action, record, replace(ctx, agreed=before))
        outcome = finished(record, "refused", CHANGED)
        await self._runner.keep(record, outcome)
        moment = datetime.now(UTC)
        anew = replace(record, call_id=f"again-{uuid4().hex}", state="waiting", created_at=moment)
        anew = bound(replace(anew, expires_at=moment + PATIENCE), now)
        await self._journal.begin(anew)
        return replace(outcome, waits=waiting(anew, action))
