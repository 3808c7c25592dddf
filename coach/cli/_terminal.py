"""What a person sees in a terminal: talk that wraps as it streams, and pictures made of half blocks."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

LABEL = 7
"""Columns of the speaker's name; everything else hangs under the first word."""


class Terminal:
    """Writes a conversation to a console: colours, width and NO_COLOR are the console's affair."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._column = 0
        self._speaking = False
        self._pending = ""

    @property
    def width(self) -> int:
        """Columns for text, at most 100: longer lines are hard to read."""
        return max(24, min(self.console.width, 100))

    def heading(self, title: str) -> None:
        """Begin a section."""
        self.end()
        self.console.print()
        self.console.print(Rule(title, style="dim", align="left"), width=self.width)

    def say(self, speaker: str, text: str, *, style: str = "") -> None:
        """Write a whole message."""
        self.end()
        self.stream(speaker, text, style=style)
        self.end()

    def stream(self, speaker: str, text: str, *, style: str = "bold cyan") -> None:
        """Write a piece of a message; words are kept whole over the pieces."""
        if not self._speaking:
            self.console.print(f"[{style or 'bold'}]{speaker:>{LABEL - 2}}[/]  ", end="")
            self._speaking, self._column = True, LABEL
        *whole, self._pending = re.split(r"(?<=\s)", self._pending + text)
        for word in whole:
            self._word(word)

    def end(self) -> None:
        """End the message that is streaming in, if one is."""
        if self._speaking:
            self._word(self._pending)
            self._pending, self._speaking = "", False
            self.console.print()

    def note(self, text: str, *, style: str = "dim") -> None:
        """Write what happens beside the talk, indented under it."""
        self.end()
        body = Text(text, style=style)
        for line in body.wrap(self.console, self.width - LABEL):
            self.console.print(Text(" " * LABEL) + line)

    def lines(self, *lines: str) -> None:
        """Write lines that belong to nobody, wrapped between words."""
        self.end()
        for line in lines:
            self.console.print(Text(line), width=self.width)

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Show that something takes a while, where the terminal can show movement."""
        self.end()
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(text, spinner="dots"):
            yield

    def picture(self, data: bytes, *, columns: int = 36) -> None:
        """Show a picture with two pixels a character, where colours can be shown."""
        self.end()
        if self.console.no_color or self.console.color_system not in ("truecolor", "256"):
            return
        for line in half_blocks(data, columns=min(columns, self.width - LABEL)):
            self.console.print(Text(" " * LABEL) + line)

    def _word(self, word: str) -> None:
        text = word.rstrip()
        if text:
            gap = " " if self._column > LABEL else ""
            if gap and self._column + 1 + len(text) > self.width:
                self._break()
                gap = ""
            self.console.print(gap + escape(text), end="", soft_wrap=True)
            self._column += len(gap) + len(text)
        for _ in range(word.count("\n")):
            self._break()

    def _break(self) -> None:
        self.console.print("\n" + " " * LABEL, end="", soft_wrap=True)
        self._column = LABEL


def half_blocks(data: bytes, *, columns: int) -> list[Text]:
    """A picture as lines of upper half blocks: foreground the upper pixel, background the lower."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        rows = max(2, round(columns * picture.height / picture.width / 2) * 2)
        pixels = picture.convert("RGB").resize((columns, rows)).tobytes()

    def colour(x: int, y: int) -> str:
        start = 3 * (y * columns + x)
        return f"#{pixels[start : start + 3].hex()}"

    lines = []
    for y in range(0, rows, 2):
        line = Text()
        for x in range(columns):
            line.append("▀", Style(color=colour(x, y), bgcolor=colour(x, y + 1)))
        lines.append(line)
    return lines
