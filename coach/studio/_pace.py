"""How fast pictures may be asked for: by the tier, and by what the service's own "not now" teaches."""

from __future__ import annotations

import math
from collections import deque

MINUTE = 60.0
_EARLY = 0.1  # So much of a minute's pictures may go at once after a quiet time.
_UNTOLD = 10.0  # Seconds to wait after a "not now" that does not say how long.
_LONGEST = 3600.0  # Then we ask again, whatever was said: clocks and proxies err.
_WIDEST = 12.0  # Seconds from one to the next, at most: OpenAI's lowest tier takes 5 a minute (model pages).


def pause_of(seconds: float | None) -> float:
    """For how many seconds nothing goes after a "not now" that said so many; ``None``: it did not say."""
    return _UNTOLD if seconds is None else max(0.0, min(_LONGEST, seconds))


class Pace:
    """A schedule of pictures (the "generic cell rate algorithm", ITU-T I.371). All moments are in seconds.

    A request for several pictures goes as soon as one may, and the next waits for all of them.

    Args:
        per_minute: Pictures per minute; ``None``: only what :meth:`pause` teaches.
    """

    def __init__(self, per_minute: float | None) -> None:
        self.apart = MINUTE / per_minute if per_minute else 0.0
        self._early = max(0.0, _EARLY * MINUTE - self.apart) if per_minute else 0.0
        self._due = -math.inf
        self._gone: deque[tuple[float, int]] = deque()
        self._taught, self._taught_at = 0.0, 0.0

    @property
    def ready_at(self) -> float:
        """When the next request may go."""
        return self._due - self._early

    def take(self, now: float, pictures: int) -> None:
        """A request for so many pictures goes."""
        halved = max(0.0, now - self._taught_at) // MINUTE
        apart = self.apart or self._taught * 0.5**halved
        self._due = max(self._due, now) + pictures * apart
        self._gone.append((now, pictures))
        self._forget(now)

    def refused(self, at: float, pictures: int) -> None:
        """The request that went at ``at`` was one too many: it does not count as taken by the service."""
        if (at, pictures) in self._gone:
            self._gone.remove((at, pictures))

    def pause(self, now: float, seconds: float | None) -> None:
        """Nothing goes for so long, and then not all at once: at the tier's pace, or one after the other.

        How far apart when the tier is not known: as many a minute as the service took in the last one, or as
        long as the pause, if that is closer. It is halved each minute: a passing shortage is forgotten.
        """
        self._due = max(self._due, now + pause_of(seconds) + self._early)
        if not self.apart:
            self._forget(now)
            taken = sum(pictures for _, pictures in self._gone)
            self._taught = min(MINUTE / max(1, taken), self.ready_at - now, _WIDEST)
            self._taught_at = self.ready_at

    def _forget(self, now: float) -> None:
        while self._gone and self._gone[0][0] <= now - MINUTE:
            self._gone.popleft()
