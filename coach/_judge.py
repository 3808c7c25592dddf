"""What a call of the model is, decided before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coach._answers import WAITS, finished, rejected, waiting
from coach._calls import Call, Meter
from coach._run import Outcome, Runner, validated
from coach.action import Action
from coach.context import Context
from coach.pending import PATIENCE, CallRecord, digest_of
from coach.phase import Phase

if TYPE_CHECKING:
    from coach.folder import Coach


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call that may run: known, allowed, valid."""

    action: Action[..., Any]
    record: CallRecord


class Judge:
    """Judges the calls of one turn.

    Args:
        coach: Its actions, and its journal of calls.
        who: Whose turn it is.
        meter: What the turn has used; every call counts.
        runner: Knows how often a call was put right.
    """

    def __init__(self, coach: Coach, who: Context, meter: Meter, runner: Runner) -> None:
        self._coach, self._who, self._meter, self._runner = coach, who, meter, runner

    async def judge(self, call: Call, phase: Phase, prompt_version: str, *, pressed: bool) -> Asked | Outcome:
        """Decide what a call is, before anything happens."""
        known = await self._coach.journal.find(self._who.user_id, self._who.conversation_id, call.id)
        if known is not None:
            self._meter.calls += 1  # else a model that repeats one id for ever would never be stopped
            return self.repeated(call, known, phase)
        if (no_room := self._meter.take_call()) is not None:
            return rejected(call, "refused", no_room)
        action = self._coach.actions.get(call.name)
        if action is None or call.name not in phase.actions:
            here = ", ".join(f"`{name}`" for name in phase.actions) or "none"
            return rejected(call, "retry", f"There is no such action here. Available now: {here}.")
        arguments, wrong = validated(action, call)
        if wrong:
            return Outcome(event=self._runner.put_right(call.id, action, wrong))
        asks = not pressed and (action.by == "user" or action.name in phase.confirm)
        digest = digest_of(action.name, arguments)
        if not pressed:
            again = self._meter.take_repeat(digest, spends=action.spends and not asks)
            if again is not None:
                return rejected(call, "refused", again)
        if action.spends and (no_room := self._meter.take_picture()) is not None:
            return rejected(call, "refused", no_room)
        now = datetime.now(UTC)
        record = CallRecord(
            user_id=self._who.user_id,
            conversation_id=self._who.conversation_id,
            call_id=call.id,
            action=action.name,
            arguments=arguments,
            digest=digest,
            phase=phase.name,
            prompt_version=prompt_version,
            state="waiting" if asks else "running",
            created_at=now,
            expires_at=now + PATIENCE if asks else None,
        )
        return Asked(action=action, record=record)

    def repeated(self, call: Call, record: CallRecord, phase: Phase) -> Asked | Outcome:
        """What a call id that is on record gives: its own answer, whatever the phase is by now."""
        record = replace(record, call_id=call.id)  # as it was asked: a database may keep it cleaned
        action = self._coach.actions.get(record.action)
        arguments, wrong = ({}, "gone") if action is None else validated(action, call)
        if action is None or wrong or not record.is_of(call.name, arguments):
            say = "This call id was used before for another call. Call again with a new id."
            return finished(record, "refused", say)
        if record.state == "waiting":
            if record.expires_at is not None and record.expires_at <= datetime.now(UTC):
                say = "The user did not answer this in time. Ask them, and call again with a new id."
                return finished(record, "refused", say)
            return finished(record, "waiting", WAITS, waits=waiting(record, action))
        if record.state != "running":
            following = record.next if record.next in phase.next else None
            return finished(record, record.state, record.say, record.data, following=following)
        # Of a question that was answered nobody here knows the answer: it may have been a no.
        if record.expires_at is not None or not action.spends or action.name not in phase.actions:
            say = "An earlier try has not ended, or was cut off. Look at what you know before you repeat it."
            return finished(record, "retry", say)
        return Asked(action=action, record=record)
