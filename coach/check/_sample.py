"""Values that look like what context keys give, made from their return types."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from coach.check._types import arms, attributes, items
from coach.context import ContextKey

_MOMENT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
_LEAVES: Mapping[type, Any] = {
    bool: True,
    int: 3,
    float: 0.5,
    datetime: _MOMENT,
    date: _MOMENT.date(),
    time: time(9, 30),
}


def sample(key: ContextKey[..., Any]) -> Any:
    """A value of the key's return type, as plain data; texts say what they stand for."""
    return _value(key.signature.returns, key.name)


def variants(key: ContextKey[..., Any]) -> list[Any]:
    """The values a template easily forgets: ``None`` and the empty list, where the type allows them."""
    possible = arms(key.signature.returns)
    lists: list[Any] = [[] for one in possible if one is list or get_origin(one) in (list, tuple)]
    return [None for one in possible if one is types.NoneType and len(possible) > 1] + lists


def _value(annotation: Any, name: str, inside: tuple[Any, ...] = ()) -> Any:
    annotation = next((arm for arm in arms(annotation) if arm is not types.NoneType), types.NoneType)
    if annotation is types.NoneType or annotation in inside:
        return None
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    kind, args = get_origin(annotation) or annotation, get_args(annotation)
    if not isinstance(kind, type):
        return _text(name)
    if issubclass(kind, Enum):
        return next((one.value for one in kind), None)
    if kind in _LEAVES:
        return _LEAVES[kind]
    if known := attributes(annotation):
        return {field: _value(one, field, (*inside, annotation)) for field, one in known.items()}
    if issubclass(kind, Mapping):
        return {_text("key"): _value(args[1], name, inside)} if len(args) == 2 else {}
    if issubclass(kind, (list, tuple, set, frozenset)):
        item = _value(items(annotation), name.removesuffix("s"), inside)
        return [] if item is None else [item]
    return _text(name)


def _text(name: str) -> str:
    return f"({name.replace('_', ' ')})"
