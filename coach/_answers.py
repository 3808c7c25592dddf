"""The shapes a turn speaks in: tools for the model, answers to its calls, events for whoever watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coach._calls import Call
from coach._run import Outcome
from coach._stream import Emit
from coach.action import Action
from coach.events import Finished, State, Waiting
from coach.pending import CallRecord
from coach.terms import Terms
from coach.text import clean

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionToolMessageParam

WAITS = "This waits for the user's yes: they see a button now. It has not happened yet; do not say it has."

FAILED: frozenset[State] = frozenset({"retry", "refused", "failed"})
"""The states of a call that did not do what it was to do, and of which no person is asked any more."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one call.

    Attributes:
        say: What the model reads.
        finished: How it ended, and what the application gets.
        waiting: The question it leaves with the person, if its state is ``"waiting"``.
    """

    say: str
    finished: Finished
    waiting: Waiting | None = None

    @classmethod
    def of(cls, outcome: Outcome, moves: list[str]) -> Answer:
        """What came of a call; ``moves`` are the phases asked for, of which the first counts."""
        event, say = outcome.event, outcome.event.say
        if outcome.next is not None and outcome.next != moves[0]:
            say += f" The phase changes once in a reply: it went to {moves[0]}, not to {outcome.next}."
        return cls(say=str(clean(say)), finished=event, waiting=outcome.waits)

    @property
    def failed(self) -> bool:
        """Whether an agent that tells failed calls from others shows this as one."""
        return self.finished.state in FAILED

    @property
    def message(self) -> ChatCompletionToolMessageParam:
        """The tool message that answers the call."""
        return {"role": "tool", "tool_call_id": self.finished.call_id, "content": self.say}


def tool(action: Action[..., Any]) -> ChatCompletionFunctionToolParam:
    """An action as a strict tool of chat completions."""
    return {
        "type": "function",
        "function": {
            "name": action.name,
            "description": action.description,
            "parameters": action.schema,
            "strict": True,
        },
    }


def rejected(call: Call, state: State, say: str) -> Outcome:
    """The answer to a call that was not run."""
    return Outcome(event=Finished(call_id=call.id, action=str(clean(call.name))[:64], state=state, say=say))


def finished(
    record: CallRecord,
    state: State,
    say: str,
    data: Mapping[str, Any] | None = None,
    *,
    following: str | None = None,
    waits: Waiting | None = None,
) -> Outcome:
    """The answer to a call that is on record."""
    event = Finished(call_id=record.call_id, action=record.action, state=state, say=say, data=data)
    return Outcome(event=event, next=following, waits=waits)


def waiting(record: CallRecord, action: Action[..., Any] | None) -> Waiting:
    """The question a person answers with a button: the action's own, or its name as one."""
    ask = action.ask if action is not None else None
    return Waiting(
        call_id=record.call_id,
        action=record.action,
        ask=ask or f"{record.action.replace('_', ' ').capitalize()}?",
        arguments=record.arguments,
        digest=record.digest,
        expires_at=record.expires_at or record.created_at,
        terms=None if record.terms is None else Terms.of(record.terms),
    )


async def tell(outcome: Outcome, emit: Emit) -> None:
    """Tell whoever watches how a call ended, after the question it leaves with the person."""
    if outcome.waits is not None:
        await emit(outcome.waits)
    await emit(outcome.event)
