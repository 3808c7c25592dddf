"""Actions and context keys broken in every way the A and C codes name."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from coach.check import check
from tests._folder import SOUND, edited, found, places, write_folder

GREET, LEAVE, PERSON = "actions/greet.py", "actions/leave.py", "context/person.py"

BROKEN: dict[str, tuple[str, Mapping[str, str | None], str, str]] = {
    "an action of another name": (
        "A001",
        edited(LEAVE, ("def leave", "def go")),
        f"{LEAVE}:6",
        "defines the action `go`, not `leave`. Move it to actions/go.py, or rename the function",
    ),
    "a second action": (
        "A001",
        {LEAVE: dedent(SOUND[LEAVE]) + '\n\n@action\nasync def wave(ctx: Context):\n    "Wave."\n'},
        f"{LEAVE}:12",
        "defines the action `wave`",
    ),
    "a file without an action": ("A001", {LEAVE: "x = 1"}, f"{LEAVE}:1", "defines no action `leave`"),
    "a file that no name can match": (
        "A001",
        {"actions/say-no.py": ""},
        "actions/say-no.py:1",
        "a_python_name",
    ),
    "a plain function": (
        "A001",
        edited(LEAVE, ("@action()\n", "")),
        f"{LEAVE}:6",
        "`leave` is a plain function and no action. Write `@action` above it",
    ),
    "no docstring": ("A002", edited(LEAVE, ('    """Go on."""\n', "")), f"{LEAVE}:6", "needs a docstring"),
    "no description": (
        "A003",
        edited(GREET, ('Annotated[bool, Field(description="Whether to shout.")]', "bool")),
        f"{GREET}:12",
        "parameter `loudly` needs a description",
    ),
    "not async": ("A004", edited(LEAVE, ("async def", "def")), f"{LEAVE}:6", "write `async def leave`"),
    "a dict for a parameter": (
        "A005",
        edited(GREET, ("Annotated[bool", "Annotated[dict[str, int]")),
        f"{GREET}:12",
        "greet: parameter `loudly` is a dict",
    ),
    "a type nobody can check": (
        "A005",
        edited(GREET, ("Annotated[bool", "Annotated[memoryview")),
        f"{GREET}:8",
        "a type that cannot be checked",
    ),
    "stars in the signature": (
        "A006",
        edited(GREET, ("    *,\n", "    *rest,\n")),
        f"{GREET}:11",
        "`*rest` is not allowed; name every parameter",
    ),
    "no context": (
        "A006",
        edited(LEAVE, ("ctx: Context", "")),
        f"{LEAVE}:6",
        "the first parameter is the context",
    ),
    "an unknown annotation": (
        "A006",
        {
            LEAVE: "from __future__ import annotations\n"
            + dedent(SOUND[LEAVE]).replace("ctx: C", "ctx: Nobody")
        },
        f"{LEAVE}:7",
        "the annotation `Nobodyontext` is not known",
    ),
    "exclusive on nothing": (
        "A006",
        edited(LEAVE, ("@action()", '@action(exclusive="who")')),
        f"{LEAVE}:6",
        "exclusive='who' is not one of its keyword-only parameters",
    ),
    "a name no tool may have": (
        "A006",
        {"actions/küssen.py": SOUND[LEAVE].replace("leave", "küssen")},
        "actions/küssen.py:6",
        "its name becomes a tool's",
    ),
    "a parameter by another name": (
        "A008",
        edited(GREET, ('description="Whether to shout."', 'alias="loud", description="Whether to shout."')),
        f"{GREET}:12",
        "parameter `loudly` has an alias, but is given by its own name; name it that instead. Rename",
    ),
    "a parameter that is checked by another name": (
        "A008",
        edited(GREET, ('(description="', '(validation_alias="loud", description="')),
        f"{GREET}:12",
        "parameter `loudly` has an alias",
    ),
    "data that cannot be written down": (
        "A009",
        edited(LEAVE, ("Result[None]", "Result[memoryview]")),
        f"{LEAVE}:6",
        "the data of its `Result[…]` has a type that cannot be written down as JSON. Return a pydantic model",
    ),
    "no python": ("A007", {LEAVE: "x = 1\ndef leave(:\n"}, f"{LEAVE}:2", "it is no Python"),
    "null bytes": ("A007", {LEAVE: "x = 1\0"}, f"{LEAVE}:1", "it is no Python"),
    "a package that is not there": (
        "A007",
        {LEAVE: "\nimport nobody_has_this"},
        f"{LEAVE}:2",
        "imports `nobody_has_this`, which does not exist",
    ),
    "a helper that is not there": ("A007", {"actions/_words.py": None}, f"{LEAVE}:3", "imports `_words`"),
    "a helper without the name": (
        "A007",
        {"actions/_words.py": ""},
        f"{LEAVE}:3",
        "imports `GOODBYE` from",
    ),
    "a helper that breaks": (
        "A007",
        {"actions/_words.py": "\n\n1 / 0"},
        "actions/_words.py:3",
        "ZeroDivisionError",
    ),
    "a name that is not there": (
        "A007",
        {LEAVE: "\n\nnobody"},
        f"{LEAVE}:3",
        "uses `nobody`, which is not there",
    ),
    "an attribute that is not there": (
        "A007",
        {LEAVE: "import json\njson.nobody"},
        f"{LEAVE}:2",
        "uses `nobody`",
    ),
    "a wrong call of the decorator": (
        "A007",
        edited(LEAVE, ("@action()", "@action(retries=3)")),
        f"{LEAVE}:6",
        "importing it raises TypeError",
    ),
    "a file that exits": (
        "A007",
        {LEAVE: "raise SystemExit(3)"},
        f"{LEAVE}:1",
        "importing it raises SystemExit",
    ),
    "an action no phase allows": (
        "A011",
        {"actions/wave.py": SOUND[LEAVE].replace("leave", "wave")},
        "actions/wave.py:6",
        "no phase allows the action `wave`",
    ),
    "a context key of another name": (
        "C001",
        edited(PERSON, ("def person", "def human")),
        f"{PERSON}:11",
        "defines the context key `human`, not `person`",
    ),
    "a plain function for a context key": (
        "C001",
        edited(PERSON, ("@context_key\n", "")),
        f"{PERSON}:11",
        "Write `@context_key` above it",
    ),
    "a context key without a docstring": (
        "C002",
        edited(PERSON, ('    """Who it is."""\n', "")),
        f"{PERSON}:11",
        "needs a docstring",
    ),
    "a context key that is not async": (
        "C002",
        edited(PERSON, ("async def", "def")),
        f"{PERSON}:11",
        "a context key is an async function",
    ),
    "a context key with a parameter for the model": (
        "C002",
        edited(
            PERSON,
            ("ctx: Context)", 'ctx: Context, *, who: Annotated[str, Field(description="Who.")])'),
            ("from coach", "from typing import Annotated\nfrom pydantic import Field\nfrom coach"),
        ),
        f"{PERSON}:13",
        "takes no keyword-only parameters",
    ),
    "a context key nobody uses": (
        "C003",
        {
            **edited("prompts/coach.md", ('["person"]', "[]"), ("{{ person.name }}", "somebody")),
            **edited("prompts/phases/bye.md", ("{{ person.name }}", "them")),
        },
        f"{PERSON}:11",
        "no prompt uses the context key `person`",
    ),
    "a context key that breaks": (
        "C004",
        {PERSON: "\n1 / 0"},
        f"{PERSON}:2",
        "importing it raises ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_python_is_found_with_its_line_and_a_way_out(tmp_path: Path, case: str) -> None:
    code, changes, place, words = BROKEN[case]
    findings = found(tmp_path, changes, code)
    assert places(findings) == [place]
    assert words in str(findings[0])
    assert findings[0].fix


def test_only_what_is_idle_is_a_warning(tmp_path: Path) -> None:
    assert {
        case
        for case, (code, changes, _, _) in BROKEN.items()
        for finding in found(tmp_path / case, changes, code)
        if finding.severity == "warning"
    } == {"an action no phase allows", "a context key nobody uses"}


def test_a_broken_action_is_not_missed_by_its_phase(tmp_path: Path) -> None:
    findings = check(write_folder(tmp_path, {LEAVE: "1 / 0", "context/wishes.py": "1 / 0"}))
    assert [finding.code for finding in findings] == ["A007", "C004"]


def test_a_file_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {LEAVE: None})
    (folder / LEAVE).symlink_to(folder / "nowhere.py")
    assert [str(finding) for finding in check(folder)] == [
        f"{LEAVE}:1 A007 it cannot be read. Look at the file and its rights."
    ]


def test_what_an_import_says_of_itself_is_not_repeated(tmp_path: Path) -> None:
    findings = check(write_folder(tmp_path, {LEAVE: "raise RuntimeError('sk-secret')"}))
    assert "RuntimeError" in str(findings) and "sk-secret" not in str(findings)


SHARED = """
    from coach import Context, Result, action

    @action
    async def leave(ctx: Context, nobody_has_this) -> Result[None]:
        \"\"\"Go on.\"\"\"
        return Result(say="")
"""


def test_an_action_may_be_made_elsewhere_and_the_place_is_the_best_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared_actions_lib.py").write_text(dedent(SHARED))
    monkeypatch.syspath_prepend(tmp_path)
    outside = write_folder(tmp_path / "a", {LEAVE: "from shared_actions_lib import leave"})
    inside = write_folder(tmp_path / "b", {LEAVE: "from ._impl import leave", "actions/_impl.py": SHARED})
    assert check(outside) == check(inside) == []
    assert places(check(outside, services=["prompts"])) == [f"{LEAVE}:1"]
    assert places(check(inside, services=["prompts"])) == ["actions/_impl.py:5"]
