"""Work whose end cannot be written down as usual: the person is erased meanwhile, or the database is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from coach.errors import StoreUnavailable
from coach.model import Reply
from coach.sandbox import Sandbox
from coach.server import live
from coach.store.happenings import Happenings
from coach.store.serving import happenings
from coach.store.tables import people
from tests.server._serve import PATIENCE, an_app, begin, names, serving, settings_for, turn


class Slow:
    """A model that answers when it is let."""

    def __init__(self) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()

    async def reply(self, **asked: Any) -> AsyncIterator[str | Reply]:
        self.asked.set()
        await self.may.wait()
        yield "Hello."
        yield Reply(text="Hello.")


async def test_who_is_erased_in_the_middle_of_a_turn_does_not_come_back(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    model = Slow()
    app = an_app(settings_for(quick_sandbox, tmp_path, database_url), model=model, faces=None)
    async with serving(app) as served, served.client("ann") as ann:
        following = asyncio.create_task(turn(ann, await begin(ann), type="greet"))
        await model.asked.wait()
        gone = await ann.request("DELETE", "/api/v1/users/me/", json={"confirm": "erase"})
        assert gone.status_code == 200
        model.may.set()
        assert names(await asyncio.wait_for(following, PATIENCE)) == ["said"]
        async with served.here.store.database.read() as connection:
            for table in (people, happenings):
                assert (await connection.execute(select(table.c.user_id))).all() == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_turn_ends_though_the_database_was_away_when_it_did(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, tried, model = Happenings.append, asyncio.Event(), Slow()

    async def away(*given: Any, **more: Any) -> Any:
        tried.set()
        raise StoreUnavailable("The database is away.")

    monkeypatch.setattr(live, "LOOK_AGAIN", 0.05)
    app = an_app(settings_for(quick_sandbox, tmp_path, database_url), model=model, faces=None)
    async with serving(app) as served, served.client("ann") as ann:
        following = asyncio.create_task(turn(ann, await begin(ann), type="greet"))
        await model.asked.wait()
        monkeypatch.setattr(Happenings, "append", away)
        model.may.set()
        await tried.wait()
        monkeypatch.setattr(Happenings, "append", append)
        assert names(await asyncio.wait_for(following, PATIENCE))[-2:] == ["say", "done"]
