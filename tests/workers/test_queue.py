"""``coach queue``, readiness and ``coach doctor``: how the queue stands, by a clock the tests set."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

import coach
from coach.cli import app
from coach.errors import SettingsError
from coach.sandbox import Sandbox
from coach.store import Database
from coach.store._clock import NOW
from coach.store.orders import Orders
from coach.store.roster import Roster
from coach.store.serving import orders
from coach.worker import upstream_of, work
from coach.workers.limits import SharedLimits
from coach.workers.orders import FORM
from coach.workers.state import LONG, read_state
from tests.server._serve import PATIENCE, an_app, serving, settings_for
from tests.workers.conftest import Clock

WORDS = "canary-in-a-prompt"
WIDE = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


async def add(database: Database, user_id: str, *, form: int = FORM, batch: bool = False) -> str:
    """An order that waits from now on, by the database's clock."""
    order, _ = await Orders(database).begin(
        user_id,
        "key",
        tenant="acme",
        service="openai",
        batch=batch,
        asked="",
        body={"form": form, "request": {"prompt": WORDS}},
    )
    async with database.write() as connection:
        await connection.execute(update(orders).where(orders.c.id == order.id).values(created_at=NOW))
    return order.id


async def begun(database: Database, order_id: str, worker: str) -> None:
    """A worker begins with an order."""
    await Orders(database).take(order_id, worker)
    async with database.write() as connection:
        await connection.execute(update(orders).where(orders.c.id == order_id).values(taken_at=NOW))


async def beat(database: Database, name: str, **said: Any) -> None:
    """A worker's sign of life."""
    usual = {"services": ["openai"], "slots": 4, "form": FORM, "stopping": False}
    await Roster(database).beat(name, **{**usual, **said})


async def stuck(database: Database) -> list[str | None]:
    state = await read_state(database)
    return [state.stuck(each) for each in state.orders]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Iterator[dict[str, str | None]]:
    """The environment of the commands: nothing is set but what a queue needs."""
    unset = dict.fromkeys(str(field.validation_alias) for field in coach.Settings.model_fields.values())
    yield unset | WIDE | {"COACH_DATABASE_URL": database_url, "HOME": str(tmp_path)}


async def run(settings: dict[str, str | None], *arguments: str, **more: str) -> Result:
    """A command, while this loop goes on."""
    return await asyncio.to_thread(CliRunner(env=settings | more).invoke, app, arguments)


async def test_what_waits_is_stuck_when_nobody_takes_it_for_long(database: Database, clock: Clock) -> None:
    await add(database, "ann")
    await clock.goes_on(LONG)
    assert await stuck(database) == [None]
    await clock.goes_on(0.1)
    assert await stuck(database) == ["no_worker"]
    await beat(database, "one", services=["runpod"])
    await beat(database, "two", stopping=True)
    assert await stuck(database) == ["no_worker"]
    await beat(database, "two")
    assert await stuck(database) == [None]
    await clock.goes_on(6.1)
    assert await stuck(database) == ["no_worker"]


async def test_what_a_newer_version_wrote_waits_for_a_worker_that_reads_it(
    database: Database, clock: Clock
) -> None:
    await add(database, "ann", form=FORM + 1)
    await clock.goes_on(LONG + 1)
    await beat(database, "old")
    assert await stuck(database) == ["newer"]
    await beat(database, "new", form=FORM + 1)
    assert await stuck(database) == [None]


async def test_what_a_worker_makes_is_stuck_when_it_was_not_heard_of_for_long(
    database: Database, clock: Clock
) -> None:
    order = await add(database, "ann")
    await beat(database, "one")
    await begun(database, order, "one")
    await clock.goes_on(LONG)
    assert await stuck(database) == [None]
    await clock.goes_on(0.1)
    await beat(database, "two")
    assert await stuck(database) == ["dead_worker"]
    await Orders(database).free(order)
    await begun(database, order, "two")
    assert await stuck(database) == [None]


