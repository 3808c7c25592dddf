"""Who is next: one request of each person in turn."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Queue(Generic[T]):
    """Round-robin over the people who wait; first come, first served for each of them."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[T]] = {}  # The person whose turn it is comes first.

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    @property
    def first(self) -> T | None:
        """Who is next; ``None`` when nobody waits."""
        return next((line[0] for line in self._lines.values()), None)

    def add(self, person: str, item: T) -> None:
        """Join: at the end of the person's own line, and a new person after all others."""
        self._lines.setdefault(person, deque()).append(item)

    def pop(self) -> T:
        """Take the first one. The same person's next one comes after everybody else's next."""
        person = next(iter(self._lines))
        line = self._lines.pop(person)
        item = line.popleft()
        if line:
            self._lines[person] = line
        return item

    def remove(self, person: str, item: T) -> None:
        """Leave from wherever in the line, if it is still there."""
        line = self._lines.get(person, deque())
        if item in line:
            line.remove(item)
            if not line:
                del self._lines[person]

    def ahead_of(self, person: str) -> int:
        """How many would go before a new one of this person."""
        mine = ahead = len(self._lines.get(person, ()))
        earlier_in_the_round = True
        for other, line in self._lines.items():
            if other == person:
                earlier_in_the_round = False
            else:
                ahead += min(len(line), mine + earlier_in_the_round)
        return ahead
