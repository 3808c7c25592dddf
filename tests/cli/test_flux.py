"""``coach flux`` and ``coach styles``, with the sandbox as the service."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.cli import app
from coach.errors import InputRefused
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from tests._environment import environment

SMALL = ("--width", "256", "--height", "144")


def run(*arguments: str, code: int = 0, stdin: str = "") -> str:
    """What a command prints where nobody looks."""
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    done = runner.invoke(app, arguments, input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """The service of the settings; its second job fails, or as is said. The working directory is empty."""
    usual = Rule(mode="job_node_raised", route="run", after=1, times=1)
    fails = getattr(request, "param", usual)
    with Sandbox(quick=True, faults=[fails]) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("POLLING_INTERVAL", "0.02")
        monkeypatch.chdir(tmp_path)
        yield running


def saved() -> list[str]:
    return sorted(str(path) for path in Path("style_images").rglob("*.png"))


def test_a_batch_with_a_style_is_run_again_for_what_is_missing(sandbox: Sandbox) -> None:
    Path("prompts.txt").write_text("A lone figure in fog\n\n  Hands holding a letter  \n", "utf-8-sig")
    command = ("flux", "--file", "prompts.txt", "--style", "1", "--character", "ana:0.8", *SMALL)
    assert "Go on?" in run(*command, "--at-once", "1", code=1, stdin="n\n") and not sandbox.log

    shown = run(*command, "--at-once", "1", "--yes", code=1)
    assert "2 pictures, at most $" in shown and "2. service_error: The picture service had an error." in shown
    assert "1 of 2 pictures are there; missing: 1 service_error." in shown and "--again" not in shown
    [first] = saved()
    assert first.startswith("style_images/1_ink_intensity/generated_2") and f"1. {first}  256x144" in shown

    again = run(*command, "--yes")
    assert first in again and len(saved()) == 2
    posted = [received for received in sandbox.log if received.route == "POST /v2/flux/run"]
    assert len(posted) == 3, "two jobs, and then the one that had failed"
    assert str(posted[0].params["prompt"]).startswith("A lone figure"), "without the file's byte order mark"
    sent = posted[-1].params["workflow"]
    assert sent["43"]["inputs"]["lora_2_name"] == "ana.safetensors"
    assert sent["43"]["inputs"]["lora_2_strength"] == 0.68

    told = json.loads(run("styles", "1", "--json"))
    assert told["title"] == "Ink Intensity"
    assert [(each["prompt"], each["state"]) for each in told["history"]] == [
        ("Hands holding a letter", "done"),
        ("Hands holding a letter", "failed"),
        ("A lone figure in fog", "done"),
    ]
    shown = run("styles", "1")
    assert "What was made in it" in shown and "A detective in the rain, noir atmosphere" in shown


def test_one_picture_as_json_under_a_name_of_ones_own(sandbox: Sandbox) -> None:
    told = json.loads(run("flux", "A guide", "--name", "night", "--seed", "7", "--json", *SMALL))
    assert [(each["status"], each["seed"], each["saved_path"]) for each in told] == [
        ("success", 7, "style_images/night.png")
    ]
    assert "images" not in told[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say what to show"),
        (("a", "b", "--name", "c"), "--name is for a single picture"),
        (("a", "--character", "ana:x"), "neither NAME nor NAME:STRENGTH"),
    ],
)
def test_what_cannot_be_meant_is_said(arguments: tuple[str, ...], said: str) -> None:
    assert said in run("flux", *arguments, code=2)


def test_a_file_of_prompts_is_text(tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputRefused, match=r"'prompts\.txt' is no text"):
        run("flux", "--file", str(file))
    file.write_bytes(b"x" * 1_000_001)
    with pytest.raises(InputRefused, match="larger than a file of prompts may be"):
        run("flux", "--file", str(file))


def test_the_styles_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    shown = run("styles")
    assert "Ink Intensity" in shown and "Dynamic Simplicity" in shown
    assert [style["id"] for style in json.loads(run("styles", "--json"))] == ["1", "16"]
    assert "Nothing was made in it yet." in run("styles", "16")
    with pytest.raises(InputRefused, match="There are: 1, 16"):
        run("styles", "2")
    (tmp_path / "noir.toml").write_text('id = "noir"\ntitle = "Noir"\n')
    monkeypatch.setenv("COACH_STYLES", str(tmp_path))
    assert "Noir" in run("styles") and "Ink Intensity" not in run("styles")


@pytest.mark.parametrize("sandbox", [Rule(mode="job_vanishes", route="run", times=1)], indirect=True)
def test_that_what_may_be_charged_is_asked_for_only_with_a_word_is_said(sandbox: Sandbox) -> None:
    command = ("flux", "A lone figure in fog", "--batch", "b", "--yes", *SMALL)
    for _ in range(2):
        assert "What may have been charged it asks for only with --again." in run(*command, code=1)
    assert "256x144" in run(*command, "--again")
    assert [received.route for received in sandbox.log].count("POST /v2/flux/run") == 2
