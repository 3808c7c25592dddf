"""What waits, and who is next: interactive before batch, tenants and people in turn, as in coach/workers."""

from __future__ import annotations

import heapq
from collections import defaultdict
from itertools import count

from benchmarks.scale.traffic import Picture


class FairQueue:
    """Self-clocked fair queueing (Golestani, INFOCOM 1994) with equal weights.

    A picture's tag is the lowest one that waits plus its rank among its tenant's: twice as many as would go
    before it if the tenant's people took turns, and one more if its person waits for another. Of equal tags
    the earlier one goes first.
    """

    def __init__(self) -> None:
        self._lines = (_Line(), _Line())
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    @property
    def is_batch(self) -> bool:
        """Whether the next one is one that nobody waits for."""
        return not self._lines[0].heap

    def add(self, picture: Picture) -> None:
        """Join."""
        line = self._lines[picture.batch]
        picture.tag = line.lowest + line.tenants[picture.tenant].join(picture.person)
        self._push(line, picture)

    def put_back(self, picture: Picture) -> None:
        """Join where it was: it was taken, and nothing came of it."""
        line = self._lines[picture.batch]
        line.tenants[picture.tenant].join(picture.person)
        self._push(line, picture)

    def pop(self) -> Picture:
        """Take the next one."""
        line = self._lines[self.is_batch]
        line.served, _, picture = heapq.heappop(line.heap)
        line.tenants[picture.tenant].leave(picture.person)
        self._waiting -= 1
        return picture

    def _push(self, line: _Line, picture: Picture) -> None:
        self._waiting += 1
        line.push(picture)


class _Line:
    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Picture]] = []
        self.served = 0.0
        self.tenants: defaultdict[int, _Tenant] = defaultdict(_Tenant)
        self._numbers = count()

    @property
    def lowest(self) -> float:
        return self.heap[0][0] if self.heap else self.served

    def push(self, picture: Picture) -> None:
        heapq.heappush(self.heap, (picture.tag, next(self._numbers), picture))


class _Tenant:
    """How many each person of a tenant waits for, and how many people wait for so many or more."""

    def __init__(self) -> None:
        self._waiting: dict[int, int] = {}
        self._rounds: list[int] = []

    def join(self, person: int) -> int:
        """One more of a person. Returns its rank."""
        mine = self._waiting.get(person, 0)
        if mine == len(self._rounds):
            self._rounds.append(0)
        rank = 2 * sum(self._rounds[: mine + 1]) + min(mine, 1)
        self._rounds[mine] += 1
        self._waiting[person] = mine + 1
        return rank

    def leave(self, person: int) -> None:
        """One less of a person."""
        mine = self._waiting[person] - 1
        self._rounds[mine] -= 1
        if mine:
            self._waiting[person] = mine
        else:
            del self._waiting[person]
