"""Prompts broken in every way the P codes name: front matter, names, ways through the phases, prose."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from coach.check import CODES, check
from tests._folder import SOUND, edited, found, places, write_folder

HELLO, BYE, COACH = "prompts/phases/hello.md", "prompts/phases/bye.md", "prompts/coach.md"
Change = Mapping[str, str | None]


def test_the_sound_folder_has_no_findings(tmp_path: Path) -> None:
    assert check(write_folder(tmp_path)) == []


BROKEN: dict[str, tuple[str, Change, str, str]] = {
    "no closing fence": ("P001", {BYE: "+++\nactions = []\nnext = []\nBye."}, f"{BYE}:1", "closing `+++`"),
    "no toml": ("P001", edited(BYE, ("actions = []", "actions = [")), f"{BYE}:4", "cannot be read"),
    "no front matter": ("P001", {BYE: "Bye."}, f"{BYE}:1", "no front matter"),
    "a field of the wrong type": (
        "P001",
        edited(HELLO, ('["greet", "leave"]', '"greet"')),
        f"{HELLO}:3",
        "`actions` is not a list of text",
    ),
    "a budget in words": (
        "P001",
        edited(COACH, ('first   = "hello"', 'first = "hello"\nbudget = "much"')),
        f"{COACH}:3",
        "`budget` is not a whole number",
    ),
    "an unknown field": (
        "P002",
        edited(BYE, ("context = []", "contxt = []\ncontext = []")),
        f"{BYE}:4",
        "Did you mean `context`?",
    ),
    "an unknown table": (
        "P002",
        edited(BYE, ("context = []", "a.b = 1\ncontext = []")),
        f"{BYE}:1",
        "`a` means nothing",
    ),
    "an unknown action under a quoted field": (
        "P010",
        edited(BYE, ("actions = []", "'actions' = ['wave']")),
        f"{BYE}:3",
        "there is no action `wave`",
    ),
    "front matter where none belongs": (
        "P002",
        {"prompts/_rules.md": "+++\ntitle = 'Rules'\n+++\nBe kind."},
        "prompts/_rules.md:2",
        "means nothing here",
    ),
    "no actions": ("P003", edited(BYE, ("actions = []\n", "")), f"{BYE}:1", "never means all"),
    "a second file": (
        "P004",
        {"prompts/phases/more/Hello.md": dedent(SOUND[HELLO])},
        "prompts/phases/more/Hello.md:1",
        "is also in prompts/phases/hello.md",
    ),
    "no coach.md": ("P005", {COACH: None}, f"{COACH}:1", "the file is missing"),
    "no first phase": ("P005", edited(COACH, ('first   = "hello"\n', "")), f"{COACH}:1", "first phase"),
    "a wrong first phase": (
        "P005",
        edited(COACH, ('"hello"', '"helo"')),
        f"{COACH}:2",
        "there is no phase `helo` to begin with. Did you mean `hello`?",
    ),
    "an unknown action": (
        "P010",
        edited(HELLO, ('["greet", "leave"]', '[\n    "greet",\n    "leve",\n    "leave",\n]')),
        f"{HELLO}:5",
        "there is no action `leve`. Did you mean `leave`?",
    ),
    "an unknown context key": (
        "P011",
        edited(HELLO, ('["wishes"]', '["wishes", "weather"]')),
        f"{HELLO}:4",
        "there is no context key `weather`. There are: `person`, `wishes`.",
    ),
    "an unknown context key of all": (
        "P011",
        edited(COACH, ('["person"]', '["person", "weather"]')),
        f"{COACH}:3",
        "`weather`",
    ),
    "an unused context key": (
        "P013",
        edited(BYE, ("context = []", 'context = ["wishes"]')),
        f"{BYE}:4",
        "never uses the context key `wishes`",
    ),
    "prose that names what is not allowed": (
        "P014",
        edited(BYE, ("Say goodbye", "If they stay,\ncall `greet(loudly)` again. Say goodbye")),
        f"{BYE}:8",
        "`greet`, which the phase `bye` does not allow",
    ),
    "an expression that names what is not allowed": (
        "P014",
        edited(BYE, ("Say goodbye", "\n{{ 'Call `greet`.' if person.name else '' }} Say goodbye")),
        f"{BYE}:8",
        "`greet`, which the phase `bye` does not allow",
    ),
    "an action the prose never names": (
        "P014",
        edited(HELLO, ("go on with `leave`", "go on")),
        f"{HELLO}:3",
        "never names the action `leave`",
    ),
    "prose of all phases that names what some do not allow": (
        "P014",
        edited(COACH, ("You talk", "Always `greet`. You talk")),
        f"{COACH}:5",
        "not allowed in bye",
    ),
    "a misspelt action": (
        "P014",
        {
            **edited(
                HELLO,
                ("`greet`,", "`greet`, `say_goodby`, `say_goodbye`,"),
                ('"leave"]', '"leave", "say_goodbye"]'),
            ),
            "actions/say_goodbye.py": SOUND["actions/leave.py"].replace("def leave", "def say_goodbye"),
        },
        f"{HELLO}:7",
        "there is no action `say_goodby`. Did you mean `say_goodbye`?",
    ),
    "a yes to an action that is not allowed": (
        "P015",
        edited(HELLO, ("next    =", 'confirm = ["greet", "paint"]\nnext    =')),
        f"{HELLO}:5",
        "`confirm` names `paint`",
    ),
    "a next phase that does not exist": (
        "P020",
        edited(HELLO, ('["bye"]', '["bye", "later"]')),
        f"{HELLO}:5",
        "there is no phase `later`. There are: `bye`, `hello`",
    ),
    "a phase that cannot be reached": (
        "P021",
        edited(HELLO, ('["bye"]', "[]")),
        f"{BYE}:1",
        "no way leads from `hello` to `bye`",
    ),
    "a phase that does not say what follows": (
        "P022",
        edited(BYE, ("next    = []\n", "")),
        f"{BYE}:1",
        "does not say what may follow it",
    ),
    "a phase that leads to itself": (
        "P022",
        edited(BYE, ("next    = []", 'next = ["bye"]')),
        f"{BYE}:5",
        "only to itself",
    ),
    "a phase that nothing can leave": (
        "P022",
        edited(BYE, ("next    = []", 'next = ["hello"]')),
        f"{BYE}:5",
        "no action that could leave it",
    ),
    "a prompt that is too long": (
        "T001",
        edited(COACH, ('first   = "hello"', 'first = "hello"\nbudget = 12')),
        f"{HELLO}:1",
        "more than the budget of 12",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_prompt_is_found_with_its_line_and_a_way_out(tmp_path: Path, case: str) -> None:
    code, changes, place, words = BROKEN[case]
    findings = found(tmp_path, changes, code)
    assert places(findings) == [place]
    assert words in str(findings[0])
    assert findings[0].fix


def test_a_file_that_is_no_utf8_is_found(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / BYE).write_bytes(b"\xff\xfe+++")
    assert [str(finding) for finding in check(folder)] == [
        f"{BYE}:1 P001 the file cannot be read as UTF-8 text. Save it as UTF-8."
    ]


def test_hidden_files_and_files_that_are_no_markdown_are_left_alone(tmp_path: Path) -> None:
    rubbish = (
        "prompts/.draft.md",
        "prompts/.git/a.md",
        "prompts/a.md~",
        "actions/.greet.py",
        "actions/greet.py~",
    )
    assert check(write_folder(tmp_path, dict.fromkeys(rubbish, "{% rubbish"))) == []


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / BYE).write_text((folder / BYE).read_text(), "utf-8-sig")
    assert check(folder) == []


def test_one_mistake_in_front_matter_brings_no_other_findings_with_it(tmp_path: Path) -> None:
    changes = edited(HELLO, ("next    = ", "next    = = "))
    assert [finding.code for finding in check(write_folder(tmp_path, changes))] == ["P001"]


def test_what_is_only_odd_is_a_warning(tmp_path: Path) -> None:
    odd = {
        case: {finding.severity for finding in found(tmp_path / case, changes, code)}
        for case, (code, changes, _, _) in BROKEN.items()
    }
    assert {case for case, severities in odd.items() if severities == {"warning"}} == {
        "an unused context key",
        "an action the prose never names",
        "prose of all phases that names what some do not allow",
        "a misspelt action",
        "a phase that nothing can leave",
        "a prompt that is too long",
    }


def test_all_findings_come_at_once_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    changes = {
        **edited(HELLO, ('["bye"]', '["bye", "later"]'), ('["wishes"]', '["wishes", "weather"]')),
        **edited(COACH, ('"hello"', '"helo"')),
        "actions/leave.py": "1 /",
    }
    findings = check(write_folder(tmp_path, changes))
    assert [(finding.code, finding.file, finding.line) for finding in findings] == [
        ("A007", "actions/leave.py", 1),
        ("P005", COACH, 2),
        ("P011", HELLO, 4),
        ("P020", HELLO, 5),
    ]


def test_every_code_says_what_it_stands_for() -> None:
    assert all(severity in ("error", "warning") and meaning for severity, meaning in CODES.values())
