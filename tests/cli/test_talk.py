"""``coach demo``, ``coach chat`` and ``coach doctor``, run as a person runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import coach
from coach.cli import app
from coach.sandbox import Sandbox

REPOSITORY = Path(__file__).parents[2]


def run(*arguments: str, cwd: Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a terminal of 80 columns, with no setting but those given."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    settings = {str(field.validation_alias) for field in coach.Settings.model_fields.values()}
    assert not settings & set(kept)
    return subprocess.run(
        [sys.executable, "-m", "coach", *arguments],
        cwd=cwd,
        input=stdin,
        env={**kept, "PYTHONPATH": str(REPOSITORY), "HOME": str(cwd), "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    done = run("demo", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


def test_the_demo_goes_through_every_phase_to_an_accepted_second_version(demo: tuple[Path, str]) -> None:
    _, shown = demo
    # Stickers are for who asks for them.
    phases = [
        phase.title for name, phase in coach.load("coach.reference").phases.items() if name != "sticker"
    ]
    headings = re.findall(r"^([A-Z][\w ]+?) ─+$", shown, flags=re.MULTILINE)
    assert sorted(headings) == sorted(phases)
    for part in (
        "consent recorded",
        "accept_identity_visualization",
        "What was made, with gpt",
    ):
        assert part in shown
    assert "First look" not in shown  # nobody judges an unfinished picture
    assert len(re.findall(r"v\d  coach-demo/v\d\.png · likeness: strong", shown)) == 2
    row = r"^v\d +strong +\$0\.\d{2,6} +\$0\.\d{2,6} +\d+\.\d s +coach-demo/v\d\.png *$"
    assert len(re.findall(row, shown, flags=re.MULTILINE)) == 2


def test_the_demo_reads_well_in_a_pipe(demo: tuple[Path, str]) -> None:
    _, shown = demo
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines() if "/" not in line) <= 100
    assert not re.search(r"https?://|[0-9a-f]{8}-[0-9a-f]{4}-", shown)


def test_the_demo_writes_the_talk_and_the_pictures_beside_it(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    page = (folder / "coach-demo" / "conversation.md").read_text()
    assert "Drawn by the coach sandbox" in page
    assert re.findall(r"!\[.*?\]\((.*?)\)", page) == ["v1.png", "v2.png"]
    for name in ("v1.png", "v2.png"):
        assert b"Drawn by the coach sandbox" in (folder / "coach-demo" / name).read_bytes()


def test_the_demo_empties_only_what_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    done = run("demo", "--out", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"


@pytest.mark.parametrize("content", [None, b"not a picture"])
def test_a_photo_that_is_none_is_named_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "me.jpg").write_bytes(content)
    done = run("demo", "--photo", "me.jpg", cwd=tmp_path)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 1


def test_chat_without_a_key_names_both_ways(tmp_path: Path) -> None:
    done = run("chat", cwd=tmp_path)
    assert done.returncode == 1
    assert "OPENAI_API_KEY" in done.stderr and "--sandbox" in done.stderr
    assert "Traceback" not in done.stderr


def test_chat_talks_keeps_and_goes_on(tmp_path: Path) -> None:
    first = run("chat", "--sandbox", cwd=tmp_path, stdin="I am Ann.\n/nonsense\n\n/quit\n")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Get to know you" in first.stdout and "/photo PATH" in first.stdout
    again = run("chat", "--sandbox", cwd=tmp_path, stdin="I love the night sky.\n")
    assert (again.returncode, again.stderr) == (0, "")
    assert "Introduction" not in again.stdout and "save_note" in again.stdout
    anew = run("chat", "--sandbox", "--new", cwd=tmp_path, stdin="")
    assert "Introduction" in anew.stdout
    page = (tmp_path / "coach-chat" / "me" / "conversation.md").read_text()
    assert [page.count(said) for said in ("I am Ann", "I love the night sky", "\n---\n")] == [1, 1, 2]


def test_chat_takes_a_photo_only_with_a_yes(tmp_path: Path, photo_bytes: bytes) -> None:
    (tmp_path / "me.jpg").write_bytes(photo_bytes)
    lines = "/photo me.jpg\nn\n/photo gone.jpg\n/photo 'me.jpg'\ny\n/forget\n/quit\n"
    done = run("chat", "--sandbox", cwd=tmp_path, stdin=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Nothing was kept") == 1
    assert "There is no file 'gone.jpg'" in done.stdout
    assert done.stdout.count("consent recorded") == 1
    assert "your photos are deleted" in done.stdout


def test_doctor_says_what_is_set_and_what_is_wrong(tmp_path: Path) -> None:
    done = doctor(cwd=tmp_path)
    assert done.exit_code == 1 and "OPENAI_API_KEY is not set" in done.stdout
    done = doctor("--sandbox", cwd=tmp_path)
    assert done.exit_code == 0 and "in order" in done.stdout
    assert "a first picture of the person" in done.stdout and "$0.0" in done.stdout
    done = doctor(
        cwd=tmp_path,
        OPENAI_API_KEY="sk-very-secret",
        COACH_IMAGE_MODEL="gpt-image-1",
        COACH_DATABASE_URL="postgresql://me:password@127.0.0.1:1/none",
    )
    assert done.exit_code == 1
    assert "shut down on 2026-10-23" in " ".join(done.stdout.split())
    assert "sk-very-secret" not in done.stdout and "password" not in done.stdout


def test_doctor_says_how_it_stands_with_memeputer(tmp_path: Path) -> None:
    wide = {"COLUMNS": "200"}
    done = doctor("--sandbox", cwd=tmp_path, MEMEPUTER_API_KEY="mp-secret", **wide)
    assert done.exit_code == 1 and "Set both of MEMEPUTER_API_KEY and MEMEPUTER_AGENT_ID" in done.stdout
    wide |= {"MEMEPUTER_AGENT_ID": "agent", "MEMEPUTER_API_KEY": "mp-secret"}
    done = doctor("--sandbox", cwd=tmp_path, COACH_MEMEPUTER_USD="0.05", **wide)
    assert done.exit_code == 0 and "in the chat of an agent, each $0.05" in done.stdout
    assert "mp-secret" not in done.stdout


def test_doctor_asks_the_endpoints_of_runpod_how_they_stand(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        done = doctor(
            cwd=tmp_path,
            COLUMNS="200",
            OPENAI_API_KEY="k",
            COACH_IMAGE_MODEL="flux-dev",
            COACH_RUNPOD_USD_PER_SECOND="0.0004",
            RUNPOD_BASE_URL=sandbox.settings["runpod_base_url"],
            RUNPOD_API_KEY="rp-secret",
            RUNPOD_SERVER_100_ID="flux",
            RUNPOD_SERVER_SCHNELL_ID="nowhere",
        )
        assert sandbox.totals.charged == 0
    assert "3 workers idle, 0 running; 0 jobs wait, 0 are worked on" in done.stdout
    assert "a picture costs at worst $0.28, 700 s of a worker" in done.stdout
    assert "Pictures on flux-dev" in done.stdout and "rp-secret" not in done.stdout
    assert done.exit_code == 1 and "RunPod's endpoint of flux-schnell cannot be asked" in done.stdout


def test_doctor_names_each_budget_that_no_picture_fits(tmp_path: Path) -> None:
    done = doctor("--sandbox", cwd=tmp_path, COACH_MAX_TURN_USD="0.001", COACH_MAX_DAY_USD="500")
    said = " ".join(done.stdout.split())
    assert done.exit_code == 1
    assert re.search(
        r"COACH_MAX_TURN_USD is 0\.001, and a first picture of the person costs \$0\.\d{2,6}", said
    )
    assert "COACH_MAX_DAY_USD is 500" not in said


def test_doctor_prices_the_background_with_the_model_that_calls(tmp_path: Path) -> None:
    background = {"COACH_PICTURE_MODE": "background", "COLUMNS": "200", "COACH_SECOND_TRY": "no"}
    once = {"COLUMNS": "200", "COACH_SECOND_TRY": "no"}
    direct = first_price(doctor("--sandbox", cwd=tmp_path, **once).stdout)
    called = doctor("--sandbox", cwd=tmp_path, **background)
    assert called.exit_code == 0 and "called by gpt-5.6-luna" in called.stdout
    # A budget between the two prices is enough for the one and not for the other.
    assert first_price(called.stdout) > direct
    done = doctor("--sandbox", cwd=tmp_path, COACH_MAX_PICTURE_USD=str(direct + 0.0001), **background)
    assert done.exit_code == 1 and "COACH_MAX_PICTURE_USD is" in done.stdout
    background |= {"COACH_BACKGROUND_MODEL": "nobody-knows", "COACH_MAX_PICTURE_USD": "500"}
    done = doctor("--sandbox", cwd=tmp_path, **background)
    assert done.exit_code == 1 and "the price of a first picture of the person is not known" in done.stdout


def test_doctor_prices_the_second_try_and_what_is_set_to_be_drafted(tmp_path: Path) -> None:
    def shown(**environment: str) -> str:
        env = {"COLUMNS": "200", "COACH_HOME": str(tmp_path), **environment}
        return CliRunner(env=env).invoke(app, ["doctor", "--sandbox"]).stdout

    twice, once = shown(), shown(COACH_SECOND_TRY="no")
    late, draft = shown(COACH_PICTURE_SECONDS="500"), shown(COACH_GRADE="draft")
    assert abs(first_price(twice) - 2 * first_price(once)) < 0.0002
    assert first_price(late) == first_price(once), "there is no time for it"
    first, change, other, mask = re.findall(r"\$\d\.\d{2,6}(.*?)  ", twice)[:4]
    assert first == change == other == ", made twice" != mask
    assert "a quick draft" in once and "made twice" not in once
    assert re.search(r"a first picture of the person +edit \S+ low ", draft)
    assert re.search(r"the accepted draft, finished +compose \S+ high png +\$\d\.\d{2,6}  ", draft)
    assert first_price(draft) < first_price(twice)


def test_doctor_looks_at_the_sandbox_s_own_places(tmp_path: Path) -> None:
    real = {
        "COACH_DATABASE_URL": "postgresql://me:password@127.0.0.1:1/none",
        "S3_BUCKET_NAME": "pictures",
        "COLUMNS": "200",
    }
    run("chat", "--sandbox", cwd=tmp_path, stdin="/quit\n")
    done = doctor("--sandbox", cwd=tmp_path, **real)
    assert done.exit_code == 0 and "nothing is in doubt" in done.stdout
    assert re.search(r"COACH_HOME +\S+/sandbox ", done.stdout)


def doctor(*arguments: str, cwd: Path, **environment: str) -> Result:
    """The command in this process, which has loaded what it needs, with no setting but those given."""
    unset = dict.fromkeys(str(field.validation_alias) for field in coach.Settings.model_fields.values())
    env = {**unset, "HOME": str(cwd), "COLUMNS": "80", **environment}
    with chdir(cwd):
        return CliRunner(env=env).invoke(app, ["doctor", *arguments])


def first_price(shown: str) -> float:
    return float(re.findall(r"a first picture of the person .*?\$(\d\.\d{4})", shown)[0])


def test_help_reads_like_a_sentence_for_every_command(tmp_path: Path) -> None:
    done = run("--help", cwd=tmp_path)
    commands = re.findall(r"^│ (\w+) +(\S.*?) *│$", done.stdout, flags=re.MULTILINE)
    assert {name for name, _ in commands} >= {"demo", "chat", "check", "new", "show", "doctor", "sandbox"}
