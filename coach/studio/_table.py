"""The table of models as it is written: TOML, in which an entry takes over what another one says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

_NOT_TAKEN_OVER = frozenset({"released", "shutdown", "replacement"})


def read_table(path: Path) -> dict[str, Any]:
    """Read a table, with every entry complete and under its name."""
    table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    entries = table["models"]
    models = {
        name: {"name": name, "family": _family(entries, name)} | _filled(entries, entry)
        for name, entry in entries.items()
    }
    callers = {name: {"name": name} | entry for name, entry in table.get("callers", {}).items()}
    return table | {"models": models, "callers": callers}


def _family(entries: Mapping[str, Any], name: str) -> str:
    """What a model is like, and that one, and so on to the last."""
    like = entries[name].get("like")
    return name if like is None else _family(entries, like)


def _filled(entries: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """``entry`` with what it takes over from the model it is ``like``."""
    own = {key: value for key, value in entry.items() if key != "like"}
    if "like" not in entry:
        return own
    other = _filled(entries, entries[entry["like"]])
    return {key: value for key, value in other.items() if key not in _NOT_TAKEN_OVER} | own
