"""Where pictures are saved beside the store: a folder for each style, names that are safe on any system."""

from __future__ import annotations

import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from coach._durable import private, sync
from coach.errors import InputRefused
from coach.flux.styles import Style

_LONGEST = 80
# Windows takes none of these, with whatever ending (Naming Files, Paths, and Namespaces).
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_FORBIDDEN = set('<>:"/\\|?*')


def folder_of(style: Style) -> str:
    """The name of a style's folder: ``1_ink_intensity``. Nothing of a title leads out of it."""
    title = re.sub(r"[^\w]+", "_", style.title.lower()).strip("_")
    return f"{style.id}_{title[:_LONGEST]}".rstrip("_")


def file_name(made_at: datetime, request_id: str, ending: str = "png") -> str:
    """``generated_20251011_142035_a1b2c3d4.png``, the time in UTC."""
    return f"generated_{made_at.astimezone(UTC):%Y%m%d_%H%M%S}_{request_id}.{ending}"


def checked_name(name: str) -> str:
    """A name that somebody chose, with ``.png`` where it has not that.

    Raises:
        InputRefused: It leads elsewhere, or is no name on every system.
    """
    odd = not name.isprintable() or bool(_FORBIDDEN & set(name)) or name != name.strip(" .") or ".." in name
    if not 1 <= len(name) <= _LONGEST or odd or _RESERVED.fullmatch(name):
        rules = "leads nowhere else, and is none that a system keeps for itself"
        say = f"A file name has 1 to {_LONGEST} characters, {rules}."
        raise InputRefused(say, field="filename")
    return name if name.lower().endswith(".png") else f"{name}.png"


def place(root: Path, style: Style | None, name: str) -> Path:
    """The path of a picture; the folders need not be there yet.

    Raises:
        InputRefused: A link in the folder leads out of it.
    """
    path = (root if style is None else root / folder_of(style)) / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputRefused(f"{path.name!r} would not be in the folder for pictures.", field="filename")
    return path


def save(path: Path, data: bytes, *, chosen: bool) -> None:
    """Write a picture: whole or not at all. The same once more changes nothing.

    Args:
        chosen: Whether somebody chose the name: then another picture of that name stays.

    Raises:
        InputRefused: There is another picture of that name.
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() == data:
        return
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb", opener=private) as file:
            file.write(data)
        sync(part)
        if chosen:
            _put_as_new(part, path)
        else:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":
        sync(path.parent)


def _put_as_new(part: Path, path: Path) -> None:
    """Give a file its name, unless another has it by now: two pictures can be asked for under one name."""
    taken = InputRefused(f"There is another picture {path.name!r} already.", field="filename")
    try:
        os.link(part, path)
    except FileExistsError:
        raise taken from None
    except OSError:  # a file system without hard links
        if path.exists():
            raise taken from None
        part.replace(path)
