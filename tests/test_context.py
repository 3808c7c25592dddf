"""Context keys are asked side by side, in time, and say nothing of why they failed."""

import asyncio
from typing import Any

import pytest

from coach.context import Context, ContextKey, context_key, gather_context
from coach.errors import ContextError


def key(name: str, answer: Any, timeout: float = 5) -> ContextKey[..., Any]:
    async def keyed(ctx: Context) -> Any:
        """Something."""
        return await answer(ctx)

    keyed.__name__ = name
    return context_key(timeout=timeout)(keyed)


async def test_context_keys_are_asked_side_by_side() -> None:
    meeting = asyncio.Barrier(2)

    async def meets(ctx: Context) -> str:
        await meeting.wait()
        return ctx.user_id

    keys = [key("b", meets), key("a", meets)]
    answers = await gather_context(keys, Context(user_id="ann"), {})
    assert list(answers.items()) == [("b", "ann"), ("a", "ann")]


async def test_every_context_key_that_fails_is_named_and_its_reason_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def never(ctx: Context) -> None:
        await asyncio.Event().wait()

    async def breaks(ctx: Context) -> None:
        raise RuntimeError("sk-secret")

    async def gives_up(ctx: Context) -> None:
        raise TimeoutError("of its own")

    async def works(ctx: Context) -> int:
        return 1

    keys = [key("slow", never, 0.01), key("broken", breaks), key("tired", gives_up), key("fine", works)]
    with pytest.raises(ContextError) as caught:
        await gather_context(keys, Context(user_id="ann"), {})
    assert set(caught.value.keys) == {"slow", "broken", "tired"}
    assert "`slow` did not answer within 0.01 s" in str(caught.value)
    assert "`broken` failed (ref " in str(caught.value) and "sk-secret" not in str(caught.value)
    assert "context key broken failed" in caplog.text and "sk-secret" in caplog.text


async def test_cancelling_cancels_the_context_keys() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def waits(ctx: Context) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    task = asyncio.ensure_future(gather_context([key("a", waits)], Context(user_id="ann"), {}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled.is_set()