async def test_the_command_says_all_of_it_and_no_prompt(
    database: Database, clock: Clock, settings: dict[str, str | None]
) -> None:
    lost = await add(database, "ann")
    await begun(database, lost, "gone")
    await clock.goes_on(90)
    await beat(database, "one")
    made = await add(database, "ben")
    await begun(database, made, "one")
    await clock.goes_on(3)
    await add(database, "cleo", batch=True)
    await SharedLimits(database, upstream="openai 1234", at_once=4).take("one", 2)

    shown = await run(settings, "queue")
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert shown.exit_code == 1 and WORDS not in shown.output
    assert "openai 1 1 0 s 2 1" in lines
    assert f"{lost} openai ann of acme 1 min 33 s its worker is dead, and no other has carried it on" in lines
    assert f"{made} openai ben of acme 3 s once one" in lines
    assert any(line.endswith("openai cleo of acme 0 s, batch") for line in lines)
    assert "one 1 of 4 openai 0.1.0 alive" in lines and "openai 1234 2 0" in lines

    told = json.loads((await run(settings, "queue", "--json")).output)
    assert WORDS not in str(told) and told["well"] is False
    assert [(each["user_id"], each["held_by"], each["stuck"]) for each in told["orders"]] == [
        ("ann", "gone", "dead_worker"),
        ("ben", "one", None),
        ("cleo", "", None),
    ]
    assert [(each["name"], each["alive"], each["makes"]) for each in told["workers"]] == [("one", True, 1)]

    await Orders(database).free(lost)
    await begun(database, lost, "one")
    assert (await run(settings, "queue", "--json")).exit_code == 0
    await Roster(database).leave("one")
    assert "start `coach worker`" in (await run(settings, "queue")).output


async def test_readiness_says_whether_a_worker_is_there(
    database: Database, database_url: str, clock: Clock, tmp_path: Path
) -> None:
    # Nothing is asked of the sandbox, so it need not run.
    settings = settings_for(Sandbox(), tmp_path, database_url, queue="workers", salt="s")
    async with serving(an_app(settings, faces=None)) as served, served.client("ann") as client:

        async def ready() -> Any:
            return (await client.get("/api/v1/ready/")).json()

        assert await ready() == {"status": "ok", "workers": False}
        await beat(database, "one")
        assert await ready() == {"status": "ok", "workers": True}
        await clock.goes_on(PATIENCE)
        assert await ready() == {"status": "ok", "workers": False}


async def test_doctor_names_each_thing_that_workers_lack(
    database: Database, clock: Clock, settings: dict[str, str | None]
) -> None:
    key = {"OPENAI_API_KEY": "sk", "COACH_QUEUE": "workers"}
    alone = await run(settings, "doctor", **key, COACH_DATABASE_URL="")
    assert alone.exit_code == 1
    assert "✗ Workers meet on PostgreSQL" in alone.output and "✗ Set COACH_SALT" in alone.output
    nobody = await run(settings, "doctor", **key, COACH_SALT="s")
    assert nobody.exit_code == 1 and "✗ No worker takes orders" in nobody.output
    assert "a folder, which every worker must see" in nobody.output
    await beat(database, "one")
    await add(database, "ann")
    fine = await run(settings, "doctor", **key, COACH_SALT="s")
    assert fine.exit_code == 0 and "1 take orders; 1 wait, 0 are made" in fine.output


@pytest.mark.parametrize(
    ("given", "said"),
    [({"salt": None}, "Set COACH_SALT"), ({"database_url": None}, "Workers meet on PostgreSQL")],
)
async def test_without_a_salt_or_postgresql_nothing_starts(
    database_url: str, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    usual = {"database_url": database_url, "salt": "s", "home": tmp_path, "queue": "workers"}
    settings = coach.Settings.read(**{**usual, **given}, openai_api_key="sk")
    with pytest.raises(SettingsError, match=said):
        await work("coach.reference", settings, slots=1, stop=asyncio.Event())
    with pytest.raises(SettingsError, match=said):
        async with coach.open("coach.reference", settings, faces=None):
            pass


def test_a_heartbeat_takes_no_file_that_is_somebodys(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    for file, said in ((notes, "would be deleted"), (tmp_path / "none" / "beat", "There is no folder")):
        result = CliRunner(env=WIDE).invoke(app, ["worker", "--heartbeat", str(file)])
        assert result.exit_code == 2 and said in " ".join(result.stderr.replace("│", "").split())
    assert notes.read_text() == "mine"


def test_limits_are_shared_by_whoever_has_the_same_key_at_the_same_address(tmp_path: Path) -> None:
    def name(key: str, home: str, url: str = "https://one.example/v1") -> str:
        given = {"openai_api_key": key, "openai_base_url": url, "salt": "s", "home": tmp_path / home}
        return upstream_of(coach.Settings.read(**given), "openai")

    mine = name("sk-mine", "here")
    assert name("sk-mine", "there") == mine and "sk-mine" not in mine
    assert len({mine, name("sk-other", "here"), name("sk-mine", "here", "https://two.example/v1")}) == 3
