"""``coach sandbox`` as a stranger meets it."""

import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from coach.cli import app
from coach.sandbox.faults import MODES, read_plan


def test_every_way_to_misbehave_is_listed_with_a_plan_that_can_be_read(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["sandbox", "--list-faults"], env={"COLUMNS": "100"})
    assert shown.exit_code == 0
    for name, mode in MODES.items():
        assert re.search(rf"^{name} +{'yes' if mode.charged else 'no'} ", shown.output, re.MULTILINE)
    plan = tmp_path / "plan.toml"
    plan.write_text(shown.output[shown.output.index("[[fault]]") :])
    assert read_plan(plan)[0].mode in MODES


@pytest.mark.parametrize(
    ("plan", "said"), [('[[fault]]\nmode="hangs"', "no mode 'hangs'"), (None, "does not exist")]
)
def test_a_wrong_plan_is_said_before_it_starts(tmp_path: Path, plan: str | None, said: str) -> None:
    file = tmp_path / "plan.toml"
    if plan is not None:
        file.write_text(plan)
    shown = CliRunner().invoke(app, ["sandbox", "--faults", str(file)], env={"COLUMNS": "200"})
    assert shown.exit_code == 2 and said in shown.output and "--faults" in shown.output


def test_it_misbehaves_as_the_plan_says(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\nmode = "status_503"\n')
    arguments = ["sandbox", "--port", "0", "--quick", "--faults", str(plan)]
    with subprocess.Popen(
        [sys.executable, "-m", "coach", *arguments], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as running:
        assert running.stdout is not None
        try:
            said = ""
            while "OPENAI_API_KEY" not in said:
                said += running.stdout.readline()
            url = re.search(r"OPENAI_BASE_URL=(\S+)", said)
            assert url is not None and f"misbehaves as {plan} says" in said
            answer = httpx2.get(f"{url[1]}/models", headers={"authorization": "Bearer any"}, timeout=60)
        finally:
            running.terminate()
    assert answer.status_code == 503
