"""Answers as they arrive, on disk before anything else happens to them.

A generation has one file here from before it is sent until its pictures are stored: ``<id>.part`` while bytes
arrive, ``<id>.body`` once they are all there and durable, beside it ``<id>.json`` with what the headers said.
Until it is locked it is ``<id>.new``, which nobody looks for.
Whoever works on a generation holds a lock on its file. The system lets go of the lock when the process dies,
so a locked file is being worked on, and an unlocked one was left behind.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import secrets
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from glob import escape
from itertools import count
from pathlib import Path
from types import TracebackType

from coach._durable import private, sync
from coach._reached import reached
from coach.studio._finish import finish

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_NB, flock

_GATHERED = 128 * 1024
"""Bytes that go to the system at once: few large writes cost half of many small ones, and such a write takes
no longer than a hop to a thread. When each ends at a multiple of this, the system keeps the file in larger
pieces, which cost a fifth less to write and to sync."""

ROOM = 64 * 1024 * 1024
"""Bytes that must be free before a picture is asked for: what is paid for is to find a place."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the headers of an answer said."""

    engine: str
    media_type: str
    request_id: str | None


class SpoolFile:
    """One generation's file, locked. Use it as a context: leaving it unlocks the file and leaves it there."""

    def __init__(self, folder: Path, generation_id: str, descriptor: int) -> None:
        self.generation_id = generation_id
        self.part = folder / f"{generation_id}.part"
        self.body = folder / f"{generation_id}.body"
        self.decoded = folder / f"{generation_id}.picture"
        self._head = folder / f"{generation_id}.json"
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._gathered: list[bytes | memoryview] = []
        self._end = self._file.tell()

    def __enter__(self) -> SpoolFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What was not committed is kept as far as it came; a full disk must not hide why we are leaving.
        with self._file, suppress(OSError):
            self.flush()

    @property
    def arrived(self) -> Path | None:
        """Where the bytes are that arrived, all or some of them; ``None`` when none did."""
        self.flush()
        path = self.body if self.body.exists() else self.part
        return path if path.exists() and path.stat().st_size else None

    def note(self, head: Head) -> None:
        """Write down what the headers said."""
        with open(self._head, "w", encoding="utf-8", opener=private) as file:
            file.write(json.dumps(asdict(head)))

    def head(self) -> Head | None:
        """What the headers said, if they came."""
        try:
            return Head(**json.loads(self._head.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):  # not there, or the process died while writing it
            return None

    def write(self, chunk: bytes) -> None:
        """Add what arrived. Does not block for the disk."""
        before, self._end = self._end, self._end + len(chunk)
        if before // _GATHERED == self._end // _GATHERED:
            self._gathered.append(chunk)
            return
        view, whole = memoryview(chunk), len(chunk) - self._end % _GATHERED
        self._gathered.append(view[:whole])
        try:
            self.flush()
        finally:  # behind what a full disk did not take
            self._gathered.append(view[whole:])

    def restart(self) -> None:
        """Begin anew: what arrived so far is part of an answer that comes again as a whole."""
        self._gathered.clear()
        self._end = 0
        self._file.seek(0)
        self._file.truncate()

    def flush(self) -> None:
        """Let readers see all that was written."""
        data = b"".join(self._gathered)
        while data:
            self._gathered = [data]  # what a full disk does not take is tried again when the file is closed
            data = data[self._file.write(data) :]
        self._gathered.clear()

    async def commit(self) -> None:
        """All is there: make it durable, under its final name. Goes to the end even when cancelled."""
        await finish(asyncio.to_thread(self._commit))

    def _commit(self) -> None:
        self.flush()
        reached("before_spool_sync")
        os.fsync(self._file.fileno())
        if self._head.exists():
            sync(self._head)
        reached("before_spool_rename")
        if self.part.exists():
            self.part.rename(self.body)
        reached("after_spool_rename")
        sync(self.body.parent)

    def remove_decoded(self) -> None:
        """Delete the pictures that were decoded from the file, and keep the file."""
        for number in count():
            try:
                self.decoded.with_suffix(f".picture.{number}").unlink()
            except FileNotFoundError:
                break

    def remove(self) -> None:
        """Delete the generation's file, and before it what was decoded from it."""
        reached("before_spool_remove")
        self.remove_decoded()
        for ending in ("picture.plain", "preview", "json", "part", "body"):
            self.body.with_suffix(f".{ending}").unlink(missing_ok=True)


class Spool:
    """The folder of answers that are not put away yet. Keep it on a local disk, one for each machine.

    Args:
        folder: Made when it is missing, readable by its owner only.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder

    def open(self, generation_id: str) -> SpoolFile:
        """Begin a generation's file.

        Raises:
            OSError: The file cannot be made or locked, or there is no room for an answer.
        """
        if shutil.disk_usage(self.folder).free < ROOM:
            raise OSError(errno.ENOSPC, "no room for an answer")
        new = self.folder / f"{generation_id}.new"
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            if not _lock(descriptor):
                raise BlockingIOError(errno.EAGAIN, "somebody else has locked a file of ours")
            # Locked before others see it, or they could take it for one that was left behind.
            new.with_suffix(".part").hardlink_to(new)
        except OSError:
            os.close(descriptor)
            raise
        finally:
            new.unlink()
        return SpoolFile(self.folder, generation_id, descriptor)

    def claim(self, generation_id: str) -> SpoolFile | None:
        """Take over a file that was left behind; ``None`` when it is being worked on, or not here."""
        for ending in ("body", "part"):
            path = self.folder / f"{generation_id}.{ending}"
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            # While we waited for nothing at all, its worker may have finished: then the name is gone.
            if _lock(descriptor) and path.exists():
                return SpoolFile(self.folder, generation_id, descriptor)
            os.close(descriptor)
        return None

    def has(self, generation_id: str) -> bool:
        """Whether a generation's file is here."""
        return any((self.folder / f"{generation_id}.{ending}").exists() for ending in ("body", "part"))

    def holds(self, generation_id: str) -> bool:
        """Whether anything of a generation's answer is here: its file is made before the first byte comes."""
        paths = [self.folder / f"{generation_id}.{ending}" for ending in ("body", "part")]
        return any(path.exists() and path.stat().st_size for path in paths)

    def changed_since(self, generation_id: str, moment: datetime) -> bool:
        """Whether anything was written to a generation's file after that."""
        paths = [self.folder / f"{generation_id}.{ending}" for ending in ("body", "part")]
        return any(path.exists() and path.stat().st_mtime > moment.timestamp() for path in paths)

    def list(self) -> list[str]:
        """The generations whose files are here."""
        paths = (path for path in self.folder.iterdir() if path.suffix in (".body", ".part"))
        return sorted({path.stem for path in paths if path.is_file()})

    def erase(self, generation_id: str) -> tuple[int, int]:
        """Delete everything of a generation, whoever has it locked; says how many files, and their bytes.

        Whoever still writes has files without a name then, and keeps nothing.
        """
        files = size = 0
        # Somebody may have put a file or a folder of another name here, such as `*.json`.
        for path in filter(Path.is_file, self.folder.glob(f"{escape(generation_id)}.*")):
            with suppress(FileNotFoundError):
                length = path.stat().st_size
                path.unlink()
                files, size = files + 1, size + length
        if files:
            sync(self.folder)
        return files, size

    def secret(self) -> bytes:
        """32 random bytes that stay the same as long as the folder does."""
        path = self.folder / "secret"
        if not path.exists():
            made = self.folder / f"secret.{secrets.token_hex(8)}"
            made.touch(mode=0o600)
            made.write_bytes(secrets.token_bytes(32))
            # Another process may have been quicker; a link does not replace what is there.
            with suppress(FileExistsError):
                path.hardlink_to(made)
            made.unlink()
        return path.read_bytes()


def _lock(descriptor: int) -> bool:
    """Take the lock, or say that somebody else has it. Without locks (Windows) nobody ever has."""
    if sys.platform != "win32":
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
    return True
