"""Another process: ``python -m tests.server._stalling HOME DATABASE BASE_URL FLOW TALK``.

It runs a flow of Ann's and takes a turn in a conversation of hers, and tells of what happens up to the ends,
whoever brings them there.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from coach.model import Reply
from coach.sandbox import Sandbox
from coach.server.did import Said
from coach.server.running import Running
from coach.server.runs import Run
from coach.settings import Settings
from coach.store._work import Work
from tests.server._serve import an_app


def tell(word: str) -> None:
    """Say something to whoever began this process."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class Sleeper:
    """A model that answers after a while, in which one can stop this process."""

    async def reply(self, **asked: Any) -> AsyncIterator[str | Reply]:
        """Say that it was asked, and sleep."""
        tell("asked")
        await asyncio.sleep(1.5)
        yield "I am awake again."
        yield Reply(text="I am awake again.")


async def main(home: str, database: str, base_url: str, flow: str, talk: str) -> None:
    """Begin both and follow them to their ends."""
    settings = Settings.read(
        home=Path(home),
        database_url=database,
        s3_bucket_name=None,
        openai_api_key=Sandbox.api_key,
        openai_base_url=base_url,
        chat_model="sandbox-coach",
    )
    app = an_app(settings, model=Sleeper(), faces=None)
    async with app.lifespan(app):
        here = await app.state.opener.get()
        run = await here.runs.begin(await here.runs.flows.get("ann", flow), Run(), key="k")
        said = Said(type="say", text="Hello, I am Ann.")
        turn = await here.talks.begin("ann", talk, said, key="k")
        await asyncio.gather(follow(here, "flow", run, flow), follow(here, "talk", turn, talk))


async def follow(here: Running, what: str, work: Work, channel: str) -> None:
    """Tell of what happens."""
    async for some in here.live.watch("ann", channel, work=work):
        for each in some:
            tell(f"{what} {each.kind}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
