"""Front matter and what a phase is."""

from pathlib import Path

import pytest

from coach import load
from coach.phase import FrontMatterError, read_front_matter
from tests._folder import edited, write_folder


def test_front_matter_is_split_from_the_body_which_keeps_its_line() -> None:
    text = '+++\ntitle = "A"\nnext = [\n  "b",\n]\n+++\nHello\n+++\n'
    assert read_front_matter(text) == ({"title": "A", "next": ["b"]}, "Hello\n+++\n", 7)


def test_a_text_without_front_matter_is_all_body() -> None:
    assert read_front_matter("Hello\n+++\n") == ({}, "Hello\n+++\n", 1)
    assert read_front_matter("") == ({}, "", 1)


def test_front_matter_may_be_empty() -> None:
    assert read_front_matter("+++\n+++\nHello") == ({}, "Hello", 3)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("+++\ntitle = 'a'\n", 1, "no closing"),
        ("+++\n\ntitle = a\n+++\n", 3, "Invalid value"),
        ("+++\ntitle = 'a'\ntitle = 'b'\n+++\n", 3, "Cannot overwrite a value"),
        ("+++\ntitle = [\n+++\n", 2, "cannot be read"),
    ],
)
def test_front_matter_that_cannot_be_read_says_where(text: str, line: int, words: str) -> None:
    with pytest.raises(FrontMatterError, match=words) as caught:
        read_front_matter(text)
    assert caught.value.line == line


def test_a_phase_says_what_is_allowed_known_and_next(tmp_path: Path) -> None:
    hello = load(write_folder(tmp_path)).phase("hello")
    assert (hello.name, hello.title, hello.template) == ("hello", "Hello", "phases/hello.md")
    assert (hello.actions, hello.context, hello.next, hello.confirm) == (
        ("greet", "leave"),
        ("wishes",),
        ("bye",),
        (),
    )
    assert hello.path.name == "hello.md"


def test_a_phase_without_a_title_is_called_by_its_name_and_a_name_counts_once(tmp_path: Path) -> None:
    twice = '+++\nactions = ["greet", "greet"]\nconfirm = ["greet"]\nnext = []\n+++\n`greet`'
    changes = {
        **edited("actions/leave.py", ('next="bye"', "next=ctx.next[0]")),
        "prompts/phases/bye.md": None,
        "prompts/phases/see_you.md": twice,
        "prompts/phases/hello.md": '+++\nactions = ["leave"]\nnext = ["see_you"]\n+++\n`leave`',
        "context/wishes.py": None,
    }
    phase = load(write_folder(tmp_path, changes)).phases["see_you"]
    assert (phase.title, phase.actions, phase.context, phase.confirm) == (
        "See you",
        ("greet",),
        (),
        ("greet",),
    )
