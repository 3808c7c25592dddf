"""Which files of a coach folder are opened at all."""

from __future__ import annotations

import ast
from pathlib import Path

LARGEST = 250_000
"""Bytes of one prompt: some 60,000 tokens, more than any phase could use."""


def unreadable(path: Path) -> str | None:
    """Why a file is not opened; ``None`` when it can be. Opening a pipe or a device might never end."""
    try:
        path.name.encode()
        if path.is_file():
            return None
        return "it is no regular file" if path.exists() else "it cannot be read"
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    except OSError:
        return "it cannot be read"


def printable(name: str) -> str:
    """A file's name as it can be printed, whatever bytes it has on the disk."""
    return name.encode(errors="replace").decode()


def syntax_tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file; an empty one when it has none."""
    try:
        return ast.parse(b"" if unreadable(path) else path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
