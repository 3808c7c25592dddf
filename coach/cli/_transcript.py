"""The conversation as a person keeps it: readable markdown with the pictures beside it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from coach.sandbox import NOTE
from coach.text import clean

PAGE = "conversation.md"
"""The file with the text."""


@dataclass(kw_only=True)
class Transcript:
    """Collects a conversation and writes it to a folder, below what an earlier one wrote there.

    Attributes:
        folder: Where :data:`PAGE` and the pictures go.
        sandbox: Whether the pictures were drawn by the sandbox; then the page says so.
    """

    folder: Path
    sandbox: bool
    lines: list[str] = field(default_factory=list)
    _before: str = field(init=False, default="")

    def __post_init__(self) -> None:
        page = self.folder / PAGE
        if page.is_file():
            self._before = page.read_text("utf-8", errors="replace")

    def heading(self, title: str) -> None:
        """Begin a phase."""
        self.lines.append(f"## {title}")

    def said(self, speaker: str, text: str) -> None:
        """Add what somebody said."""
        if line := _said(speaker, text):
            self.lines.append(line)

    def recalled(self, speaker: str, text: str) -> None:
        """Add what was said before, unless the page says so already."""
        line = _said(speaker, text)
        if line not in self._before:
            self.lines.append(line)

    def note(self, text: str) -> None:
        """Add what happened beside the talk."""
        self.lines.append(f"*{text}*")

    def picture(self, name: str, data: bytes, caption: str) -> Path:
        """Write a picture beside the text and show it there."""
        self._make_folder()
        path = self.folder / name
        for number in itertools.count(2):
            # Another identity has its own `v1`, and an earlier conversation may have left one here.
            if not path.exists() or path.read_bytes() == data:
                break
            path = self.folder / f"{Path(name).stem}-{number}{path.suffix}"
        path.write_bytes(data)
        self.lines.append(f"![{caption}]({path.name})")
        return path

    def take_away(self, path: Path) -> None:
        """Delete a picture that stands beside the text."""
        path.unlink(missing_ok=True)
        self.lines = [line for line in self.lines if not line.endswith(f"]({path.name})")]

    def _make_folder(self) -> None:
        """For the person's eyes only, like what is in it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self) -> Path:
        """Write :data:`PAGE`."""
        head = ["# A conversation with the coach"]
        if self.sandbox:
            head.append(f"> {NOTE}")
        path = self.folder / PAGE
        self._make_folder()
        before = [self._before.rstrip(), "---"] if self._before else []
        path.write_text("\n\n".join([*before, *head, *self.lines]) + "\n", encoding="utf-8")
        return path


def _said(speaker: str, text: str) -> str:
    quoted = clean(text).strip().replace("\n", "  \n")
    return quoted and f"**{speaker}:** {quoted}"
