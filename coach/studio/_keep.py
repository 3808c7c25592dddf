"""From an answer on disk to versions that can be looked at."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coach.errors import PictureError
from coach.store import Store, blob_key
from coach.store.versions import NewVersion, insert_rows
from coach.studio import price
from coach.studio._examine import Examined, examine
from coach.studio._finish import finish
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Engine
from coach.studio.faults import end_of, fault
from coach.studio.ledger import Generation, Ledger
from coach.studio.spool import SpoolFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Puts answers away. Every step can be done again: what was done is not done twice."""

    store: Store
    ledger: Ledger
    engine: Engine
    capabilities: Capabilities

    async def keep(self, generation: Generation, file: SpoolFile) -> Generation:
        """Bring a received generation to its end. The file goes when everything in it is stored.

        Raises:
            PictureError: Nothing usable arrived, and the ledger says so; or ``not_kept``: a disk, bucket or
                database did not take it, and the file stays to try again.
        """
        if generation.state == "received":
            try:
                generation = await self._store(generation, file)
            except PictureError as error:
                await self.end(generation, file, error)
                raise
            except Exception as exc:
                detail = f"The answer stays in the spool ({type(exc).__name__})."
                request_id = generation.request_id
                raise fault("not_kept", paid="paid", detail=detail, request_id=request_id) from exc
        generation = await self.conclude(generation)
        if generation.spool is None:
            file.remove()
        return generation

    async def conclude(self, generation: Generation) -> Generation:
        """Take a stored generation to ``done``."""
        if generation.state == "stored":
            generation = await self.ledger.advance(generation, "judged", detail="likeness not measured")
        if generation.state == "judged":
            generation = await self.ledger.advance(generation, "done")
        return generation

    async def end(self, generation: Generation, file: SpoolFile, error: PictureError) -> Generation:
        """Write down that it did not go well. The file stays unless there is nothing to prove."""
        ended = await self.ledger.advance(
            generation,
            end_of(error),
            detail=error.detail,
            error_code=error.code,
            paid=error.paid,
            request_id=error.request_id or generation.request_id,
            spool=None if error.paid == "unpaid" else generation.spool,
        )
        if ended.spool is None:
            file.remove()
        return ended

    async def is_whole(self, file: SpoolFile) -> bool:
        """Whether a picture can be read from what arrived, although nobody said it was all."""
        path, head = file.arrived, file.head()
        if path is None or head is None or head.engine != self.engine.name:
            return False
        try:
            # To the end even when cancelled: the file must not be let go of while a thread writes beside it.
            await finish(asyncio.to_thread(self.engine.read, path, head.media_type, file.decoded))
        except (PictureError, OSError):
            return False
        return True

    async def _store(self, generation: Generation, file: SpoolFile) -> Generation:
        found = await asyncio.to_thread(self._decode, file)
        rows = [await self._put(generation, number, picture) for number, picture in enumerate(found.pictures)]
        model = self.capabilities.models.get(generation.model)
        cost = price.actual(model, found.usage) if model else None
        async with self.store.database.write() as connection:
            await insert_rows(
                connection,
                user_id=generation.user_id,
                identity_id=generation.identity_id,
                generation_id=generation.id,
                parent_id=generation.parent_id,
                prompt=generation.prompt,
                pictures=rows,
            )
            return await self.ledger.advance(
                generation,
                "stored",
                detail=_bill(generation, found, cost),
                connection=connection,
                usage=found.usage,
                actual_micros=cost.micros if cost else None,
                paid="paid",
                spool=None if found.whole else generation.spool,
            )

    def _decode(self, file: SpoolFile) -> _Found:
        head = file.head()
        received = self.engine.read(file.body, head.media_type if head else "", file.decoded)
        pictures: list[Examined] = []
        for path in received.pictures:
            try:
                pictures.append(examine(path))
            except ValueError as exc:
                logger.warning("A picture that was paid for cannot be used: %s.", exc)
        if not pictures:
            raise fault("bad_answer", paid="paid", detail="What the answer holds is no picture.")
        whole = received.unreadable == 0 and len(pictures) == len(received.pictures)
        return _Found(pictures=pictures, usage=received.usage, whole=whole)

    async def _put(self, generation: Generation, number: int, picture: Examined) -> NewVersion:
        # The name is the same every time, so doing it again after a crash leaves no second copy.
        name = f"{generation.id}-{number}.{picture.ending}"
        key = blob_key(generation.user_id, "pictures", name)
        await self.store.blobs.put(key, picture.path, picture.media_type)
        return NewVersion(
            blob=key,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            media_type=picture.media_type,
        )


@dataclass(frozen=True, kw_only=True)
class _Found:
    pictures: list[Examined]
    usage: Mapping[str, Any] | None
    whole: bool


def _bill(generation: Generation, found: _Found, cost: price.Actual | None) -> str:
    """One line for the history: what came, and what is known of its cost."""
    said = [f"{len(found.pictures)} of {generation.params.get('n', 1)} pictures"]
    if not found.whole:
        said.append("the answer stays in the spool: not all of it could be read")
    if cost is None:
        said.append("cost not known")
    elif not cost.split:
        said.append("the count does not split the output; all of it is priced as pictures")
    if cost and generation.quote_micros is not None and cost.micros > generation.quote_micros:
        said.append("dearer than quoted")
    return "; ".join(said)
