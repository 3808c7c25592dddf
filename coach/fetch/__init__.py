"""Getting what a stranger's link leads to, without reaching anything but the public Internet.

::

    async with Fetcher().open("https://example.org/me.jpg") as fetching:
        async for piece in fetching.chunks():
            ...
"""

from __future__ import annotations

from coach.fetch.fetcher import Fetcher, Fetching

__all__ = ["Fetcher", "Fetching"]
