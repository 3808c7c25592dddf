"""From a picture that was paid for to a sticker that is kept, and what the quality gate says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from coach.errors import InputRefused
from coach.stickers.finish import finish
from coach.stickers.gate import Violation, check
from coach.stickers.order import spec_of
from coach.stickers.spec import JobSpec
from coach.store import SpecRow, Store, Version, blob_key
from coach.studio._derived import here_since, keep
from coach.studio.provenance import Signer

AT_ONCE = 2
"""How many are finished at the same time: each takes up to 150 MB."""


@dataclass(frozen=True, kw_only=True)
class Sticker:
    """What became of a picture.

    Attributes:
        blob: Where the sticker is; ``None``: the picture is none that a sticker can be made of.
        violations: What is wrong with it; nothing: it is as its spec asks.
    """

    version: Version
    blob: str | None
    violations: tuple[Violation, ...]


class Finisher:
    """Makes stickers of pictures, off the event loop. A sticker can be made again: it is no row.

    Args:
        store: Where pictures are.
        signer: Signs a C2PA manifest into each; ``None``: they carry the IPTC mark alone.
    """

    def __init__(self, store: Store, signer: Signer | None) -> None:
        self._store, self._signer = store, signer
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def finish(self, row: SpecRow, version: Version) -> Sticker:
        """The sticker of a spec from one of its pictures. The same again gives the same.

        Raises:
            NotFound: The picture is gone.
            Erasing: The person is being erased, or was erased meanwhile.
        """
        store, user_id = self._store, row.user_id
        since = await here_since(store, user_id)
        async with self._turn:
            data = await store.blobs.get(version.blob)
            made, violations = await asyncio.to_thread(_finished, data, spec_of(row), self._signer)

        async def is_there() -> None:
            await store.versions.find(user_id, version.id)

        blob = None
        if made is not None:
            blob = blob_key(user_id, "derived", f"sticker-{version.id}-{row.hash[:16]}.png")
            await keep(store, user_id, blob, made, "image/png", since=since, still=is_there)
        return Sticker(version=version, blob=blob, violations=violations)


def better(one: Sticker, other: Sticker) -> Sticker:
    """Of two the one with fewer violations; the later one, when there are as many."""
    return one if _rank(one) < _rank(other) else other


def _rank(sticker: Sticker) -> tuple[bool, int]:
    return sticker.blob is None, len(sticker.violations)


def _finished(
    data: bytes, spec: JobSpec, signer: Signer | None
) -> tuple[bytes | None, tuple[Violation, ...]]:
    with TemporaryDirectory() as folder:
        picture, sticker = Path(folder, "picture"), Path(folder, "sticker.png")
        picture.write_bytes(data)
        try:
            finish(picture, spec, sticker, signer=signer)
        except InputRefused as refused:
            return None, (Violation(rule="unreadable", say=str(refused)),)
        return sticker.read_bytes(), check(sticker, spec)


def worth_another(violations: Sequence[Violation]) -> bool:
    """Whether another picture may do better: the words are drawn by us, the same every time."""
    return any(each.rule != "text" for each in violations)
