"""An answer to a masked request, before it is put away: with what is outside the mask put back."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from coach.errors import ConsentMissing, InputRefused, NotFound
from coach.store import Store
from coach.store.versions import NewVersion
from coach.studio._examine import Examined
from coach.studio._references import gather_masked
from coach.studio.generation import Generation
from coach.studio.judge import Judgement
from coach.studio.mask import PutBack, put_back
from coach.studio.provenance import MediaType, Signer

logger = logging.getLogger(__name__)

_TYPES: Mapping[str | None, MediaType] = {"jpeg": "image/jpeg", "webp": "image/webp"}
"""What is made where a format was asked for exactly; else a PNG, which loses nothing of the parent."""

# Each takes up to 200 MB.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Masked:
    """The picture that was to be changed, and where it was; what to make of it and the answer."""

    parent: bytes
    mask: bytes
    media_type: MediaType
    signer: Signer | None

    async def put_back(self, picture: Examined) -> PutBack | None:
        """The picture with its outside put back; ``None``: it is of no use for that, and stays as it came."""
        try:
            return await asyncio.to_thread(self._put_back, picture)
        except InputRefused as refused:
            logger.warning("Nothing was put back outside a mask: %s", refused)
            return None

    def _put_back(self, picture: Examined) -> PutBack:
        answer = picture.path.read_bytes()
        with _one_at_a_time:
            return put_back(self.parent, answer, self.mask, media_type=self.media_type, signer=self.signer)


async def masked(store: Store, generation: Generation, signer: Signer | None) -> Masked | None:
    """What putting back takes; ``None``: there was no mask, or what it takes is gone or may not be read."""
    asked = generation.asked
    if generation.operation != "inpaint" or asked is None or asked.mask is None:
        return None
    try:
        parent, mask = await gather_masked(store, generation.user_id, asked.references[0], asked.mask)
    except (ConsentMissing, NotFound) as gone:  # after a crash it may be a while since it was sent
        logger.warning("Nothing is put back outside the mask of generation %s: %s", generation.id, gone)
        return None
    media_type = _TYPES.get(asked.exact.output_format if asked.exact else None, "image/png")
    return Masked(parent=parent.data, mask=mask.data, media_type=media_type, signer=signer)


def version_of(made: PutBack, blob: str, came: NewVersion) -> NewVersion:
    """The row of what was put back, with the service's own picture beside it.

    Args:
        blob: Where it is.
        came: The picture as the service gave it.
    """
    judgement = Judgement(likeness=None, why="It was not compared with a photo.", outside=made.outside)
    return NewVersion(
        blob=blob,
        sha256=made.sha256,
        width=made.width,
        height=made.height,
        media_type=made.media_type,
        provider_blob=came.blob,
        judgement=judgement.to_json(),
    )
