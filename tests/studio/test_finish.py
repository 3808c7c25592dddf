"""Work that goes to its end whoever stops waiting for it."""

import asyncio

import pytest

from coach.studio._finish import finish


@pytest.mark.parametrize("fails", [False, True])
async def test_it_is_done_however_often_it_is_cancelled(fails: bool) -> None:
    go_on, done = asyncio.Event(), []

    async def work() -> None:
        await go_on.wait()
        done.append("all of it")
        if fails:
            raise ZeroDivisionError

    task = asyncio.create_task(finish(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["all of it"]


async def test_what_it_gives_or_raises_goes_on() -> None:
    async def work(by: int) -> float:
        return 1 / by

    assert await finish(work(2)) == 0.5
    with pytest.raises(ZeroDivisionError):
        await finish(work(0))
