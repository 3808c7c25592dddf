"""Whether it lives, and whether it can serve; and if not, what is missing."""

from contextlib import AsyncExitStack

import httpx2
import pytest

from coach.server.routes import health
from tests.server._serve import PATIENCE, Served


async def test_readiness_names_what_cannot_be_used(small: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.2)
    store = small.here.store
    async with httpx2.AsyncClient(base_url=small.url, timeout=PATIENCE) as client:

        async def ready() -> tuple[int, str]:
            answer = await client.get("/api/v1/ready/")
            assert (await client.get("/api/v1/health/")).json() == {"status": "ok"}
            return answer.status_code, answer.json().get("detail", answer.json().get("status"))

        assert await ready() == (200, "ok")
        async with AsyncExitStack() as taken:
            for _ in range(15):  # all that there are
                await taken.enter_async_context(store.database.read())
            assert await ready() == (503, "The database does not answer.")
        blobs = small.here.settings.home / "blobs"
        blobs.write_text("no folder")
        assert await ready() == (503, "The place for pictures cannot be used now.")
        blobs.unlink()
        assert await ready() == (200, "ok")
        small.here.live.hang_up()
        assert await ready() == (503, "The server is stopping.")
