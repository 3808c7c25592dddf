"""Work that goes on when nobody follows it any more."""

import asyncio
import gc

import pytest

from coach._stream import Emit, Stream, drain
from coach.errors import CoachError, StoreUnavailable
from coach.events import Say


def failing(error: Exception, go_on: asyncio.Event) -> Stream[None]:
    """Says something, and fails as soon as it may go on."""

    async def work(emit: Emit) -> None:
        await emit(Say(text="So far so good."))
        await go_on.wait()
        raise error

    return Stream(work)


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "coach")


async def left(error: Exception) -> None:
    """Follow it for one event, and go."""
    go_on = asyncio.Event()
    assert await anext(failing(error, go_on)) == Say(text="So far so good.")
    go_on.set()
    await drain()
    gc.collect()


async def test_what_fails_when_nobody_follows_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    await left(StoreUnavailable("The database is away."))
    [said] = caplog.records
    assert said.name == "coach" and "The database is away." in said.message and not said.exc_info


async def test_what_nobody_expected_is_said_with_where_it_was(caplog: pytest.LogCaptureFixture) -> None:
    await left(ZeroDivisionError("by nothing"))
    [said] = caplog.records
    assert said.exc_info and said.exc_info[0] is ZeroDivisionError


async def test_who_follows_is_told_what_failed_and_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    go_on = asyncio.Event()
    followed = failing(StoreUnavailable("The database is away."), go_on)
    await anext(followed)
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    with pytest.raises(CoachError, match="is away"):
        await anext(followed)
    assert not caplog.records
