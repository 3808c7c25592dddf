"""``coach serve`` as a stranger meets it: what it says, whom it lets in, and how it stops."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import pytest

from coach.cli.demo import portrait
from coach.cli.serve import _address, _greeting, _settings
from coach.store import FolderBlobs, Store
from tests._forked import truly_started
from tests.cli.test_stop import REPOSITORY, TO_A_PICTURE, kept, sandbox_database
from tests.server._serve import Seen, events_of, say

SAID = [line for line in TO_A_PICTURE if not line.startswith("/") and line != "y"]


@contextmanager
def serving(home: Path, *options: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of its own, and what it says until it can be stopped."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-u", "-m", "coach", "serve", "--port", "0", *options]
    with (
        (home / "log").open("a") as log,
        subprocess.Popen(
            command, cwd=home, env=environment | env, stdout=subprocess.PIPE, stderr=log, text=True
        ) as running,
    ):
        assert running.stdout is not None
        try:
            yield running, first_words(running.stdout)
        finally:
            running.kill()


def first_words(output: IO[str]) -> str:
    said = ""
    for line in output:
        said += line
        if "Ctrl-C" in line:
            break
    return said


def address(said: str) -> str:
    found = re.search(r"http://\S+?(?=/\s)", said)
    assert found is not None, said
    return found[0]


async def to_a_picture(url: str, home: Path) -> tuple[dict[str, str], str]:
    """A guest comes to the point where a picture is asked for; gives their cookie and the conversation."""
    async with httpx2.AsyncClient(base_url=url, timeout=60) as page:
        guest = (await page.post("/api/v1/sessions/", json={})).json()["user_id"]
        talk = str((await page.post("/api/v1/conversations/")).json()["id"])
        await add_photo(home, guest)
        for line in SAID[:-1]:
            await say(page, talk, line)
        return dict(page.cookies), talk


async def add_photo(home: Path, user: str) -> None:
    """Their photo, with their consent."""
    folder = home / ".coach" / "sandbox"
    store = await Store.open(f"sqlite:///{folder}/coach.sqlite3", blobs=FolderBlobs(folder / "blobs"))
    await store.consents.give(user, statement="I agree")
    await store.photos.add(user, portrait().read_bytes())
    await store.close()


async def stopped_while_painting(
    url: str, cookies: dict[str, str], talk: str, running: subprocess.Popen[str], home: Path
) -> None:
    """Ask for the picture, and stop the server while it is on its way."""
    async with httpx2.AsyncClient(base_url=url, timeout=60, cookies=cookies) as page:
        path = f"/api/v1/conversations/{talk}/turns/"
        asked = {"type": "say", "text": SAID[-1]}
        async with page.stream("POST", path, json=asked, headers={"Idempotency-Key": "k"}) as answer:
            assert answer.status_code == 200
            await asyncio.to_thread(wait_until_sent, sandbox_database(home))
            running.send_signal(signal.SIGTERM)
            # The stream ends although the turn goes on: nobody is kept waiting.
            seen = [each async for each in events_of(answer)]
    assert "image" not in [name for _, name, _ in seen]


def wait_until_sent(database: Path) -> None:
    while "sending" not in [state for state, _ in kept(database)[0]]:
        time.sleep(0.01)


async def watched(url: str, cookies: dict[str, str], talk: str, until: str) -> list[Seen]:
    """Everything that happened in a conversation, up to the last event of a name."""
    async with httpx2.AsyncClient(base_url=url, timeout=60, cookies=cookies) as page:
        seen: list[Seen] = []
        async with page.stream("GET", f"/api/v1/conversations/{talk}/events/") as answer:
            async for each in events_of(answer):
                seen.append(each)
                if each[1] == "done" and until in [name for _, name, _ in seen]:
                    return seen
        return seen


def test_sigterm_keeps_a_picture_that_is_on_its_way_and_the_turn_is_whole_after(tmp_path: Path) -> None:
    with serving(tmp_path, "--sandbox", **REAL) as (running, said):
        assert "drawn by the sandbox" in said and "as a guest" in said
        cookies, talk = asyncio.run(to_a_picture(address(said), tmp_path))
        asyncio.run(stopped_while_painting(address(said), cookies, talk, running, tmp_path))
        assert running.wait(timeout=60) == 0
    assert kept(sandbox_database(tmp_path)) == ([("done", "paid")], 1)

    with truly_started(), serving(tmp_path, "--sandbox", **REAL) as (running, said):
        seen = asyncio.run(watched(address(said), cookies, talk, until="image"))
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 0
    names = [name for _, name, _ in seen]
    turn = names[len(names) - names[::-1].index("said") :]
    assert turn[-1] == "done" and turn.count("image") == 1 and "error" not in turn
    assert kept(sandbox_database(tmp_path)) == ([("done", "paid")], 1)
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log and "/api/v1/conversations/{conversation_id}/turns/ 200" in log


REAL = {
    "OPENAI_API_KEY": "sk-real",
    "COACH_DATABASE_URL": "postgresql://real/data",
    "COACH_GUESTS": "no",
    "COACH_JWT_KEY": "too short, and not looked at",
}
"""What is set for the real server; the sandbox's has nothing of it."""


@pytest.mark.parametrize(
    ("sandbox", "asked", "is_set", "guests"),
    [
        (True, None, "no", True),
        (True, False, "yes", False),
        (False, None, None, False),
        (False, None, "yes", True),
        (False, True, "no", True),
        (False, False, "yes", False),
    ],
)
def test_guests_come_in_where_it_is_said(
    monkeypatch: pytest.MonkeyPatch, sandbox: bool, asked: bool | None, is_set: str | None, guests: bool
) -> None:
    monkeypatch.delenv("COACH_GUESTS", raising=False)
    if is_set is not None:
        monkeypatch.setenv("COACH_GUESTS", is_set)
    settings = _settings(sandbox=sandbox, guests=asked)
    said = _greeting(_address("0.0.0.0", 8000), settings, sandbox=sandbox)
    assert settings.guests == guests == ("as a guest" in said)
    assert ("yours to pay" in said) == (guests and not sandbox)
    assert "http://localhost:8000/" in said


def test_without_a_key_it_ends_with_a_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as (running, said):
        assert running.wait(timeout=60) == 1 and said == ""
    assert (tmp_path / "log").read_text().splitlines()[-1].startswith("coach: OPENAI_API_KEY is not set.")
