"""Previews are shown beside the answer that arrives, never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

from coach.studio._finish import finish
from coach.studio.engines import Span

PATIENCE = 2.0
"""Seconds that previews are waited for once the whole answer is there."""


class Previews:
    """Shows one preview at a time, then the newest; none once the context is left.

    Args:
        show: Shows one; it raises nothing but being cancelled.
    """

    def __init__(self, show: Callable[[Span], Coroutine[Any, Any, None]]) -> None:
        self._show = show
        self._newest: Span | None = None
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Previews:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._work is None:
            return
        try:
            if kind is None:
                await asyncio.wait([self._work], timeout=PATIENCE)
        finally:
            self._work.cancel()
            await finish(asyncio.wait([self._work]))

    def offer(self, span: Span) -> None:
        """Show this one now, or after the one that is being shown, instead of any that waits for that."""
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._show_from(span))
        else:
            self._newest = span

    async def _show_from(self, span: Span | None) -> None:
        while span is not None:
            await self._show(span)
            span, self._newest = self._newest, None
