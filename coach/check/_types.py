"""What a value's type says about its attributes, as a template will see them."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel

from coach._uses import ITEM

_ANYTHING = (Any, object, Iterable, Collection, types.NoneType)
_BYTES = (bytes, bytearray, memoryview)
_HOLDERS = (Mapping, Sequence, Set)
_LEAVES = (str, int, float, bool, date, time, UUID, PurePath, Decimal, Enum)


def arms(annotation: Any) -> tuple[Any, ...]:
    """The types a value may have, without ``Annotated`` and aliases; ``NoneType`` stands for ``None``."""
    if get_origin(annotation) is Annotated:
        return arms(get_args(annotation)[0])
    if hasattr(annotation, "__value__"):
        return arms(annotation.__value__)
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(arm for one in get_args(annotation) for arm in arms(one))
    return (types.NoneType if annotation is None else annotation,)


def attributes(annotation: Any) -> Mapping[str, Any] | None:
    """The attributes of one type, each with its own; ``None`` when the type does not say."""
    if annotation is types.NoneType or get_origin(annotation) is typing.Literal:
        return {}
    kind = get_origin(annotation) or annotation
    if not isinstance(kind, type):
        return None
    if issubclass(kind, _LEAVES) or (issubclass(kind, (list, tuple, set)) and not hasattr(kind, "_fields")):
        return {}
    if issubclass(kind, BaseModel):
        computed = {name: one.return_type for name, one in kind.model_computed_fields.items()}
        return {name: one.annotation for name, one in kind.model_fields.items()} | computed
    if not (is_dataclass(kind) or typing.is_typeddict(kind) or hasattr(kind, "_fields")):
        return None
    try:
        hints = get_type_hints(kind, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return None
    return {field.name: hints[field.name] for field in fields(kind)} if is_dataclass(kind) else hints


def items(annotation: Any) -> Any:
    """The type of a list's items; ``Any`` when the type does not say or the value is no list."""
    kind, args = get_origin(annotation), get_args(annotation)
    if not isinstance(kind, type) or not args or issubclass(kind, Mapping):
        return Any
    fixed = issubclass(kind, tuple) and args[1:] != (Ellipsis,)
    return args[0] if issubclass(kind, Iterable) and not fixed else Any


def unplain(annotation: Any, inside: tuple[Any, ...] = ()) -> str | None:
    """The name of a type in it of which :func:`coach._plain.plain` makes no plain data.

    ``None`` without one, and where the type does not say what the value will be.
    """
    for one in arms(annotation):
        kind = get_origin(one) or one
        if not isinstance(kind, type) or one in inside or kind in _ANYTHING or issubclass(kind, _LEAVES):
            continue
        if known := attributes(one):
            parts: Iterable[Any] = known.values()
        elif issubclass(kind, _HOLDERS) and not issubclass(kind, _BYTES):
            parts = get_args(one)[-1:] if issubclass(kind, Mapping) else get_args(one)
        elif _may_be_more(kind):
            continue
        else:
            return kind.__name__
        wrong = (unplain(part, (*inside, one)) for part in parts)
        if (name := next(filter(None, wrong), None)) is not None:
            return name
    return None


def _may_be_more(kind: type) -> bool:
    """Whether a value may be of a type that a class only stands for, such as pydantic's ``EmailStr``."""
    data = issubclass(kind, BaseModel) or is_dataclass(kind) or typing.is_typeddict(kind)
    return data or hasattr(kind, "__get_pydantic_core_schema__") or getattr(kind, "_is_protocol", False)


def missing(annotation: Any, path: tuple[str, ...]) -> tuple[int, list[str]] | None:
    """Follow a path of attributes through a type.

    Returns:
        ``None`` when it can be there; else the index of the first step that cannot, and what there is.
    """
    possible = [arm for arm in arms(annotation) if arm is not types.NoneType]
    for index, step in enumerate(path):
        if step == ITEM:
            possible = [arm for one in possible for arm in arms(items(one))]
            continue
        known = [attributes(one) for one in possible]
        if any(one is None for one in known) or not possible:
            return None
        having = [one for one in known if one is not None and step in one]
        if not having:
            return index, sorted({name for one in known for name in one or ()})
        possible = [arm for one in having for arm in arms(one[step]) if arm is not types.NoneType]
    return None
