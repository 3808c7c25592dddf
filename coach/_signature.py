"""Reading a signature: positional parameters are injected, keyword-only ones come from the model.

The first is the context. Whose call it is stands there, so no parameter of the model's may be ``user_id``.
"""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from pydantic.fields import FieldInfo

Reason = Literal[
    "async",
    "docstring",
    "description",
    "schema",
    "parameters",
    "person",
    "decorator",
    "alias",
    "returns",
    "data",
]
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

    def wrong(self, problem: str, reason: Reason, parameter: str = "") -> SignatureError:
        """The error that says what is wrong with the function."""
        return SignatureError(self.name, problem, reason=reason, line=self.line, parameter=parameter)

    def is_like(self, fn: Callable[..., Any]) -> bool:
        """Whether a function takes the same: the context, these services in this order, these parameters, by
        name or as ``**``."""
        taken = inspect.signature(fn).parameters.values()
        given = tuple(one.name for one in taken if one.kind is one.POSITIONAL_OR_KEYWORD)
        asked = {one.name for one in taken if one.kind is one.KEYWORD_ONLY}
        rest = {one.kind for one in taken} - {inspect.Parameter.POSITIONAL_OR_KEYWORD}
        rest -= {inspect.Parameter.KEYWORD_ONLY}
        all_of_them = asked == set(self.fields) and not rest
        some = asked <= set(self.fields) and rest == {inspect.Parameter.VAR_KEYWORD}
        return given[1:] == self.services and (all_of_them or some)

    def check_timeout(self, seconds: Any) -> None:
        """Refuse a timeout that is no time.

        Raises:
            SignatureError: It is no positive, finite number.
        """
        number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not number or not 0 < seconds < math.inf:
            raise self.wrong("its `timeout` is not a positive number of seconds", "decorator")


def read_signature(fn: Callable[..., Any], *, kind: str, context: type) -> Signature:
    """Read an action's or a context key's function.

    Args:
        fn: The function.
        kind: What it is to be, in words.
        context: The type of its first parameter.

    Raises:
        SignatureError: It is not async, has no docstring, takes ``*args`` or ``**kwargs``, does not begin
            with the context, has a ``Field`` left of the ``*``, or right of it a parameter without a
            description or one named ``user_id``.
    """
    name = getattr(fn, "__name__", repr(fn))
    line = fn.__code__.co_firstlineno if inspect.isfunction(fn) else 0
    wrong = partial(SignatureError, name, line=line)
    if not inspect.iscoroutinefunction(fn):
        an = "an" if kind == "action" else "a"
        raise wrong(f"{an} {kind} is an async function; write `async def {name}`", reason="async")
    if not (fn.__doc__ or "").strip():
        raise wrong("it needs a docstring, which says what it is for", reason="docstring")
    try:
        hints = typing.get_type_hints(fn, include_extras=True)
    except NameError as exc:
        problem = f"the annotation `{exc.name}` is not known when it runs; import it"
        raise wrong(problem, reason="parameters") from exc
    given: list[str] = []
    asked: dict[str, tuple[Any, Any]] = {}
    for parameter in inspect.signature(fn).parameters.values():
        hint = hints.get(parameter.name)
        for problem, reason in _mistakes(parameter, hint):
            raise wrong(problem, reason=reason, parameter=parameter.name)
        if parameter.kind is parameter.KEYWORD_ONLY:
            asked[parameter.name] = (hint, ... if parameter.default is parameter.empty else parameter.default)
        else:
            given.append(parameter.name)
    if not given or bare(hints.get(given[0], context)) is not context:
        begin = ", ".join(("ctx: Context", *(name for name in given[:1] if name != "ctx"), "…"))
        raise wrong(f"the first parameter is the context; write `{name}({begin})`", reason="parameters")
    return Signature(
        name=name,
        description=inspect.cleandoc(fn.__doc__ or ""),
        services=tuple(given[1:]),
        fields=asked,
        returns=hints.get("return"),
        line=line,
    )


def _mistakes(parameter: inspect.Parameter, hint: Any) -> Iterator[tuple[str, Reason]]:
    """What keeps one parameter from being a service or the model's, the first thing first."""
    name, fields = parameter.name, [one for one in _extras(hint) if isinstance(one, FieldInfo)]
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        yield f"`{str(parameter).partition(':')[0]}` is not allowed; name every parameter", "parameters"
    elif parameter.kind is not parameter.KEYWORD_ONLY:
        if fields or isinstance(parameter.default, FieldInfo):
            yield f"`{name}` has a `Field`, so the model gives it; write `*,` before it", "parameters"
    elif name == "user_id":
        yield "the model never says whose call it is; use `ctx.user_id`, and no parameter `user_id`", "person"
    elif not any(field.description for field in fields):
        how = f'`{name}: Annotated[<type>, Field(description="…")]`'
        yield f"parameter `{name}` needs a description; write {how}", "description"


def bare(hint: Any) -> Any:
    """A type without ``Annotated``, aliases and what stands in its brackets."""
    while hasattr(hint, "__value__") or typing.get_origin(hint) is typing.Annotated:
        hint = hint.__value__ if hasattr(hint, "__value__") else typing.get_args(hint)[0]
    return typing.get_origin(hint) or hint


def _extras(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__metadata__", ())
