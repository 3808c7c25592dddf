"""From an answer on disk to versions that can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coach._reached import reached
from coach.errors import PictureError
from coach.store import Store, blob_key
from coach.store.blobs import ENDINGS
from coach.store.versions import NewVersion, insert_rows
from coach.studio import price
from coach.studio._engines import Engines
from coach.studio._examine import Examined
from coach.studio._finish import finish
from coach.studio._masked import Masked, masked, version_of
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Received, Span
from coach.studio.faults import end_of, fault
from coach.studio.judge import Judge, note, summary
from coach.studio.ledger import Generation, Ledger
from coach.studio.provenance import Signer
from coach.studio.spool import SpoolFile


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Puts answers away. Every step can be done again: what was done is not done twice.

    Attributes:
        engines: Those that are asked, and those that were asked before a setting changed: their answers can
            still be read.
        signer: Signs what is made of pictures; ``None``: nobody does.
    """

    store: Store
    ledger: Ledger
    engines: Engines
    capabilities: Capabilities
    judge: Judge
    signer: Signer | None = None

    async def keep(
        self, generation: Generation, file: SpoolFile, where: Sequence[Span] | None = None
    ) -> Generation:
        """Bring a received generation to its end. The file goes when everything in it is stored.

        Args:
            where: See :meth:`coach.studio.engines.Engine.read`.

        Raises:
            PictureError: Nothing usable arrived, and the ledger says so; or ``not_kept``: a disk, bucket or
                database did not take it, and the file stays to try again.
        """
        if generation.state == "received":
            found = await self._read(generation, file, where)
            try:
                generation = await self._store(generation, found)
            except Exception as exc:  # a picture error too: what it says of money is not said of this answer
                raise _not_kept(generation, exc) from exc
        generation = await self.conclude(generation)
        if generation.spool is None:
            file.remove()
        else:
            file.remove_decoded()  # links to what is stored: a picture that is deleted there must be gone
        return generation

    async def conclude(self, generation: Generation) -> Generation:
        """Judge the pictures of a stored generation, and take it to ``done``."""
        if generation.state == "stored":
            reached("after_stored")
            judgements = await self.judge.judge(generation)
            async with self.store.database.write() as connection:
                await note(connection, generation.user_id, judgements)
                found = summary(judgements.values())
                generation = await self.ledger.advance(
                    generation, "judged", "done", detail=found, connection=connection
                )
            reached("after_done")
        if generation.state == "judged":
            generation = await self.ledger.advance(generation, "done")
        return generation

    async def end(self, generation: Generation, file: SpoolFile, error: PictureError) -> Generation:
        """Write down that it did not go well. The file stays unless there is nothing to prove."""
        cost = self._cost(generation, error.usage)
        ended = await self.ledger.advance(
            generation,
            end_of(error),
            detail=error.detail,
            error_code=error.code,
            paid=error.paid,
            request_id=error.request_id or generation.request_id,
            usage=error.usage,
            actual_micros=cost.micros if cost else None,
            spool=None if error.paid == "unpaid" else generation.spool,
        )
        if ended.spool is None:
            file.remove()
        return ended

    async def is_whole(self, file: SpoolFile) -> bool:
        """Whether a picture can be read from what arrived, although nobody said it was all."""
        path, head = file.arrived, file.head()
        engine = self.engines.named(head.engine) if head else None
        if path is None or head is None or engine is None:
            return False
        try:
            # To the end even when cancelled: the file must not be let go of while a thread writes beside it.
            await finish(asyncio.to_thread(engine.read, path, head.media_type, file.decoded))
        except (PictureError, OSError):
            return False
        return True

    async def _read(self, generation: Generation, file: SpoolFile, where: Sequence[Span] | None) -> Received:
        """What arrived. When it says itself that there is no picture, the ledger says so too."""
        try:
            return await finish(asyncio.to_thread(self._decode, generation, file, where))
        except PictureError as error:
            error.request_id = error.request_id or generation.request_id
            await self.end(generation, file, error)
            raise
        except Exception as exc:
            raise _not_kept(generation, exc) from exc

    async def _store(self, generation: Generation, found: Received) -> Generation:
        edit = await masked(self.store, generation, self.signer)
        rows = [
            await self._put(generation, number, picture, edit)
            for number, picture in enumerate(found.pictures)
        ]
        cost = self._cost(generation, found.usage)
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
                spool=generation.spool if found.unreadable else None,
            )

    def _cost(self, generation: Generation, usage: Mapping[str, Any] | None) -> price.Actual | None:
        model = self.capabilities.models.get(generation.model)
        return price.actual(model, usage) if model else None

    def _decode(self, generation: Generation, file: SpoolFile, where: Sequence[Span] | None) -> Received:
        head, engine = file.head(), self.engines.named(generation.engine)
        if engine is None:
            raise LookupError(generation.engine)
        return engine.read(file.body, head.media_type if head else "", file.decoded, where)

    async def _put(
        self, generation: Generation, number: int, picture: Examined, edit: Masked | None
    ) -> NewVersion:
        # The name is the same every time, so doing it again after a crash leaves no second copy.
        name = f"{generation.id}-{number}"
        key = blob_key(generation.user_id, "pictures", f"{name}.{picture.ending}")
        made = await edit.put_back(picture) if edit else None  # first: the file is given away
        reached("before_blob")
        await self.store.blobs.put(key, picture.path, picture.media_type)
        reached("after_blob")
        came = NewVersion(
            blob=key,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            media_type=picture.media_type,
        )
        if made is None:
            return came
        key = blob_key(generation.user_id, "pictures", f"{name}-masked.{ENDINGS[made.media_type]}")
        await self.store.blobs.put(key, made.image, made.media_type)
        return version_of(made, key, came)


def _not_kept(generation: Generation, why: Exception) -> PictureError:
    detail = f"The answer stays in the spool ({type(why).__name__})."
    return fault("not_kept", paid="paid", detail=detail, request_id=generation.request_id)


def _bill(generation: Generation, found: Received, cost: price.Actual | None) -> str:
    """One line for the history: what came, and what is known of its cost."""
    said = [f"{len(found.pictures)} of {generation.params.get('n', 1)} pictures"]
    if found.unreadable:
        said.append("the answer stays in the spool: not all of it could be read")
    if cost is None:
        said.append("cost not known")
    elif not cost.split:
        said.append("the count does not split the output; all of it is priced as pictures")
    if cost and generation.quote_micros is not None and cost.micros > generation.quote_micros:
        said.append("dearer than quoted")
    return "; ".join(said)
