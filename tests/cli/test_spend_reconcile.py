"""``coach spend`` and ``coach reconcile``: everybody's money for an operator, from the database alone."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coach.cli import app
from coach.errors import Conflict, NotFound, PictureError, SettingsError
from coach.store import Database
from coach.store.migrate import migrate
from coach.studio import Generation, Spool
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from coach.studio.spool import Head
from tests.conftest import on_sqlite
from tests.studio._rows import add_lost, add_reserved, planned
from tests.studio._service import answer, picture

SPLIT = {"output_tokens_details": {"image_tokens": 1}, "output_tokens": 1}


def run(*arguments: str, code: int = 0, width: int = 200, answer: str = "") -> str:
    """What a command prints where nobody looks."""
    runner = CliRunner(env={"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb"})
    done = runner.invoke(app, arguments, input=answer)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def ledger(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database that the commands find, with one picture of each fate; no key is set."""
    monkeypatch.setenv("COACH_DATABASE_URL", database_url)
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    asyncio.run(fill(database_url))
    yield database_url


async def fill(url: str) -> None:
    database = Database(url)
    await migrate(database)

    async def make(
        fate: str, quote: int | None = 100_000, cost: int | None = None, **fields: Any
    ) -> Generation:
        ledger = Ledger(database)
        here = await add_reserved(database, quote, **fields)
        if fate == "done":
            for state in ("sending", "received"):
                here = await ledger.advance(here, state)
            usage = fields.get("usage")
            return await ledger.advance(here, "stored", actual_micros=cost, usage=usage)
        return here

    await make("done", cost=59_513, id="split", usage=SPLIT)
    await make("done", cost=60_000, id="streamed", usage={"output_tokens": 1})
    await make("done", id="uncounted", user_id="bob", tenant="acme")
    await make("done", None, id="unpriced", model="new", usage=SPLIT)
    await add_lost(database, 100_000, id="lost", job_id="job_9")
    await make("reserved", id="busy", user_id="bob", tenant="acme", model="new")
    dear = await planned(database, id="only asked", model="never sent")
    with pytest.raises(PictureError):
        await Ledger(database).reserve(dear, Budgets(picture=1))
    await database.close()


def test_spending_by_day_says_what_is_known_and_what_is_not(ledger: str) -> None:
    assert json.loads(run("spend", "--json")) == [
        {
            "of": "2026-03-20",
            "pictures": 4,
            "spent_micros": 219_513,
            "at_quote": 1,
            "unsplit": 1,
            "held_micros": 100_000,
            "in_doubt": 1,
            "doubt_micros": 100_000,
            "unpriced": 1,
        }
    ]
    shown = run("spend")
    assert "$0.219513" in shown and "$0.10 (1)" in shown
    assert "1 unpriced, 1 at the quote, 1 unsplit" in shown
    assert "unsplit: the count did not say which output is text" in shown
    assert "in all" not in shown, "of one line there is no sum"


@pytest.mark.parametrize(
    ("by", "spent"),
    [
        ("person", {"ana": 119_513, "bob": 100_000}),
        ("tenant", {"": 119_513, "acme": 100_000}),
        ("model", {"m": 219_513, "new": 0}),
    ],
)
def test_spending_is_told_by_person_tenant_and_model(ledger: str, by: str, spent: dict[str, int]) -> None:
    assert {
        line["of"]: line["spent_micros"] for line in json.loads(run("spend", "--by", by, "--json"))
    } == spent
    shown = run("spend", "--by", by)
    assert "in all" in shown and ("no tenant" in shown) == (by == "tenant")


def test_spending_of_one_person_or_of_the_last_days(ledger: str) -> None:
    [bob] = json.loads(run("spend", "--user", "bob", "--json"))
    assert (bob["spent_micros"], bob["held_micros"], bob["in_doubt"]) == (100_000, 100_000, 0)
    assert run("spend", "--days", "1") == "No picture was charged, is being made or is in doubt.\n"
    assert json.loads(run("spend", "--days", "1", "--json")) == []
    assert json.loads(run("spend", "--days", "36500", "--json")) == json.loads(run("spend", "--json"))


