"""What a person may do with everything that is kept of them: take it along, and have it erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from tempfile import TemporaryFile
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from coach.server.caller import SignedIn
from coach.server.running import Here
from coach.store.export import pack
from coach.studio.erase import Receipt, erase, sentences

router = APIRouter(prefix="/api/v1/users/me", tags=["person"])

_PIECE = 256 * 1024


class Confirmed(BaseModel):
    """They mean it."""

    model_config = ConfigDict(extra="forbid")

    confirm: Literal["erase"] = Field(description="The word `erase`: it cannot be undone.")


class Erased(BaseModel):
    """What went. Nothing can show it again."""

    receipt: Receipt
    done: bool = Field(description="False: a picture is still being made elsewhere, and goes later.")
    sentences: list[str] = Field(description="The receipt in words.")


async def _nameless() -> AsyncIterator[IO[bytes]]:
    """A file without a name: whatever becomes of this process, it is gone with it."""
    file = await asyncio.to_thread(TemporaryFile)
    try:
        yield file
    finally:
        file.close()  # after the answer, also one that nobody reads


@router.get(
    "/export/",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def export(
    caller: SignedIn, here: Here, file: Annotated[IO[bytes], Depends(_nameless)]
) -> StreamingResponse:
    """Everything of you in one zip: photos, pictures, conversations, consents, costs."""
    await pack(here.store, caller.user_id, file)
    headers = {
        "Content-Disposition": 'attachment; filename="coach.zip"',
        "Content-Length": str(file.tell()),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


@router.delete("/")
async def erase_me(confirmed: Confirmed, caller: SignedIn, here: Here) -> Erased:
    """Erase everything of you, here and where the picture service keeps a job. It cannot be undone.

    A picture that is being made is waited for. Your keys and sessions go too. Keep the receipt: it says what
    went, what the books keep without your name, and what an outside service may still hold.
    """
    user_id, studio = caller.user_id, here.studio
    receipt = await (studio.erase(user_id) if studio else erase(here.store, user_id, spool=here.spool))
    return Erased(receipt=receipt, done=receipt.done, sentences=list(sentences(receipt)))
