"""``coach sticker`` with the sandbox; where it dies, as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from coach._reached import VARIABLE
from coach.cli import _open, app
from coach.sandbox import Sandbox
from coach.settings import Settings
from coach.stickers.spec import JobSpec

PROMPT = ("--prompt", 'waving, with the words "hi all"')


@pytest.fixture
def home(tmp_path: Path, photo_bytes: bytes) -> Path:
    """A folder with a picture in it."""
    (tmp_path / "me.jpg").write_bytes(photo_bytes)
    return tmp_path


@pytest.fixture
def quick_sandbox() -> Iterator[Sandbox]:
    """A sandbox whose pictures are only labelled."""
    with Sandbox(quick=True) as sandbox:
        yield sandbox


def run(home: Path, *arguments: str, says: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``coach sticker me.jpg`` there."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("COACH_", "OPENAI_"))}
    given |= {"COACH_HOME": str(home / "home"), "COLUMNS": "200", **env}
    command = [sys.executable, "-m", "coach", "sticker", *arguments]
    return subprocess.run(
        command, cwd=home, env=given, input=says, capture_output=True, text=True, timeout=120
    )


def rows(home: Path) -> list[tuple[str, int]]:
    """The state of everything that was asked for, and how often it was posted."""
    engine = create_engine(f"sqlite:///{home}/home/sandbox/coach.sqlite3")
    with engine.connect() as connection:
        found = connection.execute(text("SELECT state, posts FROM generations ORDER BY created_at"))
        return [(row.state, row.posts) for row in found]


def here(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, says: str = "") -> Result:
    """The same in this process."""
    for name in [name for name in os.environ if name.startswith(("COACH_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COACH_HOME", str(home / "home"))
    monkeypatch.setattr(_open, "PICTURE_SECONDS", 0)
    monkeypatch.chdir(home)
    return CliRunner().invoke(app, ["sticker", *arguments], input=says, env={"COLUMNS": "200"})


def test_a_spec_is_free_and_a_sticker_is_quoted_made_once_and_found_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = here(home, monkeypatch, "me.jpg", *PROMPT, "--spec-only", "--sandbox", "--yes")
    assert spec.exit_code == 0, spec.output
    told = JobSpec.model_validate(json.loads(spec.stdout))
    assert told.text is not None and told.text.value == "hi all" and rows(home) == []
    assert "at most $" in spec.stderr

    for _ in range(2):
        made = here(home, monkeypatch, "me.jpg", *PROMPT, "--out", "here/hi.png", "--sandbox")
        assert made.exit_code == 0, made.output
        assert "at most $" in made.stderr and "sandbox" in made.stderr
        assert "here/hi.png" in made.stdout and rows(home) == [("done", 1)]
    with Image.open(home / "here/hi.png") as sticker:
        assert (sticker.size, sticker.mode) == ((512, 512), "RGBA")
    assert (home / "here/hi.png").stat().st_mode & 0o077 == 0


def test_killed_in_between_the_picture_is_there_the_next_time(home: Path) -> None:
    agreed = ("--sandbox", "--yes")
    killed = run(home, "me.jpg", "--template", "GM", *agreed, **{VARIABLE: "after_received"})
    assert killed.returncode == -9 and rows(home) == [("received", 1)]
    made = run(home, "me.jpg", "--template", "gm", *agreed)
    assert made.returncode == 0, made.stderr
    assert (home / "sticker.png").exists() and rows(home) == [("done", 1)]


def test_without_a_yes_nothing_is_read_and_what_cannot_be_is_said_first(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = here(home, monkeypatch, "me.jpg", "--template", "GM", "--sandbox", says="n\n")
    assert "Without your yes" in str(refused.exception) and rows(home) == []
    for arguments, said in (
        (("me.jpg",), "--template"),
        (("me.jpg", "--pack", "--template", "GM"), "--pack"),
        (("me.jpg", "--template", "MOON"), "no such sticker template. There are GM, "),
        (("photo", "--template", "GM", "--sandbox", "--yes"), "me has no photo here yet"),
        (("me.jpg", "--template", "GM", "--out", "x.jpg"), ".png"),
        (("you.jpg", "--template", "GM"), "no file"),
        (("me.jpg", "--template", "GM"), "OPENAI_API_KEY"),
    ):
        wrong = here(home, monkeypatch, *arguments)
        assert wrong.exit_code and said in f"{wrong.output}{wrong.exception}", arguments


def test_the_price_is_asked_for_where_it_is_paid(
    home: Path, monkeypatch: pytest.MonkeyPatch, quick_sandbox: Sandbox
) -> None:
    monkeypatch.setattr(
        _open,
        "settings_for",
        lambda *, sandbox: nullcontext(
            Settings.read(
                home=home / "home" / "sandbox",
                openai_api_key=quick_sandbox.api_key,
                openai_base_url=quick_sandbox.base_url,
            )
        ),
    )
    asked = here(home, monkeypatch, "me.jpg", "--template", "GM", says="y\nn\n")
    assert asked.exit_code == 1 and "Make it?" in asked.output and "nothing is paid" in asked.output
    assert rows(home) == []
    # What the quick sandbox draws is no cut-out: it is said, and the exit code says so too.
    failed = here(home, monkeypatch, "me.jpg", "--template", "GM", says="y\n")
    assert failed.exit_code == 1 and "no good sticker" in failed.output
    assert rows(home) == [("done", 1), ("done", 1)] and not (home / "sticker.png").exists()


def test_a_pack_is_a_sticker_of_each_template_and_a_sheet(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("coach.cli.sticker"), "NAMES", ("GM", "HODL"))
    made = here(home, monkeypatch, "me.jpg", "--pack", "--sandbox", "--yes", "--out", "pack")
    assert made.exit_code == 0, made.output
    assert {path.name for path in (home / "pack").iterdir()} == {"GM.png", "HODL.png", "pack.png"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home / "pack").iterdir())
    assert rows(home) == [("done", 1)] * 2
