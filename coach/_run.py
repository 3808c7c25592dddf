"""Running one action: alone where it must be, in time, and with exactly one kind of answer."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from coach._calls import Call, Meter
from coach._changed import changed
from coach.action import Action, Result
from coach.context import Context
from coach.errors import CoachError, ConsentMissing, NotFound, PhotoRefused, PictureError, Refused, Retry
from coach.events import Finished, Started, State, Waiting
from coach.pending import CallRecord, Journal
from coach.schema import drop_left_out
from coach.terms import Terms

R = TypeVar("R")

log = logging.getLogger("coach")

_OF_BUDGETS = frozenset({"budget_spent", "over_budget"})

_locks: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended, the phase it asks to go to, and the question it leaves with the person."""

    event: Finished
    next: str | None = None
    waits: Waiting | None = None


def validated(action: Action[..., Any], call: Call) -> tuple[dict[str, Any], str]:
    """Judge a call's arguments.

    Returns:
        The arguments as plain data and ``""``, or ``{}`` and what is wrong, without echoing any value.
    """
    given = call.parse()
    if given is None:
        return {}, "The arguments are not a JSON object."
    try:
        return taken(action, given), ""
    except ValidationError as exc:
        problems = problems_of(exc)
        listed = "; ".join(f"{_where(problem['loc'])}: {problem['msg']}" for problem in problems[:8])
        return {}, f"These arguments do not fit: {listed}."
    except RecursionError:
        return {}, "The arguments are nested too deeply."