def test_what_is_in_doubt_is_listed_with_all_one_needs_to_look_it_up(ledger: str, tmp_path: Path) -> None:
    [lost] = json.loads(run("reconcile", "--json"))
    assert lost.pop("since")
    assert lost == {
        "id": "lost",
        "state": "unknown",
        "error_code": "interrupted",
        "user_id": "ana",
        "tenant": "",
        "conversation_id": "talk",
        "model": "m",
        "quote_micros": 100_000,
        "actual_micros": None,
        "request_id": "req_1",
        "job_id": "job_9",
        "told": False,
        "file": False,
    }
    assert not (tmp_path / "home").exists(), "looking makes nothing"
    with Spool(tmp_path / "home" / "spool").open("lost") as file:
        shown = run("reconcile", width=50)
        file.write(b"half a pict")
        file.flush()
        assert "part of the answer is in the spool" in " ".join(run("reconcile", width=50).split())
    assert "ana in talk" in shown and "request req_1, job job_9" in " ".join(shown.split())
    assert "in the spool" not in " ".join(shown.split()), "a file without a byte is no part of an answer"


def test_what_is_being_made_is_counted(ledger: str) -> None:
    shown = run("reconcile", "--user", "bob")
    said = "1 picture is being made, as far as one can see from this machine.\n"
    assert shown == f"Nothing is in doubt.\n{said}"
    assert "being made" not in run("reconcile", "--user", "ana")
    asyncio.run(one_more_busy(ledger))
    assert "2 pictures are being made, as far as one can see" in run("reconcile")


async def one_more_busy(url: str) -> None:
    database = Database(url)
    await Ledger(database).advance(await add_reserved(database, id="busy too"), "sending")
    await database.close()


def test_what_was_charged_and_gave_no_picture_is_listed_too(ledger: str, tmp_path: Path) -> None:
    async def waste() -> None:
        database = Database(ledger)
        here = await add_reserved(database, 100_000, id="rubbish", user_id="bob")
        here = await Ledger(database).advance(here, "sending")
        fields = {"error_code": "bad_answer", "paid": "paid", "request_id": "req_2"}
        await Ledger(database).advance(here, "failed", **fields)
        await database.close()

    asyncio.run(waste())
    with Spool(tmp_path / "home" / "spool").open("rubbish") as file:
        file.write(b"no picture")
        file.flush()
        shown = " ".join(run("reconcile", "--user", "bob", width=50).split())
    assert shown.startswith("Nothing is in doubt. Charged, and no picture: 1 rubbish")
    assert "request req_2" in shown and "bad_answer; the answer is in the spool" in shown
    assert [one["state"] for one in json.loads(run("reconcile", "--json"))] == ["unknown", "failed"]


@pytest.mark.parametrize(
    ("said", "answer", "spent"),
    [
        (["--not-charged"], "Settled: lost was not charged. What was held for it is free again.\n", 119_513),
        (["--charged"], "Settled: lost was charged, and counts as $0.10.\n", 219_513),
        (["--charged", "--usd", "0.07"], "Settled: lost was charged, and counts as $0.07.\n", 189_513),
    ],
)
def test_an_operator_settles_by_hand(ledger: str, said: list[str], answer: str, spent: int) -> None:
    assert run("reconcile", "lost", *said) == answer
    [ana] = json.loads(run("spend", "--user", "ana", "--json"))
    assert (ana["spent_micros"], ana["in_doubt"], ana["doubt_micros"]) == (spent, 0, 0)
    assert run("reconcile", "--check") == "The accounts equal the sum over the ledger.\n"
    with pytest.raises(Conflict, match="is failed, not in doubt"):
        run("reconcile", "lost", "--charged")
    with pytest.raises(NotFound):
        run("reconcile", "found", "--charged")


