"""Personas in files: JSON with one or several of them, or a table with one in each row."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from coach.errors import InputRefused
from coach.personas.persona import Persona
from coach.text import one_line

MAX_BYTES = 10_000_000
_UNNAMED = "a cell beyond the first row's"
MOST = 1_000
"""The most personas in one file."""


def read_personas(file: Path) -> Sequence[Persona]:
    """All personas of a file, in their order.

    Args:
        file: ``.json``: an object, or a list of them; ``.csv``: UTF-8, the fields' names in its first row.

    Raises:
        InputRefused: It is no such file, or one of them is no persona; the message says which.
        OSError: It cannot be read.
    """
    if file.suffix.lower() not in (".json", ".csv"):
        raise _refused("ends neither in .json nor in .csv")
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _refused(f"is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
        rows = _rows(text) if file.suffix.lower() == ".csv" else json.loads(text)
    except (ValueError, RecursionError, csv.Error):
        raise _refused("is not in UTF-8, or is no such file inside") from None
    rows = rows if isinstance(rows, list) else [rows]
    if not 1 <= len(rows) <= MOST:
        raise _refused(f"has none in it, or more than {MOST}")
    return [_persona(number, row) for number, row in enumerate(rows, 1)]


def folder_name(persona: Persona) -> str:
    """What a persona's folder is called: safe on every system, and another one for each persona."""
    words = re.sub(r"[^a-z0-9]+", "-", persona.name.lower()).strip("-")[:40]
    return f"{words or 'persona'}-{persona.digest[:8]}"


def _rows(text: str) -> list[dict[Any, Any]]:
    """The rows of a table, not many more than are taken: each has a place for every column."""
    # A row may end early, as spreadsheets write it; one that goes on has a cell that nobody named.
    table = csv.DictReader(StringIO(text, newline=""), restkey=_UNNAMED, restval="", strict=True)
    names = table.fieldnames or ()
    other = next((name for name in names if name not in Persona.model_fields), None)
    if other is not None:
        raise _refused(f"has a column that no persona has: {one_line(other)[:40]!r}")
    if len(set(names)) < len(names):
        raise _refused("has a column twice")
    return list(islice(table, MOST + 1))


def _persona(number: int, row: object) -> Persona:
    try:
        return Persona.read(row)
    except InputRefused as error:
        raise InputRefused(f"Number {number} of the file: {error}", field=error.field) from None


def _refused(why: str) -> InputRefused:
    return InputRefused(f"The file of personas {why}.", field="file")
