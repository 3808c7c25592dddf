"""Reading a signature: positional parameters are injected, keyword-only ones come from the model."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.fields import FieldInfo

Reason = Literal["async", "docstring", "description", "schema", "parameters", "alias", "data"]
"""What about a function keeps it from being an action or a context key."""


class SignatureError(TypeError):
    """A function cannot be an action or a context key; the message says what to change.

    Attributes:
        reason: What about it.
        line: Where the function stands in its file, counted from 1; 0 when it is no function.
        parameter: The parameter it is about, or ``""``.
    """

    def __init__(self, name: str, problem: str, *, reason: Reason, line: int, parameter: str = "") -> None:
        self.reason, self.line, self.parameter = reason, line, parameter
        super().__init__(f"{name}: {problem}")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a signature says.

    Attributes:
        name: The function's name.
        description: Its docstring.
        services: The positional parameters after the context: injected by name.
        fields: The keyword-only parameters: annotation and default, as ``pydantic.create_model`` takes them.
        returns: The resolved return annotation.
        line: Where the function stands in its file, counted from 1.
    """

    name: str
    description: str
    services: tuple[str, ...]
    fields: Mapping[str, tuple[Any, Any]]
    returns: Any
    line: int


def read_signature(fn: Callable[..., Any], *, kind: str) -> Signature:
    """Read an action's or a context key's function.

    Raises:
        SignatureError: It is not async, has no docstring, takes ``*args`` or ``**kwargs``, has no context
            parameter, or a keyword-only parameter without a description.
    """
    name = getattr(fn, "__name__", repr(fn))
    line = fn.__code__.co_firstlineno if inspect.isfunction(fn) else 0

    def wrong(problem: str, reason: Reason, parameter: str = "") -> SignatureError:
        return SignatureError(name, problem, reason=reason, line=line, parameter=parameter)

    if not inspect.iscoroutinefunction(fn):
        raise wrong(
            f"a{'n' * (kind == 'action')} {kind} is an async function; write `async def {name}`", "async"
        )
    if not (fn.__doc__ or "").strip():
        raise wrong("it needs a docstring, which says what it is for", "docstring")
    try:
        hints = typing.get_type_hints(fn, include_extras=True)
    except NameError as exc:
        raise wrong(
            f"the annotation `{exc.name}` is not known when it runs; import it", "parameters"
        ) from exc
    given: list[str] = []
    asked: dict[str, tuple[Any, Any]] = {}
    for parameter in inspect.signature(fn).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            starred = str(parameter).partition(":")[0]
            raise wrong(f"`{starred}` is not allowed; name every parameter", "parameters", parameter.name)
        if parameter.kind is not parameter.KEYWORD_ONLY:
            given.append(parameter.name)
            continue
        if not _described(hints.get(parameter.name)):
            how = f'`{parameter.name}: Annotated[<type>, Field(description="…")]`'
            problem = f"parameter `{parameter.name}` needs a description; write {how}"
            raise wrong(problem, "description", parameter.name)
        default = ... if parameter.default is parameter.empty else parameter.default
        asked[parameter.name] = (hints[parameter.name], default)
    if not given:
        raise wrong(f"the first parameter is the context; write `{name}(ctx: Context, …)`", "parameters")
    return Signature(
        name=name,
        description=inspect.cleandoc(fn.__doc__ or ""),
        services=tuple(given[1:]),
        fields=asked,
        returns=hints.get("return"),
        line=line,
    )


def _described(hint: Any) -> bool:
    extras = getattr(hint, "__metadata__", ())
    return any(isinstance(extra, FieldInfo) and extra.description for extra in extras)