@on_sqlite
@pytest.mark.parametrize(
    "arguments",
    [
        ["lost"],
        ["lost", "--not-charged", "--usd", "0.1"],
        ["--charged"],
        *(["lost", "--charged", "--usd", amount] for amount in ("-1", "NaN", "a lot")),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_changes_nothing(ledger: str, arguments: list[str]) -> None:
    said = run("reconcile", *arguments, code=2)
    assert "Error" in said and ("--usd goes with --charged only." in said) == ("--not-charged" in arguments)
    assert len(json.loads(run("reconcile", "--json"))) == 1


@pytest.mark.parametrize("command", ["spend", "reconcile"])
def test_without_a_database_a_sentence_is_said_and_none_is_made(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COACH_DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match=r"no database yet; .* For the sandbox's: --sandbox"):
        run(command)
    with pytest.raises(SettingsError, match="The sandbox has no database yet"):
        run(command, "--sandbox")
    assert list(tmp_path.iterdir()) == []


@on_sqlite
def test_the_sandbox_has_books_of_its_own(ledger: str, tmp_path: Path) -> None:
    home = tmp_path / "home" / "sandbox"
    home.mkdir(parents=True)
    asyncio.run(fill(f"sqlite:///{home / 'coach.sqlite3'}"))
    assert run("reconcile", "lost", "--not-charged", "--sandbox").startswith("Settled: lost")
    assert json.loads(run("reconcile", "--sandbox", "--json")) == []
    assert run("reconcile", "--check", "--sandbox") == "The accounts equal the sum over the ledger.\n"
    [theirs], [mine] = (json.loads(run("spend", "--json", *where)) for where in (["--sandbox"], []))
    assert (theirs["in_doubt"], mine["in_doubt"]) == (0, 1), "yours are as they were"


@on_sqlite
def test_settling_says_who_did_it_in_the_history(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    said: list[tuple[str, Callable[[], str]]] = [("ada", lambda: "ada"), ("an operator", nobody)]
    for number, (name, who) in enumerate(said):
        monkeypatch.setattr("getpass.getuser", who)
        generation_id = asyncio.run(one_more_lost(ledger, number))
        settled = json.loads(run("reconcile", generation_id, "--charged", "--usd", "0.5", "--json"))
        assert settled == {"id": generation_id, "charged": True, "actual_micros": 500_000}
        said_then = asyncio.run(last_detail(ledger, generation_id))
        assert said_then == f"settled by hand by {name}: charged 500000 micro-dollars"


async def one_more_lost(url: str, number: int) -> str:
    database = Database(url)
    lost = await add_lost(database, id=f"lost {number}")
    await database.close()
    return lost.id


async def last_detail(url: str, generation_id: str) -> str:
    database = Database(url)
    steps = await Ledger(database).steps("ana", generation_id)
    await database.close()
    return steps[-1].detail


@on_sqlite
def test_what_a_dead_process_left_behind_is_listed_with_what_follows(ledger: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "home" / "spool")
    with spool.open("busy"):
        assert "1 picture is being made" in run("reconcile", "--user", "bob")
    shown = " ".join(run("reconcile", "--user", "bob", width=50).split())
    assert "Left behind by a process that is gone: 1 busy" in shown
    assert "never sent; the next start frees what it holds" in shown and "being made" not in shown
    [busy] = json.loads(run("reconcile", "--user", "bob", "--json"))
    assert (busy["id"], busy["state"], busy["file"]) == ("busy", "reserved", False)

    asyncio.run(one_more_busy(ledger))
    with spool.open("busy too") as file:
        pass
    assert "calls it in doubt" in " ".join(run("reconcile", "--user", "ana", width=50).split())
    file.part.write_bytes(b"half a pict")
    assert "something of the answer is in the spool" in " ".join(run("reconcile", width=50).split())


@on_sqlite
def test_a_picture_that_is_here_is_not_settled_by_hand(ledger: str, tmp_path: Path) -> None:
    with Spool(tmp_path / "home" / "spool").open("lost") as file:
        file.note(Head(engine="gpt-image", media_type="application/json", request_id="req_1"))
        file.write(json.dumps(answer(picture())).encode())
    with pytest.raises(Conflict, match="The whole answer lies in the spool, so nothing was settled"):
        run("reconcile", "lost", "--not-charged")
    [ana] = json.loads(run("spend", "--user", "ana", "--json"))
    assert (ana["in_doubt"], ana["doubt_micros"]) == (1, 100_000)
