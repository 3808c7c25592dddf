"""The gate in front of one picture service: who may ask it, when, and whether at all.

One gate for each upstream, which is one API key at one address: its limits are the key's, and when it is down
others are not. The gate knows no engine and no ledger. It counts time by the event loop's clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import TypeAlias

from coach.errors import PictureError
from coach.studio._breaker import Breaker, RetryBudget
from coach.studio._pace import Pace
from coach.studio._queue import Queue
from coach.studio.faults import fault

logger = logging.getLogger(__name__)

# A refused request is no sign of an illness: most services check it before those who draw are asked. With a
# bad key or no credit every further post fails too; an unusable answer is the dearest failure of all.
_UNWELL = frozenset(
    {
        *("bad_answer", "bad_key", "connection_lost", "not_sent", "over_quota", "service_error", "timeout"),
        *("apology", "not_available", "spec_again"),
    }
)
# Refused for what was asked: as a probe, a sign of life.
_READ = frozenset({"invalid_image", "invalid_request", "moderation_blocked", "too_large"})

_WELL = "The picture service is well again."


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """What one service is asked to bear. Seconds are seconds; everything is above 0.

    Attributes:
        at_once: Pictures being made at the same time.
        per_minute: Pictures per minute, from the account's tier (OpenAI's model pages: 5 in tier 1, 250 in
            tier 5); ``None``: what its "too many requests" teaches.
        patience: Seconds a request waits for its turn at most.
        failures: So many in a row, ``failures_within`` seconds, and the service counts as down.
        failures_within: See ``failures``.
        down_for: Seconds it is then left alone, and from one probe to the next.
        requests_per_retry: So many requests earn one retry; one a minute is free.

    Raises:
        ValueError: A number is not above 0.
    """

    at_once: int = 16
    per_minute: float | None = None
    patience: float = 120.0
    failures: int = 5
    failures_within: float = 30.0
    down_for: float = 30.0
    requests_per_retry: int = 10

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        wrong = [name for name, value in values.items() if value is not None and not value > 0]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} must be above 0.")


@dataclass(frozen=True, kw_only=True)
class GateState:
    """How things stand.

    Attributes:
        in_flight: Pictures being made.
        waiting: Requests that wait for their turn.
        paused_for: Seconds until the next may go, by pacing and by what the service said.
        down_for: Seconds until the service is tried again; 0 while it counts as well, or a probe may go.
        closing: Whether nobody is let in any more.
    """

    in_flight: int
    waiting: int
    paused_for: float
    down_for: float
    closing: bool


class Pass:
    """Leave to send one request. Say how it ended; unsaid, it counts neither for nor against the service."""

    def __init__(self, gate: Gate, person: str, pictures: int) -> None:
        self._gate, self.person, self.pictures = gate, person, pictures
        self.at, self.era = 0.0, 0
        # Ends with None when it may go, else with why it may not.
        self.turn: asyncio.Future[PictureError | None] = asyncio.get_running_loop().create_future()

    def succeeded(self) -> None:
        """A picture came."""
        self._gate._succeeded(self)

    def failed(self, error: PictureError) -> None:
        """None came. ``rate_limited`` pauses the gate for ``retry_after``; others may open the breaker."""
        self._gate._failed(self, error)


class Gate:
    """Lets requests through to one service: fairly, not too many, not too fast, and not while it is down."""

    def __init__(self, limits: GateLimits) -> None:
        self.limits = limits
        self._queue: Queue[Pass] = Queue()
        self._pace = Pace(limits.per_minute)
        self._breaker = Breaker(
            failures=limits.failures, within=limits.failures_within, open_for=limits.down_for
        )
        self._retries = RetryBudget(limits.requests_per_retry)
        self._in_flight, self._closing = 0, False
        self._idle = asyncio.Event()
        self._idle.set()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def admit(
        self, person: str, pictures: int = 1, *, patience: float | None = None
    ) -> AsyncIterator[Pass]:
        """Wait for one's turn; leaving the context gives the room to the next.

        Args:
            person: People take turns, however many requests each of them has.
            pictures: How many the request asks for. More than ``at_once`` go alone.
            patience: Seconds to wait at most; ``None``: those of the limits.

        Raises:
            PictureError: Unpaid: ``service_down``, ``busy`` or ``closing``; with ``retry_after`` if known.
        """
        now = _now()
        patience = self.limits.patience if patience is None else patience
        refusal = self._refusal(now) or self._too_late(person, now, patience)
        if refusal is not None:
            raise refusal
        passed = Pass(self, person, pictures)
        self._queue.add(person, passed)
        self._let_in()
        await self._turn(passed, patience)
        try:
            yield passed
        finally:
            self._leave(passed)

    @property
    def is_full(self) -> bool:
        """Whether the next one would have to wait."""
        crowded = len(self._queue) > 0 or self._in_flight >= self.limits.at_once
        return crowded or self._pace.ready_at > _now()

    def may_retry(self) -> bool:
        """Take one retry from the budget, if there is one. Only for a post that was certainly not charged."""
        return self._retries.spend(_now())

    async def drain(self, seconds: float | None = None) -> bool:
        """Let nobody in any more, refuse those who wait, and wait for those inside.

        Args:
            seconds: How long at most; ``None``: as long as it takes.

        Returns:
            Whether all are out.
        """
        self._closing = True
        self._let_in()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def state(self) -> GateState:
        """How things stand now."""
        now = _now()
        return GateState(
            in_flight=self._in_flight,
            waiting=len(self._queue),
            paused_for=max(0.0, self._pace.ready_at - now),
            down_for=self._breaker.down_for(now),
            closing=self._closing,
        )

    async def _turn(self, passed: Pass, patience: float) -> None:
        loop = asyncio.get_running_loop()
        tired = loop.call_later(patience, self._turn_away, passed, patience)
        try:
            refusal = await passed.turn
        except asyncio.CancelledError:
            # The turn may have come at the very moment of being cancelled.
            if passed.turn.cancelled() or passed.turn.result() is not None:
                self._queue.remove(passed.person, passed)
                self._let_in()
            else:
                self._leave(passed)
            raise
        finally:
            tired.cancel()
        if refusal is not None:
            raise refusal

    def _let_in(self) -> None:
        """Move the queue as far as it goes. Call it whenever something has changed."""
        if self._timer is not None:
            self._timer.cancel()
        now = _now()
        while (first := self._queue.first) is not None:
            if first.turn.done():  # cancelled, and not yet awake to leave by itself
                self._queue.pop()
            elif (refusal := self._refusal(now)) is not None:
                self._queue.pop().turn.set_result(refusal)
            elif self._in_flight and self._in_flight + first.pictures > self.limits.at_once:
                return
            elif self._pace.ready_at > now:
                self._timer = asyncio.get_running_loop().call_at(self._pace.ready_at, self._let_in)
                return
            else:
                self._enter(self._queue.pop(), now)

    def _enter(self, passed: Pass, now: float) -> None:
        self._in_flight += passed.pictures
        self._idle.clear()
        self._pace.take(now, passed.pictures)
        self._breaker.begin(now)
        self._retries.earn()
        passed.at, passed.era = now, self._breaker.era
        passed.turn.set_result(None)

    def _leave(self, passed: Pass) -> None:
        self._in_flight -= passed.pictures
        if not self._in_flight:
            self._idle.set()
        self._let_in()

    def _turn_away(self, passed: Pass, patience: float) -> None:
        """The patience is over."""
        if not passed.turn.done():
            self._queue.remove(passed.person, passed)
            passed.turn.set_result(_fault("busy", f"Its turn did not come in {patience:.0f} seconds."))
            self._let_in()

    def _refusal(self, now: float) -> PictureError | None:
        """Why nobody at all may go."""
        if self._closing:
            return _fault("closing", "The gate is being drained.")
        if down_for := self._breaker.down_for(now):
            detail = (
                f"It failed {self.limits.failures} times in a row; the next try is in {down_for:.0f} seconds."
            )
            return _fault("service_down", detail, retry_after=down_for)
        return None

    def _too_late(self, person: str, now: float, patience: float) -> PictureError | None:
        """Why there is no use in waiting: the turn cannot come in time, even if all others are quick."""
        wait = self._pace.ready_at - now + self._queue.ahead_of(person) * self._pace.apart
        if wait <= patience:
            return None
        return _fault("busy", f"Its turn would come in {wait:.0f} seconds.", retry_after=wait)

    def _succeeded(self, passed: Pass) -> None:
        if self._breaker.succeeded(passed.era):
            logger.warning(_WELL)

    def _failed(self, passed: Pass, error: PictureError) -> None:
        now = _now()
        if error.code == "rate_limited":
            self._pace.refused(passed.at, passed.pictures)
            self._pace.pause(now, error.retry_after)
        elif error.code in _READ and self._breaker.answered(passed.era):
            logger.warning(_WELL)
        elif error.code in _UNWELL and self._breaker.failed(passed.era, now):
            logger.warning("The picture service is left alone for a while; last it was %s.", error.code)


MakeGate: TypeAlias = Callable[[str, GateLimits], Gate]
"""Makes the gate of a service, by its name."""


def _now() -> float:
    return asyncio.get_running_loop().time()


def _fault(code: str, detail: str, *, retry_after: float | None = None) -> PictureError:
    return fault(code, paid="unpaid", detail=detail, retry_after=retry_after)
