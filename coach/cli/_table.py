"""Tables that read well in narrow terminals and in pipes."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

LAST = 20
"""Columns left for the last cell, which may wrap; with less room, a row is shown as lines of its own."""


def print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns; in a narrow terminal each row as lines. The first column names it."""
    console.print()
    console.print(Text(title, style="bold"))
    widths = [max(len(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
    if sum(widths[:-1]) + 3 * len(widths) + min(widths[-1], LAST) <= console.width:
        console.print(_table(columns, rows))
        return
    for first, *cells in rows:
        console.print(Text(first, style="bold"))
        for column, cell in zip(columns[1:], cells, strict=True):
            if cell:
                console.print(Text(f"  {column}: {cell}" if column else f"  {cell}"))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number < len(columns) - 1)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
