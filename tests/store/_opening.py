"""A process that waits for a line and opens a store: ``python -m tests.store._opening DATABASE BLOBS``."""

import asyncio
import sys

from coach.store import FolderBlobs, Store


async def main(database: str, blobs: str) -> None:
    """Open it, write and close it."""
    store = await Store.open(database, blobs=FolderBlobs(blobs))
    await store.people.ensure("anna")
    await store.close()


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    asyncio.run(main(*sys.argv[1:]))
