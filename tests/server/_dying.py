"""Another process: ``python -m tests.server._dying HOME DATABASE BASE_URL flow|talk ID``.

It runs one of Ann's flows, or presses the button for a picture in one of her conversations.
"""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from coach.sandbox import Sandbox
from coach.server.did import Pressed
from coach.server.running import Running
from coach.server.runs import Run
from coach.settings import Settings
from coach.store._work import Work
from tests.server._aged import age
from tests.server._serve import an_app

PRESS = {
    "action": "generate_identity_image",
    "arguments": {"identity_id": "i1", "prompt": None, "anyway": False},
}


async def die(settings: Settings, what: str, id: str, at: str) -> None:
    """Let such a process begin, and die when it comes to a step; it is taken for dead at once."""
    given = [str(settings.home), settings.database, str(settings.openai_base_url), what, id]
    command = [sys.executable, "-m", "tests.server._dying", *given]
    child = await asyncio.create_subprocess_exec(
        *command, env=os.environ | {"COACH_KILL_AT": at}, stderr=subprocess.DEVNULL
    )
    assert await child.wait() == -signal.SIGKILL
    await age(settings)


async def main(home: str, database: str, base_url: str, what: str, id: str) -> None:
    """Begin it, and follow it to its end."""
    settings = Settings.read(
        home=Path(home),
        database_url=database,
        s3_bucket_name=None,
        openai_api_key=Sandbox.api_key,
        openai_base_url=base_url,
        chat_model="sandbox-coach",
    )
    app = an_app(settings)
    async with app.lifespan(app):
        here = await app.state.opener.get()
        begun = await begin(here, what, id)
        async for _ in here.live.watch("ann", id, work=begun):
            pass


async def begin(here: Running, what: str, id: str) -> Work:
    """Begin what is named."""
    if what == "flow":
        return await here.runs.begin(await here.runs.flows.get("ann", id), Run(), key="k")
    return await here.talks.begin("ann", id, Pressed.model_validate({"type": "press", **PRESS}), key="k")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
