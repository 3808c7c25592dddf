"""Actions: what the model, or a button, may do.

An action is one async function in one file. Left of the ``*`` the application gives (the context, then
services by name); right of it the model gives, and that part becomes the schema it sees.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError as CoreSchemaError

from coach._signature import Signature, bare, read_signature
from coach.context import Context
from coach.schema import strict_schema
from coach.terms import Terms
from coach.text import one_line

P = ParamSpec("P")
T = TypeVar("T")

By = Literal["model", "user"]
"""Who may run an action."""

Effect = Literal["reads", "adds", "changes"]
"""What a call does to what is kept: nothing; it only adds; or it may change or take away what is there."""

_TOOL_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
"""OpenAI's rule for a tool's name, without the hyphen that Python does not have."""

_LONGEST = 200
"""Characters of :attr:`Action.ask`: one sentence above a button."""


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
        ask: The question the person is shown with the button, if the action has one of its own.
        effect: What it does to what is kept.
        terms: Says what exactly their yes is bound to, if the action does.
    """

    name: str
    description: str
    handler: Callable[P, Awaitable[Result[T]]]
    signature: Signature
    params: type[BaseModel]
    timeout: float
    spends: bool
    exclusive: str | None
    by: By
    ask: str | None = None
    effect: Effect = "changes"
    terms: Callable[P, Awaitable[Terms | None]] | None = None

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
    by: By = ...,
    ask: str | None = ...,
    effect: Effect = ...,
    terms: Callable[..., Awaitable[Terms | None]] | None = ...,
) -> Callable[[Callable[P, Awaitable[Result[T]]]], Action[P, T]]: ...
def action(
    handler: Any = None,
    /,
    *,
    timeout: float = 60,
    spends: bool = False,
    exclusive: str | None = None,
    by: By = "model",
    ask: str | None = None,
    effect: Effect = "changes",
    terms: Callable[..., Awaitable[Terms | None]] | None = None,
) -> Any:
    """Make an action of an async function.

    Args:
        handler: The function, when the decorator is used without parentheses.
        timeout: Seconds for the whole call.
        spends: Whether it may cost money.
        exclusive: A parameter; two calls with the same value wait for each other.
        by: ``"user"``: it runs when the person presses a button; the model can only propose it.
        ask: The question the person is shown with that button, or with the one of a phase whose ``confirm``
            names the action: one line of plain text, at most 200 characters.
        effect: ``"reads"`` when a call changes nothing that is kept, ``"adds"`` when it takes nothing away:
            agents that ask their user before each call may then ask less.
        terms: An async function with the same parameters, by name or as ``**``, that says what exactly the
            person's yes is bound to, e.g. by ``studio.terms``: it sends, changes and pays for nothing. It is
            asked when a call begins to wait, and again at the yes. If they are others by then, nothing is
            done, and the person is asked anew.

    Raises:
        SignatureError: The function or what the decorator was given makes no action; the message says what to
            change.
    """

    def wrap(fn: Callable[P, Awaitable[Result[T]]]) -> Action[P, T]:
        signature = read_signature(fn, kind="action", context=Context)
        _check_returns(signature)
        signature.check_timeout(timeout)
        switches = {"spends": spends, "exclusive": exclusive, "by": by, "ask": ask}
        for problem in _mistakes(signature, **switches, effect=effect, terms=terms):
            raise signature.wrong(problem, "decorator")
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
            ask=ask,
            effect=effect,
            terms=terms,
        )

    return wrap if handler is None else wrap(handler)


def _mistakes(
    signature: Signature,
    *,
    spends: object,
    exclusive: object,
    by: object,
    ask: object,
    effect: object,
    terms: object,
) -> Iterator[str]:
    """What of the decorator's arguments is not what it must be: a mistyped switch must not be an open one."""
    if not isinstance(spends, bool):
        yield f"spends={spends!r} is neither True nor False"
    if exclusive not in (None, *signature.fields):
        yield f"exclusive={exclusive!r} is not one of its keyword-only parameters"
    if by not in get_args(By):
        yield f"by={by!r} is neither 'model' nor 'user'"
    if effect not in get_args(Effect):
        yield f"effect={effect!r} is none of 'reads', 'adds' and 'changes'"
    if ask is not None and not (isinstance(ask, str) and 0 < len(ask) <= _LONGEST and ask == one_line(ask)):
        yield f"its `ask` is not one line of plain text of at most {_LONGEST} characters"
    if terms is not None and not (inspect.iscoroutinefunction(terms) and signature.is_like(terms)):
        yield "its `terms` is no async function with the same parameters, the services in the same order"


def _params(signature: Signature, module: str) -> type[BaseModel]:
    """The keyword-only parameters as a model.

    Raises:
        SignatureError: One has a type that pydantic cannot check, or an alias; or no tool can have the name.
    """
    if not _TOOL_NAME.fullmatch(signature.name):
        problem = "its name becomes a tool's: 1 to 64 of the letters a-z, A-Z, digits and `_`"
        raise signature.wrong(problem, "parameters")
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
            raise signature.wrong(problem, "schema") from exc
    for name, field in params.model_fields.items():
        if field.alias or field.validation_alias:
            problem = f"parameter `{name}` has an alias, but is given by its own name; name it that instead"
            raise signature.wrong(problem, "alias", name)
    # Under the action's own name pickle would find the action.
    params.__qualname__ = f"{signature.name}.params"
    return params


def _check_returns(signature: Signature) -> None:
    """Refuse what is no ``Result[…]``, or one whose data could not be written down.

    Raises:
        SignatureError: The annotation names another type, or pydantic does not know how to dump the data.
    """
    if signature.returns is not None and bare(signature.returns) is not Result:
        raise signature.wrong("it does not return a `Result[…]`; write `-> Result[None]`", "returns")
    try:
        data: Any = next(iter(get_args(signature.returns)), None)
        TypeAdapter(data)
    except (PydanticUserError, CoreSchemaError, NameError) as exc:
        problem = "the data of its `Result[…]` has a type that cannot be written down as JSON"
        raise signature.wrong(problem, "data") from exc
