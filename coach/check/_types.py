"""What a value's type says about its attributes, as a template will see them."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel

from coach._uses import ITEM

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
    except NameError:
        return None
    return {field.name: hints[field.name] for field in fields(kind)} if is_dataclass(kind) else hints


def items(annotation: Any) -> Any:
    """The type of a list's items; ``Any`` when the type does not say or the value is no list."""
    kind, args = get_origin(annotation), get_args(annotation)
    if not isinstance(kind, type) or not args or issubclass(kind, Mapping):
        return Any
    fixed = issubclass(kind, tuple) and args[1:] != (Ellipsis,)
    return args[0] if issubclass(kind, Iterable) and not fixed else Any


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
