"""One picture, from the ledger's first line to its last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from coach._durable import code_of
from coach.context import Context
from coach.errors import Conflict, PictureError
from coach.store import blob_key
from coach.store.tables import GenerationState
from coach.studio._examine import Examined, examine
from coach.studio._finish import finish
from coach.studio._keep import Keeper
from coach.studio._previews import Previews
from coach.studio.engines import Order, Span
from coach.studio.faults import fault
from coach.studio.ledger import Generation
from coach.studio.price import Quote
from coach.studio.request import PictureRequest
from coach.studio.spool import Head, SpoolFile

logger = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024 * 1024
"""More than any picture or preview takes in an answer: 3840x2160 pixels as PNG in base64 are under 45 MB."""

_PREVIEWS = ("First look", "Second look", "Third look")


@dataclass(kw_only=True)
class Run:
    """The work on one generation whose file we hold. ``generation`` is how far it came."""

    ctx: Context
    request: PictureRequest
    keeper: Keeper
    file: SpoolFile
    order: Order
    generation: Generation
    _request_id: str | None = field(default=None, init=False)
    _sent: bool = field(default=False, init=False)

    async def begin(self) -> None:
        """Open the line in the ledger.

        Raises:
            Conflict: Another process uses the key.
        """
        try:
            await self.keeper.ledger.add(self.generation)
        except BaseException:
            self.file.remove()
            raise

    async def generate(self, quote: Quote, *, limit_micros: int | None) -> Generation:
        """Reserve, send once, receive, keep. Whatever happens, the ledger says how it ended.

        Raises:
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        began = time.monotonic()
        try:
            await finish(self._reserve(quote, limit_micros))
            await self._receive_whole()
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
        return await finish(self._keep(time.monotonic() - began))

    async def _reserve(self, quote: Quote, limit_micros: int | None) -> None:
        known = "the price is not known beforehand" if quote.micros is None else ""
        await self._advance("quoted", quote_micros=quote.micros, detail=known)
        if limit_micros is not None and (quote.micros is None or quote.micros > limit_micros):
            asked = "an unknown price" if quote.micros is None else f"at most {quote.micros} micro-dollars"
            detail = f"{asked}, and {limit_micros} are allowed for one picture."
            raise fault("over_budget", paid="unpaid", detail=detail)
        await self._advance("reserved")
        await self._advance("sending")

    async def _receive_whole(self) -> None:
        for news in (*self.generation.repairs, _sending(self.request, self.order.model)):
            await self._tell(self.ctx.report(news))
        self._sent = True
        try:
            async with Previews(self._try_to_show) as previews:
                await self._receive(previews)
        except PictureError as error:
            # The connection can break, or the time be up, after the picture has come.
            if error.paid != "unknown" or not await self.keeper.is_whole(self.file):
                raise

    async def _receive(self, previews: Previews) -> None:
        """Send, and write down what comes as it comes."""
        params, engine = self.order.params, self.keeper.engine
        room = MOST_BYTES * params.get("n", 1) * (1 + params.get("partial_images", 0))
        async with engine.send(self.order) as answer:
            self._request_id = answer.request_id
            head = Head(engine=engine.name, media_type=answer.media_type, request_id=answer.request_id)
            with self._writing():
                self.file.note(head)
            partials = engine.find_partials(answer.media_type)
            async for chunk in answer.chunks():
                room -= len(chunk)
                if room < 0:
                    raise fault("bad_answer", paid="paid", detail="The answer is larger than pictures are.")
                with self._writing():
                    self.file.write(chunk)
                for span in partials.feed(chunk):
                    previews.offer(span)
        with self._writing():
            self.file.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            detail = f"The spool did not take the answer ({code_of(exc)})."
            raise fault("no_room", paid="paid", detail=detail, request_id=self._request_id) from exc

    async def _try_to_show(self, span: Span) -> None:
        await self._tell(self._show(span))

    async def _show(self, span: Span) -> None:
        """Decode a preview from what is on disk so far, and say where it is."""
        self.file.flush()
        index, found = await finish(asyncio.to_thread(self._decode, span))
        key = blob_key(self.generation.user_id, "previews", f"{self.generation.id}-{index}.{found.ending}")
        await self.keeper.store.blobs.put(key, found.path, found.media_type)
        await self.ctx.report(_PREVIEWS[min(index, len(_PREVIEWS) - 1)])
        await self.ctx.preview(key, index=index)

    def _decode(self, span: Span) -> tuple[int, Examined]:
        into = self.file.body.with_suffix(".preview")
        partial = self.keeper.engine.read_partial(self.file.part, span, into)
        return partial.index, examine(partial.path)

    async def _keep(self, seconds: float) -> Generation:
        await self._tell(self.ctx.report("Keeping the picture"))
        try:
            await self.file.commit()
            await self._advance("received", request_id=self._request_id, seconds=seconds)
            return await self.keeper.keep(self.generation, self.file)
        except (PictureError, Conflict):
            raise
        except Exception as exc:
            detail = f"The answer stays in the spool ({type(exc).__name__})."
            raise fault("not_kept", paid="paid", detail=detail, request_id=self._request_id) from exc

    async def _advance(self, to: GenerationState, **values: Any) -> None:
        self.generation = await self.keeper.ledger.advance(self.generation, to, **values)

    async def _end(self, error: PictureError) -> None:
        try:
            self.generation = await self.keeper.end(self.generation, self.file, error)
        except Exception:
            # The reason to raise is `error`; recovery reads the rest from the file and the row.
            logger.exception("Generation %s could not be marked %s.", self.generation.id, error.code)

    async def _tell(self, news: Awaitable[None]) -> None:
        """Nobody listening, or a preview that cannot be shown, is no reason to lose a picture."""
        try:
            await news
        except Exception:
            logger.warning("News of generation %s was lost.", self.generation.id, exc_info=True)

    def _interrupted(self, why: str) -> PictureError:
        if not self._sent:
            return fault("stopped", paid="unpaid", detail=f"Before sending: {why}.")
        return fault("interrupted", paid="unknown", detail=f"Sent, then: {why}.", request_id=self._request_id)


def _sending(request: PictureRequest, model: str) -> str:
    if not request.references:
        return f"Asking {model} for a picture"
    if len(request.references) > 1:
        return f"Sending {len(request.references)} pictures to {model}"
    what = "your photo" if request.references[0].kind == "photo" else "the picture"
    return f"Sending {what} to {model}"
