"""TeaCache, which spares a worker steps that change little: its node as the installed version wants it."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

OFF = "off"
"""The version of a worker that has no TeaCache."""

PATTERN = r"^(off|\d{1,3}\.\d{1,3}(\.\d{1,3})?)$"
"""What a version looks like: ``off``, ``1.9`` or ``1.9.0``."""


def teacache(version: str, kind: str) -> dict[str, Any] | None:
    """The node of a version, without its model.

    Args:
        version: Of the plug-in in the worker; ``off``: it has none.
        kind: The model type: ``flux`` or ``flux-kontext``.

    Returns:
        ``None``: nothing of the kind there; the picture is made without.
    """
    if version == OFF:
        return None
    fits = [each for each in _versions() if _number(each["since"]) <= _number(version)]
    if not fits or kind not in fits[-1]["kinds"]:
        return None
    inputs = {"model_type": kind, **fits[-1]["inputs"]}
    return {"class_type": fits[-1]["class_type"], "inputs": inputs, "_meta": {"title": "TeaCache"}}


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


@cache
def _versions() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("teacache.toml").read_text(encoding="utf-8")
    versions: list[dict[str, Any]] = tomllib.loads(text)["versions"]
    return versions
