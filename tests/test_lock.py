"""The exact versions in constraints/ are what pyproject.toml asks for, and anyone can get them."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests._tree import ROOT

PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)( ;[^\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}\b", re.M
)
WHOLE = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, GROUPS = WHOLE["project"], WHOLE["dependency-groups"]
EXTRAS = PROJECT["optional-dependencies"]


def text_of(name: str) -> str:
    return (ROOT / "constraints" / f"{name}.txt").read_text()


def pins(name: str) -> dict[str, str]:
    """Version by canonical name."""
    return {pin["name"]: pin["version"] for pin in PIN.finditer(text_of(name))}


@pytest.mark.parametrize(
    ("name", "extras"), [("run", ("demo", "workers", "postgres", "s3")), ("dev", tuple(EXTRAS))]
)
def test_what_the_project_asks_for_is_locked(name: str, extras: tuple[str, ...]) -> None:
    asked = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    assert not unmet(asked, pins(name)), "run `make lock`"


@pytest.mark.parametrize("name", GROUPS)
def test_what_the_benchmarks_compare_with_is_locked(name: str) -> None:
    assert not unmet(GROUPS[name], pins(name)), "run `make lock`"


def unmet(asked: list[str], locked: dict[str, str]) -> list[str]:
    """Which of these requirements the locked versions do not fulfil."""
    wanted = {found.name: found.specifier for found in map(Requirement, asked) if found.name != "coach"}
    return [name for name in wanted if not wanted[name].contains(locked.get(canonicalize_name(name), "0"))]


@pytest.mark.parametrize("name", ["run", "dev", *GROUPS])
def test_every_line_is_a_version_with_hashes(name: str) -> None:
    lines = [line for line in text_of(name).splitlines() if not line.startswith((" ", "#"))]
    assert len(lines) == len(pins(name)) > 0


def test_the_tests_run_on_what_people_run_on() -> None:
    assert pins("run").items() <= pins("dev").items()
