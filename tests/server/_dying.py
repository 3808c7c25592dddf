"""Another process that runs a flow: ``python -m tests.server._dying HOME DATABASE BASE_URL FLOW``."""

import asyncio
import sys
from pathlib import Path

from coach.sandbox import Sandbox
from coach.server.runs import Run
from coach.settings import Settings
from tests.server._serve import an_app


async def main(home: str, database: str, base_url: str, flow_id: str) -> None:
    """Begin a run of one of Ann's flows, and follow it to its end."""
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
        begun = await here.runs.begin(await here.runs.flows.get("ann", flow_id), Run(), key="k")
        async for _ in here.live.watch("ann", flow_id, work=begun):
            pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