def taken(action: Action[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments as plain data.

    Raises:
        ValidationError: They do not fit. Tell :func:`problems_of` it.
        RecursionError: They are nested too deeply.
    """
    params = action.params.model_validate(drop_left_out(action.params, given))
    return params.model_dump(mode="json")


def problems_of(error: ValidationError) -> list[ErrorDetails]:
    """What does not fit, without echoing any value."""
    return error.errors(include_url=False, include_input=False, include_context=False)


def _where(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:40] for part in loc) or "arguments"


class Runner:
    """Runs actions for one turn, with the coach's services.

    Args:
        services: What an action may ask for, by name.
        journal: Where outcomes are kept.
        meter: What the turn has used.
    """

    def __init__(self, services: Mapping[str, object], journal: Journal, meter: Meter) -> None:
        self._services, self._journal, self._meter = services, journal, meter

    async def run(self, action: Action[..., Any], record: CallRecord, ctx: Context) -> Outcome:
        """Run an action and keep its outcome. Only cancellation passes through."""
        await ctx.emit(Started(call_id=record.call_id, action=action.name))
        outcome = await self._settle(action, record, partial(self._done, action, record, ctx))
        await self.keep(record, outcome)
        return outcome

    async def terms(
        self, action: Action[..., Any], record: CallRecord, ctx: Context
    ) -> Terms | Outcome | None:
        """What a yes to a call is bound to, as it is now; or why it cannot be done. Nothing is kept."""
        terms = action.terms
        if terms is None:
            return None
        return await self._settle(action, record, partial(self._terms, terms, action, record, ctx))

    async def keep(self, record: CallRecord, outcome: Outcome) -> None:
        """Write an outcome down."""
        event = outcome.event
        ended = changed(record, state=event.state, say=event.say, data=event.data, next=outcome.next)
        await self._journal.finish(ended)

    def put_right(self, call_id: str, action: Action[..., Any], say: str) -> Finished:
        """Ask the model to put a call right; after the allowed tries, the answer stands."""
        self._meter.retries[action.name] += 1
        if self._meter.retries[action.name] > self._meter.limits.retries:
            say += " It was tried often enough: do not call this again now, talk with the user instead."
            return Finished(call_id=call_id, action=action.name, state="refused", say=say)
        return Finished(call_id=call_id, action=action.name, state="retry", say=say)

    async def _settle(
        self, action: Action[..., Any], record: CallRecord, work: Callable[[], Awaitable[R]]
    ) -> R | Outcome:
        """Do some of an action's work in time; whatever is raised becomes the outcome."""

        def ended(state: State, say: str, why: Mapping[str, Any] | None = None) -> Outcome:
            event = Finished(call_id=record.call_id, action=action.name, state=state, say=say, data=why)
            return Outcome(event=event)

        # What may be paid for is never cut off by the turn's clock: it began in time, and is let finish.
        left = action.timeout if action.spends else min(action.timeout, self._meter.seconds_left)
        seconds = max(0.0, left)
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await work()
        except (Retry, NotFound) as exc:
            return Outcome(event=self.put_right(record.call_id, action, str(exc)))
        except PictureError as exc:
            log.warning("action %s made no picture: %s. %s", action.name, exc.code, exc.detail)
            # The model is told which budget it was: so it can say whether another day, or only an operator,
            # helps. The person's own sentence names none.
            why = f" {exc.detail}" if exc.code in _OF_BUDGETS else ""
            return ended("refused", f"{exc}{why}", {"code": exc.code, "paid": exc.paid})
        except (Refused, CoachError) as exc:
            return ended("refused", str(exc), _why(exc))
        except (Exception, SystemExit, asyncio.CancelledError) as exc:
            if isinstance(exc, asyncio.CancelledError) and _cancelled():
                raise
            if isinstance(exc, TimeoutError) and deadline.expired():
                log.warning("action %s took longer than %.0f s", action.name, seconds)
                return ended("failed", f"`{action.name}` did not finish within {seconds:.0f} seconds.")
            ref = secrets.token_hex(4)
            log.exception("action %s failed, ref %s", action.name, ref)
            return ended("failed", f"`{action.name}` failed for a reason you cannot put right (ref {ref}).")

    async def _done(self, action: Action[..., Any], record: CallRecord, ctx: Context) -> Outcome:
        async with _alone(action, record):
            result: Any = await self._called(action, action, record, ctx)
        if not isinstance(result, Result) or not isinstance(result.say, str):
            raise TypeError(f"{action.name} must return a Result whose `say` is text")
        return _outcome(action, record, ctx, result)

    async def _terms(
        self,
        terms: Callable[..., Awaitable[Terms | None]],
        action: Action[..., Any],
        record: CallRecord,
        ctx: Context,
    ) -> Terms | None:
        found: Any = await self._called(terms, action, record, ctx)
        if found is not None and not isinstance(found, Terms):
            raise TypeError(f"the terms of {action.name} must be Terms, or None")
        return found

    async def _called(
        self, part: Callable[..., Awaitable[R]], action: Action[..., Any], record: CallRecord, ctx: Context
    ) -> R:
        """Call an action, or its terms, with what it asks for."""
        params = action.params.model_validate(record.arguments)
        services = [self._services[name] for name in action.needs]
        return await part(ctx, *services, **params.__dict__)


def _why(refusal: Exception) -> dict[str, Any] | None:
    """For programs: the code of what a person can put right, also where an action says it otherwise."""
    for error in (refusal, refusal.__cause__):
        match error:
            case ConsentMissing():
                return {"code": "consent_missing"}
            case PhotoRefused(code=code):
                return {"code": code}
    return None


def _cancelled() -> bool:
    """Whether it is us who are cancelled, and not something inside an action."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@lru_cache(maxsize=256)
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Made once for each kind of data: making it costs more than using it."""
    return TypeAdapter(kind)


def _outcome(action: Action[..., Any], record: CallRecord, ctx: Context, result: Result[Any]) -> Outcome:
    data = None
    if result.data is not None:
        kind: Any = type(result.data)
        data = _adapter(kind).dump_python(result.data, mode="json")
    following = result.next
    if following is not None and following not in ctx.next:
        log.error(
            "action %s asked for phase %r, which %r does not lead to", action.name, following, ctx.phase
        )
        following = None
    finished = Finished(call_id=record.call_id, action=action.name, state="done", say=result.say, data=data)
    return Outcome(event=finished, next=following)


def _alone(action: Action[..., Any], record: CallRecord) -> AbstractAsyncContextManager[Any]:
    """The lock for the one value of this person that the action works on alone, if it asks for one."""
    if action.exclusive is None:
        return nullcontext()
    key = (record.user_id, action.exclusive, str(record.arguments.get(action.exclusive)))
    return _locks.setdefault(key, asyncio.Lock())
