"""Findings of ``coach check`` as a terminal, a pipe or a log shows them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from coach.check import Finding

_STYLES = {"error": "bold red", "warning": "yellow"}


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Write two lines for each finding: where and what, then the way out.

    Lines are never cut. Where nobody looks they are not wrapped either, so that they can be searched.
    """
    for one in findings:
        what = Text(f"{one.file}:{one.line}", style="bold")
        what.append(f"  {one.severity} {one.code}", style=_STYLES[one.severity])
        what.append(f"  {one.message}.", style="not bold")
        _print(console, what)
        _print(console, Text(f"    {one.fix}", style="dim"))


def counted(number: int, what: str) -> str:
    """``1 phase``, ``2 phases``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=not console.is_terminal)
