"""Whose call it is, and what a prompt may know about them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, overload

from coach._signature import Signature, read_signature
from coach.errors import ContextError
from coach.events import Event, Preview, Progress
from coach.terms import Terms

log = logging.getLogger("coach")

P = ParamSpec("P")
T = TypeVar("T")


async def _unheard(event: Event) -> None:
    """Where events go when nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Whose call this is. The model never sets any of it.

    Attributes:
        user_id: The person, as the host application knows them. Every look-up is scoped to it.
        tenant: Whose customer the person is, where the host serves several; budgets can be set for each.
        conversation_id: The conversation, or ``""`` outside one.
        turn_id: The turn: one message of the person and all that follows from it; ``""`` outside one.
        call_id: The call being run, or ``""`` while a prompt is rendered.
        phase: The phase the call was made in.
        next: The phases that may follow it.
        hears: Whether the person reads what comes of this turn before another begins. Where each call of an
            agent is a turn, they may not: then no turn is one in which they were told of a charge in doubt.
        emit: Where events go.
        agreed: What the person said yes to, if they were asked: the studio sends nothing else.
    """

    user_id: str
    tenant: str = ""
    conversation_id: str = ""
    turn_id: str = ""
    call_id: str = ""
    phase: str = ""
    next: tuple[str, ...] = ()
    hears: bool = True
    emit: Callable[[Event], Awaitable[None]] = _unheard
    agreed: Terms | None = None

    async def report(self, text: str, *, done: float | None = None, of: float | None = None) -> None:
        """Tell whoever watches how far the action is."""
        await self.emit(Progress(call_id=self.call_id, text=text, done=done, of=of))

    async def preview(self, blob: str, *, index: int) -> None:
        """Tell whoever watches that an unfinished picture is in the blob store under ``blob``."""
        await self.emit(Preview(call_id=self.call_id, blob=blob, index=index))


@dataclass(frozen=True, kw_only=True)
class ContextKey(Generic[P, T]):
    """One thing a prompt may know; callable with the signature it was written with."""

    name: str
    description: str
    handler: Callable[P, Awaitable[T]]
    signature: Signature
    timeout: float

    @property
    def needs(self) -> tuple[str, ...]:
        """The services it asks for, by name."""
        return self.signature.services

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function itself."""
        return await self.handler(*args, **kwargs)


@overload
def context_key(handler: Callable[P, Awaitable[T]], /) -> ContextKey[P, T]: ...
@overload
def context_key(*, timeout: float = ...) -> Callable[[Callable[P, Awaitable[T]]], ContextKey[P, T]]: ...
def context_key(handler: Any = None, /, *, timeout: float = 5) -> Any:
    """Make a context key of an async function: the context first, then services by name.

    Args:
        handler: The function, when the decorator is used without parentheses.
        timeout: Seconds until gathering it fails, naming the key.

    Raises:
        SignatureError: The function is not async, has no docstring, does not begin with the context or has
            parameters the model would give; or the timeout is no positive number.
    """

    def wrap(fn: Callable[P, Awaitable[T]]) -> ContextKey[P, T]:
        signature = read_signature(fn, kind="context key", context=Context)
        signature.check_timeout(timeout)
        if signature.fields:
            problem = "a context key takes no keyword-only parameters; only a model would give them"
            raise signature.wrong(problem, "parameters")
        return ContextKey(
            name=signature.name,
            description=signature.description,
            handler=fn,
            signature=signature,
            timeout=timeout,
        )

    return wrap if handler is None else wrap(handler)


async def gather_context(
    keys: Collection[ContextKey[..., Any]], ctx: Context, services: Mapping[str, object]
) -> dict[str, Any]:
    """Ask context keys, all at once, each under its own timeout.

    Args:
        keys: The keys.
        ctx: Whose.
        services: What they may ask for, by name.

    Returns:
        Their answers by name, in the order of ``keys``.

    Raises:
        ContextError: Some failed; it names all of them, the log has the reasons.
    """
    if not keys:
        return {}
    failed: dict[str, str] = {}
    answers = await asyncio.gather(*(_ask(key, ctx, services, failed) for key in keys))
    if failed:
        problems = "; ".join(f"`{name}` {problem}" for name, problem in failed.items())
        raise ContextError(list(failed), f"What the prompt may know could not be gathered: {problems}.")
    return {key.name: answer for key, answer in zip(keys, answers, strict=True)}


async def _ask(
    key: ContextKey[..., Any], ctx: Context, services: Mapping[str, object], failed: dict[str, str]
) -> Any:
    missing = [name for name in key.needs if name not in services]
    if missing:
        failed[key.name] = f"needs the service `{missing[0]}`, which the coach was not given"
        return None
    try:
        async with asyncio.timeout(key.timeout) as deadline:
            return await key(ctx, *(services[name] for name in key.needs))
    except Exception as exc:
        if isinstance(exc, TimeoutError) and deadline.expired():
            failed[key.name] = f"did not answer within {key.timeout:g} s"
            return None
        ref = secrets.token_hex(4)
        log.exception("context key %s failed, ref %s", key.name, ref)
        failed[key.name] = f"failed (ref {ref})"
        return None
