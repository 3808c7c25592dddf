"""Values as plain data, before a template gets them: text, numbers, lists and dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel

_AS_IS = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """A value as text, numbers, ``None``, lists and dicts, at every depth.

    Models and dataclasses become dicts of their fields, times ISO 8601 text. A text that claims to be safe
    markup loses the claim.

    Raises:
        TypeError: It holds something else, such as bytes or an object with a life of its own.
    """
    if type(value) in _AS_IS:
        return value
    match value:
        case Enum():
            return plain(value.value)
        case str():
            return str.__str__(value)
        case BaseModel():
            names = (*type(value).model_fields, *type(value).model_computed_fields)
            return {name: plain(getattr(value, name)) for name in names}
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return plain(value._asdict())
        case bytes() | bytearray() | memoryview():
            raise TypeError("bytes are no text")
        case Sequence() | Set():
            return [plain(inner) for inner in value]
        case datetime() | date() | time():
            return value.isoformat()
        case UUID() | PurePath() | Decimal():
            return str(value)
        case int() | float():
            return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} is no plain data")
