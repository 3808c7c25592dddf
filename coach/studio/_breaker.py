"""When to leave a service alone, and how often it may be asked again. All moments are in seconds."""

from __future__ import annotations

import math
from collections import deque

_FREE_RETRY = 60.0  # Seconds. With few requests a share of them is never a whole retry.
_MOST_SAVED = 10  # Retries. A quiet day earns no storm.


class Breaker:
    """Opens after failures in a row, then lets one request through from time to time until one succeeds.

    In a row: a service that fails now and then, among many requests that go well, is not down. Outcomes of
    requests that began before it last opened or closed say nothing about now and are ignored.

    Args:
        failures: So many in a row open it.
        within: They must fall into so many seconds.
        open_for: Seconds between one probe and the next.

    Attributes:
        era: Goes up when it opens and when it closes. Give an outcome the era its request began in.
    """

    def __init__(self, *, failures: int, within: float, open_for: float) -> None:
        self.era = 0
        self._within, self._open_for = within, open_for
        self._failed: deque[float] = deque(maxlen=failures)
        self._probe_at: float | None = None

    def down_for(self, now: float) -> float:
        """Seconds until a request may go; 0 when one may go now."""
        return 0.0 if self._probe_at is None else max(0.0, self._probe_at - now)

    def begin(self, now: float) -> None:
        """A request goes. While open it is the probe; the next probe does not wait for it to end."""
        if self._probe_at is not None:
            self._probe_at = now + self._open_for

    def succeeded(self, era: int) -> bool:
        """A request went well; says whether that closed the breaker."""
        if era != self.era:
            return False
        self._failed.clear()
        closes = self._probe_at is not None
        if closes:
            self._probe_at = None
            self.era += 1
        return closes

    def answered(self, era: int) -> bool:
        """A request was refused for what it asked; says whether that closed the breaker.

        Only a service that is there reads what it is asked. While it counts as well that says nothing of
        those who draw.
        """
        return self._probe_at is not None and self.succeeded(era)

    def failed(self, era: int, now: float) -> bool:
        """A request showed that the service is not well; says whether that opened the breaker."""
        if era != self.era:
            return False
        if self._probe_at is not None:
            self._probe_at = now + self._open_for
            return False
        self._failed.append(now)
        opens = len(self._failed) == self._failed.maxlen and now - self._failed[0] <= self._within
        if opens:
            self._probe_at = now + self._open_for
            self.era += 1
        return opens


class RetryBudget:
    """Retries are a share of the requests, and one a minute beyond that.

    Without a budget the retries of many callers keep a service down that came up again (Google, "Site
    Reliability Engineering", chapter 22, which takes 10 %).

    Args:
        requests: So many requests earn one retry.
    """

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._saved = 0  # Counted in requests, not retries: whole numbers stay exact.
        self._free_at = -math.inf

    def earn(self) -> None:
        """A request goes, be it a retry or not."""
        self._saved = min(self._saved + 1, _MOST_SAVED * self._requests)

    def spend(self, now: float) -> bool:
        """Take one retry; ``False`` when there is none."""
        if self._saved >= self._requests:
            self._saved -= self._requests
        elif now >= self._free_at:
            self._free_at = now + _FREE_RETRY
        else:
            return False
        self._saved -= 1  # what the retry earns when it goes
        return True
