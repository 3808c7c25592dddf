"""Actions: what the model, or a button, may do.

An action is one async function in one file. Left of the ``*`` the application gives (the context, then
services by name); right of it the model gives, and that part becomes the schema it sees.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args, get_origin, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError as CoreSchemaError

from coach._signature import Signature, SignatureError, read_signature
from coach.schema import strict_schema

P = ParamSpec("P")
T = TypeVar("T")

_TOOL_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
"""OpenAI's rule for a tool's name, without the hyphen that Python does not have."""


@dataclass(frozen=True, kw_only=True)
class Result(Generic[T]):
    """What an action gives back.

    Attributes:
        say: What the model reads. Prose: no link, no id, no base64.
        data: What the application gets: a pydantic model or anything else that pydantic can dump as JSON, or
            nothing.
        next: The phase to go to, one of those the phase declares; applied after the other calls.
    """

    say: str
    data: T | None = None
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Action(Generic[P, T]):
    """One action; callable with the signature it was written with.

    Attributes:
        name: The function's and the file's name.
        description: The docstring: what the model reads.
        handler: The function.
        signature: What its signature says.
        params: The keyword-only parameters as a pydantic model that forbids any other.
        timeout: Seconds for the whole call.
        spends: Whether it may cost money: such calls are counted, and run beside the others.
        exclusive: The parameter of which one value is worked on at a time, per person.
        by: ``"user"`` when only a button may run it; the model can then only propose it.
    """

    name: str
    description: str
    handler: Callable[P, Awaitable[Result[T]]]
    signature: Signature
    params: type[BaseModel]
    timeout: float
    spends: bool
    exclusive: str | None
    by: Literal["model", "user"]

    @property
    def needs(self) -> tuple[str, ...]:
        """The services it asks for, by name."""
        return self.signature.services

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The strict JSON schema of the parameters. See :func:`coach.schema.strict_schema`."""
        return strict_schema(self.params)

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        """Call the function itself: a test gives it fakes."""
        return await self.handler(*args, **kwargs)


@overload
def action(handler: Callable[P, Awaitable[Result[T]]], /) -> Action[P, T]: ...
@overload
def action(
    *,
    timeout: float = ...,
    spends: bool = ...,
    exclusive: str | None = ...,
    by: Literal["model", "user"] = ...,
) -> Callable[[Callable[P, Awaitable[Result[T]]]], Action[P, T]]: ...
def action(
    handler: Any = None,
    /,
    *,
    timeout: float = 60,
    spends: bool = False,
    exclusive: str | None = None,
    by: Literal["model", "user"] = "model",
) -> Any:
    """Make an action of an async function.

    Args:
        handler: The function, when the decorator is used without parentheses.
        timeout: Seconds for the whole call.
        spends: Whether it may cost money.
        exclusive: A parameter; two calls with the same value wait for each other.
        by: ``"user"``: it runs when the person presses a button; the model can only propose it.

    Raises:
        SignatureError: The function cannot be an action; the message says what to change.
    """

    def wrap(fn: Callable[P, Awaitable[Result[T]]]) -> Action[P, T]:
        signature = read_signature(fn, kind="action")
        if not _TOOL_NAME.fullmatch(signature.name):
            problem = "its name becomes a tool's: 1 to 64 of the letters a-z, A-Z, digits and `_`"
            raise SignatureError(signature.name, problem, reason="parameters", line=signature.line)
        if exclusive is not None and exclusive not in signature.fields:
            problem = f"exclusive={exclusive!r} is not one of its keyword-only parameters"
            raise SignatureError(signature.name, problem, reason="parameters", line=signature.line)
        _check_data(signature)
        return Action(
            name=signature.name,
            description=signature.description,
            handler=fn,
            signature=signature,
            params=_params(signature, fn.__module__),
            timeout=timeout,
            spends=spends,
            exclusive=exclusive,
            by=by,
        )

    return wrap if handler is None else wrap(handler)


def _params(signature: Signature, module: str) -> type[BaseModel]:
    """The keyword-only parameters as a model.

    Raises:
        SignatureError: One has a type that pydantic cannot check, or an alias.
    """
    fields: dict[str, Any] = dict(signature.fields)
    with warnings.catch_warnings():
        # A parameter may be called `copy` or `schema`: nobody uses the model's methods of that name.
        warnings.filterwarnings("ignore", "Field name .* shadows an attribute", UserWarning)
        try:
            params: type[BaseModel] = create_model(
                signature.name,
                __config__=ConfigDict(extra="forbid", protected_namespaces=()),
                __module__=module,
                **fields,
            )
        except (PydanticUserError, CoreSchemaError, NameError) as exc:
            problem = "a parameter has a type that cannot be checked; use text, numbers, lists or models"
            raise SignatureError(signature.name, problem, reason="schema", line=signature.line) from exc
    for name, field in params.model_fields.items():
        if field.alias or field.validation_alias:
            problem = f"parameter `{name}` has an alias, but is given by its own name; name it that instead"
            raise SignatureError(signature.name, problem, reason="alias", line=signature.line, parameter=name)
    # Under the action's own name pickle would find the action.
    params.__qualname__ = f"{signature.name}.params"
    return params


def _check_data(signature: Signature) -> None:
    """Refuse a ``Result[…]`` whose data could not be written down.

    Raises:
        SignatureError: pydantic does not know how to dump the type.
    """
    if get_origin(signature.returns) is not Result:
        return
    try:
        TypeAdapter(get_args(signature.returns)[0])
    except (PydanticUserError, CoreSchemaError, NameError) as exc:
        problem = "the data of its `Result[…]` has a type that cannot be written down as JSON"
        raise SignatureError(signature.name, problem, reason="data", line=signature.line) from exc
