"""The terminal: words stay whole over the pieces they stream in, and pictures are half blocks."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from coach.cli._terminal import Terminal


def terminal(width: int = 40, *, colour: bool = False) -> tuple[Terminal, io.StringIO]:
    file = io.StringIO()
    system = "truecolor" if colour else None
    return Terminal(Console(file=file, width=width, color_system=system, force_terminal=colour)), file


@given(text=st.text(alphabet="ab [/]\n", max_size=120), cuts=st.lists(st.integers(0, 120), max_size=6))
def test_a_message_reads_the_same_however_it_is_cut(text: str, cuts: list[int]) -> None:
    whole, pieces = terminal(30), terminal(30)
    whole[0].say("coach", text)
    borders = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    for start, end in itertools.pairwise(borders):
        pieces[0].stream("coach", text[start:end], style="")
    pieces[0].end()
    assert pieces[1].getvalue() == whole[1].getvalue()
    lines = whole[1].getvalue().splitlines()
    assert all(len(line) <= 30 or " " not in line[7:] for line in lines)
    assert "".join(whole[1].getvalue().split())[5:] == "".join(text.split())


def test_a_line_that_just_fits_is_not_followed_by_an_empty_one() -> None:
    shown, file = terminal(24)
    shown.say("coach", "aaaaaaaa bbbbbbbb cccccccc")
    assert file.getvalue() == "coach  aaaaaaaa bbbbbbbb\n       cccccccc\n"


@pytest.mark.parametrize(("colour", "no_color"), [(True, False), (False, False), (True, True)])
def test_a_picture_is_shown_only_where_colours_are(
    colour: bool, no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    picture = Image.new("RGB", (64, 96), "red")
    data = io.BytesIO()
    picture.save(data, "PNG")
    shown, file = terminal(colour=colour)
    shown.picture(data.getvalue(), columns=10)
    assert file.getvalue().count("▀") == (80 if colour and not no_color else 0)
    assert ("38;2;255;0;0;48;2;255;0;0" in file.getvalue()) is (colour and not no_color)
