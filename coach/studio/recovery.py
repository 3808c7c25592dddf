"""What was left behind when a process died, brought as far as it can come. Nothing is ever sent here."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from coach.errors import CoachError, PictureError
from coach.store._rows import now
from coach.store.states import ENDS
from coach.studio._arrive import arrive
from coach.studio._keep import Keeper
from coach.studio.engines import Span
from coach.studio.faults import fault, fetchable
from coach.studio.ledger import Generation, Ledger
from coach.studio.spool import Spool, SpoolFile

logger = logging.getLogger(__name__)

_SENT = frozenset({"sending", "unknown"})

ABANDONED = timedelta(minutes=15)
"""After so long without a move, a generation whose file is not in our spool is nobody's any more."""


OUT_OF_SIGHT = "out_of_sight"
"""The error of what was left in doubt without a look at the disk it may have arrived on."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Finishes what arrived, and says of the rest what is known."""

    ledger: Ledger
    spool: Spool
    keeper: Keeper

    async def run(self) -> list[Generation]:
        """Settle everything that was left behind.

        Returns:
            The generations that moved, as they are now.
        """
        self._discard_unlinked()
        here = self.spool.list()
        left = await self.ledger.left_behind(here)
        for nobodys in set(here) - {generation.id for generation in left}:
            self._discard_empty(nobodys)
        # What is in doubt was looked at when it came to be so: again only if more was written since, or if
        # it was said on a machine that could not look.
        left = [one for one in left if one.state != "unknown" or self._is_news(one)]
        settled = [(before, await self._try_to_settle(before, fetch=False)) for before in left]
        return [after for before, after in settled if after.state != before.state]

    async def settle_orphans(self, user_id: str, conversation_id: str) -> None:
        """Say of what died while it was out, in this conversation, that it is in doubt."""
        for orphan in await self.ledger.out(user_id, conversation_id):
            await self._try_to_settle(orphan, fetch=False)

    def _is_news(self, doubt: Generation) -> bool:
        return doubt.error_code == OUT_OF_SIGHT or self.spool.changed_since(doubt.id, doubt.updated_at)

    async def jobs(self) -> list[Generation]:
        """What was left behind, and what the service may still have as a job of ours."""
        return [one for one in await self.ledger.left_behind([]) if self._has_job(one)]

    async def resume(self, generation: Generation) -> None:
        """Fetch what came of a job. If that goes wrong, the ledger has it or the next start tries again."""
        await self._try_to_settle(generation, fetch=True)

    async def settle(self, generation: Generation, *, fetch: bool = True, orphan: bool = False) -> Generation:
        """Bring one generation as far as it can come.

        Args:
            fetch: Whether to ask the service for what came of its job, where it has one; that can take long.
            orphan: Whether whoever worked on it is known to be dead; else that is so after a while.

        Returns:
            The generation as it is then; unchanged while somebody works on it.

        Raises:
            PictureError: What arrived cannot be used, or not be put away yet.
        """
        file = self.spool.claim(generation.id)
        if file is None:
            return await self._settle_without_file(generation, fetch=fetch, orphan=orphan)
        with file:
            generation = await self.ledger.get(generation.user_id, generation.id)
            match generation.state:
                case "planned" | "quoted" | "reserved":
                    return await self.keeper.end(generation, file, fault("stopped", paid="unpaid"))
                case "sending" | "unknown":
                    return await self._settle_sent(generation, file, fetch=fetch)
                case "received" | "stored" | "judged":
                    return await self.keeper.keep(generation, file)
                case "done" | "refused" | "failed":
                    if generation.spool is None:
                        file.remove()
                    return generation

    async def _try_to_settle(self, generation: Generation, *, fetch: bool) -> Generation:
        """One that cannot be settled leaves the others alone."""
        try:
            return await self.settle(generation, fetch=fetch)
        except CoachError as error:
            logger.warning("Generation %s was not recovered: %s", generation.id, error)
        except Exception:
            logger.exception("Generation %s was not recovered.", generation.id)
        try:
            return await self.ledger.get(generation.user_id, generation.id)
        except CoachError:  # the person is gone, or the database
            return generation

    async def _settle_sent(self, generation: Generation, file: SpoolFile, *, fetch: bool) -> Generation:
        """Sent, and then its process died, or it is in doubt since: did the answer arrive after all?"""
        head = file.head()
        request_id = (head.request_id if head else None) or generation.request_id
        complete = file.body.exists() and generation.state == "sending"
        if complete or await self.keeper.is_whole(file):
            return await self._keep(generation, file, "found in the spool", request_id)
        if self._has_job(generation):
            return await self._fetch(generation, file) if fetch else generation
        if generation.state == "unknown":
            return generation
        detail = "Sent, and no whole answer was found."
        error = fault("interrupted", paid="unknown", detail=detail, request_id=request_id)
        return await self.keeper.end(generation, file, error)

    def _has_job(self, generation: Generation) -> bool:
        """Whether the service may still have what came of a job."""
        engine = self.keeper.engines.named(generation.engine)
        if engine is None or generation.job_id is None or generation.state not in _SENT:
            return False
        return now() - generation.created_at < engine.keeps_jobs

    async def _fetch(self, generation: Generation, file: SpoolFile) -> Generation:
        """The service still works on the job, or still has what came of it."""
        engine = self.keeper.engines.named(generation.engine)
        if engine is None:
            return generation
        try:
            async with engine.resume(generation.job_id or "") as answer:
                file.restart()
                await arrive(answer, engine, file, pictures=generation.params.get("n", 1), seen=_ignore)
        except PictureError as exc:
            error = fetchable(exc, generation.job_id)
            sought = error.paid == "unknown" and error.code != "no_room"
            if not sought or not await self.keeper.is_whole(file):
                if generation.state == error.paid == "unknown":
                    return generation
                return await self.keeper.end(generation, file, error)
        head = file.head()
        request_id = (head.request_id if head else None) or generation.request_id
        return await self._keep(generation, file, "fetched by the id of its job", request_id)

    async def _keep(
        self, generation: Generation, file: SpoolFile, how: str, request_id: str | None
    ) -> Generation:
        await file.commit()
        received = await self.ledger.advance(
            generation, "received", detail=how, request_id=request_id, error_code=None, paid=None
        )
        return await self.keeper.keep(received, file)

    async def _settle_without_file(self, generation: Generation, *, fetch: bool, orphan: bool) -> Generation:
        if generation.state in ENDS:
            return generation
        generation = await self.ledger.get(generation.user_id, generation.id)
        if self.spool.has(generation.id):
            return generation  # somebody works on it
        if generation.state in ("stored", "judged"):
            return await self.keeper.conclude(generation)
        if not orphan and now() - generation.updated_at < ABANDONED:
            return generation  # perhaps on another machine, which has a spool of its own
        if orphan and fetch and self._has_job(generation):
            with self.spool.open(generation.id) as file:
                return await self._fetch(generation, file)
        if generation.state in ("planned", "quoted", "reserved"):
            return await self.ledger.advance(generation, "failed", error_code="stopped", paid="unpaid")
        if generation.state in ("sending", "received"):
            detail = "What arrived, if anything did, is on the disk of the machine that asked for it."
            return await self.ledger.advance(
                generation, "unknown", error_code=OUT_OF_SIGHT, paid="unknown", detail=detail
            )
        return generation

    def _discard_unlinked(self) -> None:
        """Drop the names of files whose process died while it made them: they hold nothing of an answer.

        Making one takes no time to speak of: so it is nobody's after a while, and needs no lock.
        """
        for new in self.spool.folder.glob("*.new"):
            with suppress(OSError):
                if now().timestamp() - new.stat().st_mtime > ABANDONED.total_seconds():
                    new.unlink()

    def _discard_empty(self, generation_id: str) -> None:
        """Drop the file of a generation that never reached the ledger: so it was never sent."""
        try:
            file = self.spool.claim(generation_id)
            if file is not None:
                with file:
                    if file.arrived is None:
                        file.remove()
        except OSError:
            logger.exception("The spool's file of %s cannot be looked at.", generation_id)


def _ignore(span: Span) -> None:
    """Nobody watches what is fetched later."""
