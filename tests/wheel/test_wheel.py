"""What `pip install` gives: built, installed and used in clean environments, without a network."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests._tree import ROOT, tracked

FOLDERS = ("actions", "context", "prompts")
RUBBISH = ("actions/.DS_Store", "prompts/.env", "prompts/coach.md~", "context/__pycache__/x.pyc", "x.log")
USE = """
import importlib.util, sys
import coach
reference = coach.load("coach.reference")
from coach.reference.actions.generate_identity_image import generate_identity_image
assert reference.actions["generate_identity_image"] is generate_identity_image, "one action, not two"
assert not {"actions", "context", "prompts"} & sys.modules.keys(), "no top-level name is taken"
print(reference.folder)
print(importlib.util.find_spec("actions") is None)
"""


def run(command: Sequence[str | Path], *, cwd: Path) -> str:
    """What the command prints, without any of pip's or python's settings on this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    env["PIP_CONFIG_FILE"] = os.devnull
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, with the rubbish that gathers in one."""
    copy = tmp_path_factory.mktemp("tree")
    for path in tracked():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy / path)
    for path in RUBBISH:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text("rubbish")
    return copy


@pytest.fixture(scope="module")
def built(tree: Path) -> Path:
    """The folder with the wheel and the sdist."""
    run([sys.executable, "-m", "hatchling", "build"], cwd=tree)
    return tree / "dist"


@dataclass(frozen=True, kw_only=True)
class Installed:
    """One way of installing; the clean environment borrows the dependencies of the running one."""

    how: str
    home: Path

    @property
    def packages(self) -> Path:
        (found,) = (self.home / "lib").glob("python*/site-packages")
        return found


@pytest.fixture(scope="module", params=["wheel", "sdist", "editable"])
def installed(
    request: pytest.FixtureRequest, tree: Path, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    what = {"wheel": [wheel], "sdist": [sdist], "editable": ["--editable", tree]}
    made = Installed(how=request.param, home=tmp_path_factory.mktemp(request.param) / "venv")
    venv.create(made.home, symlinks=True)
    (made.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", made.home / "bin/python", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed"]
    run([*pip, *offline, *what[made.how]], cwd=made.home)
    return made


def test_the_wheel_holds_the_library_and_the_reference_coach_and_nothing_else(built: Path) -> None:
    expected = {*tracked("coach")} | {f"coach/reference/{path}" for path in tracked(*FOLDERS)}
    (wheel,) = built.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    about = {path for path in held if ".dist-info/" in path}
    assert held - about == expected
    assert {path.partition("/")[2] for path in about} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_the_sdist_holds_what_builds_tests_and_explains_it(built: Path) -> None:
    expected = {path for path in tracked() if not path.startswith(".")} | {".gitignore", "PKG-INFO"}
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert held == expected


def test_the_reference_coach_loads_from_anywhere(installed: Installed, tree: Path, tmp_path: Path) -> None:
    folder, no_actions = run([installed.home / "bin/python", "-c", USE], cwd=tmp_path).split()
    editable = installed.how == "editable"
    assert Path(folder) == (tree if editable else installed.packages / "coach" / "reference")
    assert no_actions == str(not editable)


def test_the_command_works_from_anywhere(installed: Installed, tmp_path: Path) -> None:
    run([installed.home / "bin/coach", "check", "coach.reference"], cwd=tmp_path)
    assert "check" in run([installed.home / "bin/python", "-m", "coach", "--help"], cwd=tmp_path)


def test_an_editable_install_copies_nothing_that_could_go_stale(installed: Installed) -> None:
    assert (installed.packages / "coach").exists() == (installed.how != "editable")
