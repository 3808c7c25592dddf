"""Tables that read well in narrow terminals and in pipes."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROW = 72
"""Columns under which a row is shown as lines of its own."""


def print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns; in a narrow terminal each row as lines. The first column names it."""
    console.print()
    console.print(Text(title, style="bold"))
    if console.width >= NARROW:
        console.print(_table(columns, rows))
        return
    for first, *cells in rows:
        console.print(Text(first, style="bold"))
        for column, cell in zip(columns[1:], cells, strict=True):
            if cell:
                console.print(Text(f"  {column}: {cell}" if column else f"  {cell}"))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
