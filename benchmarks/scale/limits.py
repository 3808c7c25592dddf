"""What one account at the picture service may be asked for, whoever asks: as coach/workers shares it."""

from __future__ import annotations

import math
from collections import deque

MINUTE = 60.0


class Account:
    """Pictures per minute and at once, and pauses.

    Args:
        per_minute: Pictures in any minute.
        margin: A minute is kept so many seconds longer.
        at_once: Pictures at the same time; ``None``: any number.
        batch: The share of both that is open to batches; the rest is kept for people.
    """

    def __init__(self, *, per_minute: int, margin: float, at_once: int | None, batch: float) -> None:
        self._per_minute, self._window, self._at_once = per_minute, MINUTE + margin, at_once
        self._for_batches = max(1, int(per_minute * batch))
        self._batches_at_once = None if at_once is None else max(1, int(at_once * batch))
        self._last: deque[float] = deque()
        self._paused = -math.inf
        self.running = 0
        self.sent: list[float] = []

    def ready_at(self, *, batch: bool) -> float:
        """From when on the next one may go; infinity: when one ends."""
        at_once = self._batches_at_once if batch else self._at_once
        if at_once is not None and self.running >= at_once:
            return math.inf
        most = self._for_batches if batch else self._per_minute
        full = len(self._last) >= most
        return max(self._paused, self._last[-most] + self._window if full else -math.inf)

    def send(self, at: float) -> None:
        """One goes at that moment."""
        if len(self._last) == self._per_minute:
            self._last.popleft()
        self._last.append(at)
        self.sent.append(at)
        self.running += 1

    def release(self) -> None:
        """One has ended."""
        self.running -= 1

    def pause(self, until: float) -> None:
        """Nothing goes before that moment."""
        self._paused = max(self._paused, until)

    @property
    def most_in_a_minute(self) -> int:
        """The most that went within any minute."""
        most = first = 0
        for last, at in enumerate(self.sent):
            while at - self.sent[first] >= MINUTE:
                first += 1
            most = max(most, last - first + 1)
        return most
