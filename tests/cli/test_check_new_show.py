"""The commands for those who write a coach folder, as a person or a script sees them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from coach.check import check as check_folder
from coach.cli.check import check
from coach.cli.new import new
from coach.cli.show import show
from tests._folder import edited, write_folder
from tests._tree import ROOT

app = typer.Typer(pretty_exceptions_enable=False)
for command in (check, new, show):
    app.command()(command)


def run(*arguments: object, code: int = 0, width: int = 80) -> str:
    """What a command prints where nobody looks: no colours."""
    done = CliRunner(env={"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb"}).invoke(
        app, [str(argument) for argument in arguments]
    )
    assert done.exit_code == code, done.output
    return done.output


def test_a_sound_folder_is_all_clear_with_counts(tmp_path: Path) -> None:
    assert run("check", write_folder(tmp_path)) == (
        "All clear. mine: 2 phases, 2 actions, 2 context keys and 5 prompt files.\n"
    )


def test_every_finding_is_printed_with_its_way_out_and_an_error_is_exit_status_1(tmp_path: Path) -> None:
    changes = {
        **edited("prompts/phases/hello.md", ('["bye"]', '["bye", "later"]'), ("`leave`", "this")),
        "actions/greet.py": "1 / 0",
    }
    output = run("check", write_folder(tmp_path, changes), code=1)
    assert output == (
        "actions/greet.py:1  error A007  importing it raises ZeroDivisionError.\n"
        "    `coach check --traceback` shows where.\n"
        "prompts/phases/hello.md:3  warning P014  "
        "the prompt never names the action `leave`, which it allows.\n"
        "    Say when to call `leave`, in backticks, or remove it from `actions`.\n"
        "prompts/phases/hello.md:5  error P020  there is no phase `later`.\n"
        "    There are: `bye`, `hello`.\n"
        "\n"
        "mine: 2 errors, 1 warning.\n"
    )


def test_warnings_alone_are_exit_status_0(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, edited("prompts/phases/hello.md", ("`leave`", "this")))
    assert run("check", folder).endswith("mine: 0 errors, 1 warning.\n")


def test_square_brackets_in_a_folder_are_not_read_as_markup(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, edited("prompts/phases/bye.md", ("actions = []", "[bold]\n[/bold]")))
    assert "P001" in run("check", folder, code=1)


def test_services_can_be_named(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path, edited("actions/leave.py", ("ctx: Context", "ctx: Context, people, prompts"))
    )
    assert "All clear" in run("check", folder)
    assert "A010" in run("check", folder, "--service", "pictures", code=1)
    assert "All clear" in run("check", folder, "--service", "pictures", "--service", "people")


def test_the_traceback_of_a_broken_file_can_be_shown(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {"actions/greet.py": "int('four')"})
    assert "Traceback" not in run("check", folder, code=1)
    shown = run("check", folder, "--traceback", code=1)
    assert "invalid literal for int()" in shown and 'actions/greet.py", line 1' in shown


def test_without_a_folder_it_is_this_one_or_the_reference_coach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_folder(tmp_path))
    assert "mine: 2 phases" in run("check")
    monkeypatch.chdir(tmp_path)
    assert run("check").startswith("All clear. reference: 8 phases")


def test_no_folder_at_all_is_a_finding(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert run("check", nowhere, code=1).startswith(f"{nowhere}:1  error F001  there is no such folder")
    assert run("check", tmp_path, code=1).startswith(f"{tmp_path}:1  error F001  it has no `prompts/`")
    assert "F001" in run("show", "--coach", tmp_path / "nowhere", code=1)


def test_a_new_coach_passes_the_check_and_its_own_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = run("new", "my_coach")
    assert [line.strip() for line in output.splitlines() if line.startswith("  my_coach/")] == [
        "my_coach/__init__.py",
        "my_coach/actions/remember_name.py",
        "my_coach/context/user_name.py",
        "my_coach/prompts/coach.md",
        "my_coach/prompts/phases/goodbye.md",
        "my_coach/prompts/phases/welcome.md",
        "my_coach/tests/test_coach.py",
    ]
    *_, check_it, show_it, test_it, pytest_too = [line.strip() for line in output.splitlines()]
    python = check_it.partition(" ")[0]
    assert shutil.which(python) == sys.executable
    assert check_it == f"{python} -m coach check my_coach"
    assert show_it == f"{python} -m coach show --coach my_coach"
    assert test_it == f"{python} -m pytest my_coach"
    assert pytest_too == f"The tests need pytest: {python} -m pip install pytest"
    assert run("check", "my_coach").startswith("All clear. my_coach: 2 phases, 1 action, 1 context key")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my_coach"]
    # Without the plugins that are here by chance: some take seconds.
    env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_new_package_is_loaded_by_its_name_wherever_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = run("new", "sleep_coach", "--package")
    assert "sleep_coach/pyproject.toml" in output and "sleep_coach/sleep_coach/prompts/coach.md" in output
    assert run("check", "sleep_coach/sleep_coach").startswith("All clear.")
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    elsewhere.mkdir()
    offline = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(there)))}
    for command in (
        ["pip", "install", *offline, "--target", str(there), str(tmp_path / "sleep_coach")],
        ["coach", "check", "sleep_coach"],
        ["coach", "show", "--coach", "sleep_coach"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=elsewhere, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "sleep_coach, phase welcome" in done.stdout
    assert not (there / "sleep_coach" / "tests").exists()
    for name in ("_mine", "größe"):
        assert "cannot be installed" in " ".join(run("new", name, "--package", code=2, width=200).split())


def test_a_new_coach_never_overwrites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_folder(tmp_path, name="mine")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert "is there already" in run("new", "mine", code=2)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    (tmp_path / "file").write_text("kept")
    assert "is there already" in run("new", "file", code=2)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_new_coach_needs_a_python_name_and_takes_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("my-coach", "2nd", ".", "class"):
        assert "is no Python name" in run("new", name, code=2)
    for name in ("coach", "json"):
        assert "would be hidden" in " ".join(run("new", name, code=2, width=200).split())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    run("new", "mine")
    assert check_folder(tmp_path / "mine") == []


def parts(output: str) -> tuple[str, str, str]:
    """The system message, the tools and the estimate of ``coach show``."""
    lines = output.splitlines()
    starts = [index for index, line in enumerate(lines) if line.endswith("─") or line.endswith("─ ")]
    assert len(starts) == 3, output
    one, two, three = starts
    return "\n".join(lines[one + 1 : two]), "\n".join(lines[two + 1 : three]), "\n".join(lines[three + 1 :])


def test_show_prints_exactly_what_a_phase_sends(tmp_path: Path) -> None:
    long = "All on one line, however narrow the terminal is, [bold]no markup[/bold], no :smile:,\ta tab."
    folder = write_folder(tmp_path, {"prompts/_rules.md": long})
    output = run("show", "hello", "--coach", folder, width=40)
    system, tools, estimate = parts(output)
    assert system == f"You talk with (name).\n\nSay hello with `greet`, go on with `leave`.\n- (text)\n{long}"
    assert [tool["function"]["name"] for tool in json.loads(tools)] == ["greet", "leave"]
    assert all(tool["function"]["strict"] for tool in json.loads(tools))
    assert "about" in estimate and "An estimate, a quarter of the bytes" in estimate
    assert output.startswith("mine, phase hello, with sample values. Version of the words: ")


def test_show_begins_with_the_first_phase_and_names_those_there_are(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    assert parts(run("show", "--coach", folder))[0].startswith("You talk with (name).\n\nSay hello")
    assert "There are: bye, hello" in " ".join(
        run("show", "later", "--coach", folder, code=2, width=200).split()
    )


def test_show_of_a_phase_without_tools_says_so(tmp_path: Path) -> None:
    output = run("show", "bye", "--coach", write_folder(tmp_path))
    assert parts(output)[1] == "[]"
    assert "0 tools" in output and "0 for the tools" in output


def test_show_with_a_person_asks_the_context_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COACH_DATABASE_URL", raising=False)
    output = run("show", "bye", "--coach", write_folder(tmp_path), "--user", "ann")
    assert parts(output)[0] == "You talk with ann.\n\nSay goodbye to ann."
    assert "the values of ann" in output


def test_a_broken_folder_is_not_shown(tmp_path: Path) -> None:
    assert "A007" in run("show", "--coach", write_folder(tmp_path, {"actions/greet.py": "1 / 0"}), code=1)
