"""A process that is killed when the base is there and the first prompt is to be written."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from openai import AsyncOpenAI

from coach.personas import Persona, make_persona
from coach.store import FolderBlobs, Store
from coach.studio import GptImageEngine, Spool, Studio
from tests.personas.test_make import LOGAN, OWNER


class Kills:
    """A writer that does not come to it."""

    async def write(self, persona: Persona, *, used: Sequence[str] = ()) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


async def main(url: str, database: str, folder: Path) -> None:
    store = await Store.open(database, blobs=FolderBlobs(folder / "blobs"))
    async with AsyncOpenAI(api_key="a-key", base_url=url, max_retries=0) as client:
        studio = Studio(store=store, engine=GptImageEngine(client), spool=Spool(folder / "spool"))
        await make_persona(LOGAN, studio=studio, store=store, ctx=OWNER, writer=Kills())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
