"""A process that dies while it erases: ``python -m tests.store._eraser FOLDER STEP…``.

For each step it forks one that erases the person of ``FOLDER/STEP`` and dies there. Says how each ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from coach._reached import VARIABLE
from coach.store import FolderBlobs, Store
from coach.studio.erase import erase
from coach.studio.spool import Spool
from tests.store._canaries import USER


async def erase_all(home: Path) -> None:
    """Erase the person of a home."""
    store = await Store.open(f"sqlite:///{home}/coach.sqlite3", blobs=FolderBlobs(home / "blobs"))
    await erase(store, USER, spool=Spool(home / "spool"), patience=0)
    await store.close()


if __name__ == "__main__":
    for step in sys.argv[2:]:
        if not (child := os.fork()):
            os.environ[VARIABLE] = f"erase_{step}"
            asyncio.run(erase_all(Path(sys.argv[1]) / step))
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
