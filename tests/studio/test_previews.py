"""Previews beside an answer: one at a time, then the newest, none that outlives it."""

import asyncio

import pytest

from coach.studio._previews import Previews
from coach.studio.engines import Span

FIRST, SECOND, THIRD = Span(0, 1), Span(1, 2), Span(2, 3)


class Screen:
    """Shows a preview once ``go_on`` is set."""

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.shown: list[Span] = []

    async def show(self, span: Span) -> None:
        self.begun.set()
        await self.go_on.wait()
        self.shown.append(span)


async def test_the_newest_is_next_and_nobody_waits_for_it() -> None:
    screen = Screen()
    async with Previews(screen.show) as previews:
        previews.offer(FIRST)
        previews.offer(SECOND)
        previews.offer(THIRD)
        screen.go_on.set()
    assert screen.shown == [FIRST, THIRD]


async def test_one_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coach.studio._previews.PATIENCE", 0.01)
    screen = Screen()
    async with Previews(screen.show) as previews:
        previews.offer(FIRST)
    assert screen.begun.is_set() and screen.shown == []


async def test_nothing_is_shown_of_an_answer_that_broke() -> None:
    screen = Screen()
    with pytest.raises(ZeroDivisionError):
        async with Previews(screen.show) as previews:
            previews.offer(FIRST)
            await screen.begun.wait()
            raise ZeroDivisionError
    assert screen.shown == []
