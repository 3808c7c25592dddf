"""One picture, from the ledger's first line to its last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from coach._reached import reached
from coach.context import Context
from coach.errors import Conflict, PictureError
from coach.store import blob_key
from coach.store.tables import GenerationState
from coach.studio._arrive import arrive
from coach.studio._finish import finish
from coach.studio._keep import Keeper
from coach.studio._previews import Previews
from coach.studio._references import TAKEN_BACK, still_agreed, stop_when_taken_back
from coach.studio.budgets import Budgets
from coach.studio.engines import Engine, Order, PartialImage, Span
from coach.studio.faults import fault, fetchable
from coach.studio.gate import Gate, Pass
from coach.studio.ledger import Generation
from coach.studio.request import PictureRequest
from coach.studio.spool import SpoolFile

logger = logging.getLogger(__name__)

WAITING = "Waiting for our turn at the picture service"
"""What is told of a picture that cannot be sent yet."""

_PREVIEWS = ("First look", "Second look", "Third look")

_AGAIN = frozenset({"rate_limited", "not_sent"})
"""Errors after which the same post may go well; the others would only be refused again."""

_PAUSES = (0.5, 1.5)
"""Seconds before a post that could not leave is tried again: no more often than that."""


@dataclass(kw_only=True)
class Run:
    """The work on one generation whose file we hold.

    Attributes:
        engine: The one that is asked, and ``gate`` the one in front of it.
        generation: How far it came.
        sent: Set while it is out: from then on it may be charged.
    """

    ctx: Context
    request: PictureRequest
    keeper: Keeper
    engine: Engine
    gate: Gate
    budgets: Budgets
    file: SpoolFile
    order: Order
    generation: Generation
    sent: asyncio.Event
    _request_id: str | None = field(default=None, init=False)
    _seconds: float = field(default=0.0, init=False)
    _passed: Pass | None = field(default=None, init=False)
    _where: list[Span] | None = field(default=None, init=False)
    _watch: asyncio.Task[None] | None = field(default=None, init=False)

    async def begin(self) -> None:
        """Open the line in the ledger, and hold the most the picture can cost.

        Raises:
            Conflict: Another process uses the key.
            PictureError: Unpaid: see :meth:`coach.studio.ledger.Ledger.reserve`.
        """
        reached("before_intent")
        try:
            await finish(self._reserve())
        except BaseException:
            if self.generation.state == "reserved":  # written down, and cancelled meanwhile
                await finish(self._end(self._interrupted("cancelled")))
            else:
                self.file.remove()
            raise

    async def generate(self) -> Generation:
        """Send once, receive, keep. Whatever happens, the ledger says how it ended.

        Raises:
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        try:
            await self._ask()
        except PictureError as error:
            await finish(self._end(error))
            raise
        except Exception as exc:
            broken = self._interrupted(type(exc).__name__)
            await finish(self._end(broken))
            raise broken from exc
        except asyncio.CancelledError:  # the person went away, or the action's time is up
            await finish(self._end(self._interrupted("cancelled")))
            raise
        return await finish(self._keep())

    async def _reserve(self) -> None:
        reserve = self.keeper.ledger.reserve
        self.generation = await reserve(self.generation, self.budgets, hears=self.ctx.hears)
        reached("after_reserved")

    async def _ask(self) -> None:
        """Send and receive. Again only when it is certain that the post before was not charged."""
        for news in self.generation.repairs:
            await self._tell(self.ctx.report(news))
        until = time.monotonic() + self.gate.limits.patience
        refused: PictureError | None = None
        while True:
            if self.gate.is_full:
                await self._tell(self.ctx.report(WAITING))
            try:
                pictures, left = self.order.params.get("n", 1), max(0.0, until - time.monotonic())
                async with self.gate.admit(self.ctx.user_id, pictures, patience=left) as passed:
                    await self._post(passed)
                return
            except PictureError as error:
                pause = self._pause(error, until - time.monotonic())
                if pause is None:
                    # Not let in again: what the service said is the reason, not our gate.
                    ours = not self.sent.is_set() and error.code not in TAKEN_BACK
                    raise (refused if refused and ours else error) from None
                refused = error
                await finish(self._step_back(error))
                await self._tell(self.ctx.report("The picture service is busy; trying again"))
            await asyncio.sleep(pause)

    def _pause(self, error: PictureError, left: float) -> float | None:
        """Seconds until it may be sent again; ``None``: it may not, or there is no use."""
        if not self.sent.is_set() or error.paid != "unpaid" or error.code not in _AGAIN:
            return None
        posts, wait = self.generation.posts, error.retry_after or 0.0
        if error.code == "not_sent":
            if posts > len(_PAUSES):
                return None
            wait = _PAUSES[posts - 1]
        if wait > left or not self.gate.may_retry():
            return None
        return wait if error.code == "not_sent" else 0.0  # the gate itself waits as long as it was told

    async def _step_back(self, error: PictureError) -> None:
        await self._advance("reserved", detail=f"{error.code}, not charged; it will be sent again")
        self.sent.clear()

    async def _post(self, passed: Pass) -> None:
        # Before it is looked at for the last time: whoever listens may take their time.
        await self._tell(self.ctx.report(_sending(self.request, self.order.model)))
        await still_agreed(self.keeper.store, self.ctx.user_id, self.request)
        await finish(self._advance("sending"))
        began = time.monotonic()
        self.sent.set()
        try:
            await self._receive_whole()
        except PictureError as error:
            passed.failed(error)
            if error.paid == "unknown":
                # Before its place is given on: whoever waits for it in this turn is to know of the doubt.
                await finish(self._end(error))
            raise
        self._passed = passed
        self._seconds = time.monotonic() - began

    async def _receive_whole(self) -> None:
        try:
            async with Previews(self._try_to_show) as previews:
                await self._receive(previews)
        except PictureError as exc:
            error = fetchable(exc, self.generation.job_id)
            # The connection can break, or the time be up, after the picture has come.
            sought = error.paid == "unknown" and error.code != "no_room"
            if not sought or not await self.keeper.is_whole(self.file):
                raise error from exc.__cause__

    async def _receive(self, previews: Previews) -> None:
        """Send, and write down what comes as it comes."""
        params, engine = self.order.params, self.engine
        pictures = params.get("n", 1) * (1 + params.get("partial_images", 0))
        try:
            async with engine.send(self.order, begun=self._begun) as answer:
                self._request_id = answer.request_id
                self._where = await arrive(answer, engine, self.file, pictures=pictures, seen=previews.offer)
        finally:
            if self._watch is not None:
                self._watch.cancel()

    async def _begun(self, job_id: str) -> None:
        """The service has taken the job: its id is kept before anything else happens."""
        self.generation = await finish(self.keeper.ledger.note_job(self.generation, job_id))
        reached("after_job")
        if self.request.references and self.engine.stops_jobs:
            store, stop = self.keeper.store, partial(self.engine.forget, job_id)
            watch = stop_when_taken_back(store, self.ctx.user_id, self.request, stop)
            self._watch = asyncio.create_task(watch)

    async def _try_to_show(self, span: Span) -> None:
        await self._tell(self._show(span))

    async def _show(self, span: Span) -> None:
        """Decode a preview from what is on disk so far, and say where it is."""
        self.file.flush()
        partial = await finish(asyncio.to_thread(self._decode, span))
        index, found = partial.index, partial.picture
        key = blob_key(self.generation.user_id, "previews", f"{self.generation.id}-{index}.{found.ending}")
        await self.keeper.store.blobs.put(key, found.path, found.media_type)
        await self.ctx.report(_PREVIEWS[min(index, len(_PREVIEWS) - 1)])
        await self.ctx.preview(key, index=index)

    def _decode(self, span: Span) -> PartialImage:
        return self.engine.read_partial(self.file.part, span, self.file.body.with_suffix(".preview"))

    async def _keep(self) -> Generation:
        await self._tell(self.ctx.report("Keeping the picture"))
        try:
            await self.file.commit()
            await self._advance("received", request_id=self._request_id, seconds=self._seconds)
            kept = await self.keeper.keep(self.generation, self.file, self._where)
        except PictureError as error:
            if self._passed is not None and error.code != "not_kept":
                self._passed.failed(error)
            raise
        except Conflict:
            raise
        except Exception as exc:
            detail = f"The answer stays in the spool ({type(exc).__name__})."
            raise fault("not_kept", paid="paid", detail=detail, request_id=self._request_id) from exc
        if self._passed is not None:
            self._passed.succeeded()
        return kept

    async def _advance(self, to: GenerationState, **values: Any) -> None:
        self.generation = await self.keeper.ledger.advance(self.generation, to, **values)
        reached(f"after_{to}")

    async def _end(self, error: PictureError) -> None:
        if self.generation.error_code is not None:
            return
        try:
            self.generation = await self.keeper.end(self.generation, self.file, error)
        except Exception:
            # The reason to raise is `error`; recovery reads the rest from the file and the row.
            logger.exception("Generation %s could not be marked %s.", self.generation.id, error.code)

    async def _tell(self, news: Awaitable[None]) -> None:
        """Nobody listening, or a preview that cannot be shown, is no reason to lose a picture."""
        try:
            await news
        except Exception as exc:
            logger.warning("News of generation %s was lost (%s).", self.generation.id, type(exc).__name__)
            logger.debug("Why:", exc_info=True)

    def _interrupted(self, why: str) -> PictureError:
        if not self.sent.is_set():
            return fault("stopped", paid="unpaid", detail=f"Before sending: {why}.")
        return fault("interrupted", paid="unknown", detail=f"Sent, then: {why}.", request_id=self._request_id)


def _sending(request: PictureRequest, model: str) -> str:
    if not request.references:
        return f"Asking {model} for a picture"
    if len(request.references) > 1:
        return f"Sending {len(request.references)} pictures to {model}"
    what = "your photo" if request.references[0].kind == "photo" else "the picture"
    return f"Sending {what} to {model}"
