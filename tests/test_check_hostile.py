"""Folders made to break the check: it ends, within seconds, and says what is wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from coach.check import check
from tests._folder import SOUND, edited, places, write_folder

BYE, RULES, LEAVE = "prompts/phases/bye.md", "prompts/_rules.md", "actions/leave.py"
SAY = "Say goodbye to {{ person.name }}."
DEEP = "something in it nests too deep or is too long"
RAISES = """
    class Liar:
        @property
        def __class__(self):
            raise OSError

    liar = Liar()
"""
HOOK = """
    class Liar(str):
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            return handler(str)

        @classmethod
        def __get_pydantic_json_schema__(cls, schema, handler):
            {}
"""


def hooked(body: str) -> dict[str, str]:
    """The sound folder's action with a parameter whose type writes its own schema."""
    source = dedent(SOUND["actions/greet.py"]).replace("Annotated[bool", "Annotated[Liar")
    return {"actions/greet.py": dedent(HOOK.format(body)) + source.replace("] = False", "]")}


HOSTILE: dict[str, tuple[str, Mapping[str, str | None], str, str]] = {
    **{
        f"an import that raises {name}": (
            "A007",
            {LEAVE: f"import asyncio\n\nraise {name}"},
            f"{LEAVE}:3",
            f"importing it raises {name.rpartition('.')[2]}",
        )
        for name in ("KeyboardInterrupt", "GeneratorExit", "BaseException", "asyncio.CancelledError")
    },
    "a schema that raises": ("A005", hooked("raise OSError"), "actions/greet.py:17", "without a JSON schema"),
    "a schema that is none": (
        "A005",
        hooked("return {'anyOf': 3}"),
        "actions/greet.py:17",
        "without a JSON schema",
    ),
    "toml without end": (
        "P001",
        edited(BYE, ("actions = []", f"actions = {'[' * 3000}{']' * 3000}")),
        f"{BYE}:1",
        "a number is too long, or it nests too deep",
    ),
    "a number without end": (
        "P001",
        edited(BYE, ("actions = []", f"budget = {'9' * 6000}")),
        f"{BYE}:1",
        "a number is too long, or it nests too deep",
    ),
    "front matter without end": (
        "P001",
        edited(BYE, ("actions = []", f"{'a.' * 9000}a = 1")),
        f"{BYE}:1",
        "the front matter is longer than 16,000 characters",
    ),
    "a field with a pattern in it": (
        "P002",
        edited(BYE, ("actions = []", 'actions = []\n"((" = 1')),
        f"{BYE}:4",
        "`((` means nothing here",
    ),
    "300 ifs": (
        "P006",
        edited(BYE, (SAY, "{% if person %}" * 300 + "{% endif %}" * 300)),
        f"{BYE}:1",
        DEEP,
    ),
    "30 loops": ("P006", {RULES: "{% for x in [] %}" * 30 + "{% endfor %}" * 30}, f"{RULES}:1", DEEP),
    "3,000 parentheses": ("P006", {RULES: f"{{{{ {'(' * 3000}1{')' * 3000} }}}}"}, f"{RULES}:1", DEEP),
    "a number without end in a template": ("P006", {RULES: f"{{{{ {'9' * 6000} }}}}"}, f"{RULES}:1", DEEP),
    "a prompt that includes itself": (
        "P009",
        {RULES: 'Again. {% include "_rules.md" %}'},
        f"{RULES}:1",
        "the includes of `_rules.md` lead back to it",
    ),
    "prompts that include each other": (
        "P009",
        {RULES: '{% include "_more.md" %}', "prompts/_more.md": '\n{% include "_rules.md" %}'},
        f"{RULES}:1",
        "the includes of `_more.md` lead back to it",
    ),
    "a loop in a loop": (
        "P017",
        {RULES: "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"},
        f"{RULES}:1",
        "its loops run more than 20,000 times",
    ),
    "a power": ("P017", {RULES: "{{ 9 ** 9 ** 9 }}"}, f"{RULES}:1", "larger than any prompt needs"),
    "a text repeated": ("P017", {RULES: "{{ 'x' * 9999999999 }}"}, f"{RULES}:1", "larger than any prompt"),
    "a text without end": (
        "P017",
        {RULES: "{% for a in range(999) %}" + "long " * 1000 + "{% endfor %}"},
        "prompts/phases/hello.md:1",
        "it is longer than 1,000,000 characters",
    ),
    "a prompt of a megabyte": (
        "P001",
        {BYE: "x" * 1_000_000},
        f"{BYE}:1",
        "the file is larger than 250,000 bytes",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_folder_is_found_out_within_seconds(tmp_path: Path, case: str) -> None:
    code, changes, place, words = HOSTILE[case]
    begun = time.monotonic()
    findings = check(write_folder(tmp_path, changes))
    assert time.monotonic() - begun < 10
    assert [(finding.code, *places([finding])) for finding in findings] == [(code, place)]
    assert words in str(findings[0])


def test_a_name_in_a_module_that_raises_when_it_is_looked_at_harms_nobody(tmp_path: Path) -> None:
    assert check(write_folder(tmp_path, {LEAVE: dedent(SOUND[LEAVE]) + dedent(RAISES)})) == []


def test_includes_that_double_at_every_step_are_followed_once(tmp_path: Path) -> None:
    doubling = {f"prompts/_{n}.md": f'{{% include "_{n + 1}.md" %}}' * 2 for n in range(40)} | {
        "prompts/_40.md": "x"
    }
    begun = time.monotonic()
    [finding] = check(write_folder(tmp_path, {**doubling, RULES: '{% include "_0.md" %}'}))
    assert time.monotonic() - begun < 10
    assert "its loops run more than 20,000 times" in finding.message


def test_includes_that_are_too_deep_to_follow_are_found(tmp_path: Path) -> None:
    chain = {f"prompts/_{n}.md": f'{{% include "_{n + 1}.md" %}}' for n in range(400)}
    findings = check(write_folder(tmp_path, {**chain, "prompts/_400.md": "x"}))
    assert {finding.code for finding in findings} == {"P009"}


@pytest.mark.parametrize("name", ["actions/leave.py", "actions/_pipe.py", "context/wishes.py", BYE, RULES])
def test_a_pipe_is_found_and_never_opened(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path, {name: None})
    os.mkfifo(folder / name)
    code = {"actions": "A007", "context": "C004", "prompts": "P001"}[name.partition("/")[0]]
    assert [str(one) for one in check(folder) if "no regular file" in str(one)] == [
        f"{name}:1 {code} it is no regular file. {check(folder)[0].fix}"
    ]


def test_a_file_whose_name_is_no_text_is_found(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    for part in ("actions/\udcff.py", "prompts/\udcff.md"):
        (folder / part).write_text("")
    assert [(one.code, one.file, one.message) for one in check(folder)] == [
        ("A007", "actions/?.py", "its name is not UTF-8"),
        ("P001", "prompts/?.md", "its name is not UTF-8"),
    ]


def test_ctrl_c_while_a_file_is_imported_ends_the_check(tmp_path: Path) -> None:
    body = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass"
    folder = write_folder(tmp_path, {LEAVE: body})
    # What a script starts in the background ignores SIGINT, and so would all that it starts.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from coach.check import check; check({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGINT and "KeyboardInterrupt" in done.stderr


@pytest.mark.parametrize("source", ["a\0b", "x" * 5000 + "/", "~nobody_of_this_name/x"])
def test_a_source_that_can_be_no_folder_is_a_finding(source: str) -> None:
    assert [finding.code for finding in check(source)] == ["F001"]
