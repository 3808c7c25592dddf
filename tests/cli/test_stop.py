"""A service manager says stop, or the process dies: what is being paid for is received, kept and told."""

import asyncio
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from coach.cli.demo import portrait
from coach.store import Conversations, Database
from tests.studio._rows import add_lost

REPOSITORY = Path(__file__).parents[2]

TO_A_PICTURE = (
    "You can call me Grace.",
    "What fills my days now is explaining difficult things to students until they suddenly see it.",
    "Under the stars, with somebody who has never found the North Star before.",
    "Night-sky guide. That one makes me smile.",
    "I would stop and answer the question a child asks me, even when I am in a hurry.",
    "Yes, the name sits well.",
    "Yes, that is mine.",
    "At the observatory on the hill, at night, about to show somebody where to look, and I am calm.",
    f"/photo {shlex.quote(str(portrait()))}",
    "y",
    "Yes, I am ready.",
)


def begun(folder: Path, *command: str, ignoring: bool = False) -> subprocess.Popen[str]:
    """A command; ``ignoring`` Ctrl-C, as a script's shell begins it in the background."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "coach", *command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignoring else None,
    )


def stopped_while_painting(process: subprocess.Popen[str], output: IO[str], folder: Path) -> None:
    said = next(line for line in output if "Sending your photo" in line)
    assert "gpt-image" in said
    [database] = folder.rglob("coach.sqlite3")
    while "sending" not in [state for state, _ in kept(database)[0]]:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)


def kept(database: Path) -> tuple[list[tuple[str, str]], int]:
    """How the generations ended, and how many versions there are."""
    connection = sqlite3.connect(database)
    states = connection.execute("SELECT state, paid FROM generations").fetchall()
    [versions] = connection.execute("SELECT count(*) FROM versions").fetchone()
    connection.close()
    return states, versions


@pytest.mark.parametrize("ignoring", [False, True])
def test_sigterm_lets_a_picture_that_was_asked_for_arrive(tmp_path: Path, ignoring: bool) -> None:
    with begun(tmp_path, "demo", ignoring=ignoring) as demo:
        assert demo.stdout is not None
        stopped_while_painting(demo, demo.stdout, tmp_path)
        _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130 and "Traceback" not in errors
    [database] = (tmp_path / "coach-demo").rglob("coach.sqlite3")
    assert kept(database) == ([("done", "paid")], 1)


def test_after_sigterm_the_chat_keeps_the_picture_and_asks_nothing_more(tmp_path: Path) -> None:
    with begun(tmp_path, "chat", "--sandbox") as chat:
        assert chat.stdin is not None and chat.stdout is not None and chat.stderr is not None
        chat.stdin.write("".join(f"{line}\n" for line in TO_A_PICTURE))
        chat.stdin.flush()
        stopped_while_painting(chat, chat.stdout, tmp_path)
        # Its input stays open: only the signal can have ended it.
        assert chat.wait(timeout=60) == 0
        assert chat.stderr.read() == ""
        said = chat.stdout.read()
    assert "v1  " in said and "goes on from here" in said
    assert kept(sandbox_database(tmp_path)) == ([("done", "paid")], 1)


def test_chat_says_once_that_a_picture_may_have_been_charged_before_it_died(tmp_path: Path) -> None:
    said = []
    for number in range(3):
        with begun(tmp_path, "chat", "--sandbox") as chat:
            shown, errors = chat.communicate("/quit\n", timeout=60)
        assert (chat.returncode, errors) == (0, "")
        said.append("may have been charged without arriving" in " ".join(shown.split()))
        if number == 0:
            asyncio.run(lose_one(f"sqlite:///{sandbox_database(tmp_path)}"))
    assert said == [False, True, False]


def sandbox_database(home: Path) -> Path:
    return home / ".coach" / "sandbox" / "coach.sqlite3"


async def lose_one(url: str) -> None:
    database = Database(url)
    [talk] = await Conversations(database).list("me")
    await add_lost(database, user_id="me", conversation_id=talk.id)
    await database.close()
