"""Blobs in a folder: readable by this user only, there after a power cut, never half there."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from operator import attrgetter
from pathlib import Path

from coach._durable import code_of, private, sync
from coach.errors import StoreUnavailable
from coach.store.blobs._key import check_key, check_owner, check_prefix, missing
from coach.store.blobs._look import Emptied, Stored

_INCOMING = ".incoming"
"""Where files are written before they get their name, as ``<owner>.<anything>``."""


class FolderBlobs:
    """A :class:`~coach.store.blobs.Blobs` in a folder, made when needed. Files 0600, folders 0700."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder).absolute()

    def path(self, key: str) -> Path:
        """Where the file of a key is, or would be.

        Raises:
            ValueError: It is not a blob key.
        """
        return self._folder / check_key(key)

    async def put(self, key: str, data: bytes | Path, media_type: str) -> None:
        """See :class:`~coach.store.blobs.Blobs`. The folder does not keep the media type."""
        await asyncio.to_thread(self._put, self.path(key), data)

    async def get(self, key: str, first: int | None = None) -> bytes:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            try:
                return await asyncio.to_thread(_read, self.path(key), first)
            except FileNotFoundError:
                raise missing(key) from None

    async def exists(self, key: str) -> bool:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            return await asyncio.to_thread(self.path(key).is_file)

    async def delete(self, key: str) -> None:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            await asyncio.to_thread(self._delete, self.path(key))

    async def list(self, prefix: str = "") -> Sequence[str]:
        """See :class:`~coach.store.blobs.Blobs`."""
        return [blob.key for blob in await self.look(prefix)]

    async def look(self, prefix: str = "") -> Sequence[Stored]:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            return await asyncio.to_thread(self._look, check_prefix(prefix))

    async def empty(self, owner: str) -> Emptied:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            return await asyncio.to_thread(self._empty, check_owner(owner))

    async def unfinished(self, before: datetime, *, remove: bool) -> int:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            return await asyncio.to_thread(self._unfinished, "*", before, remove=remove)

    async def link(self, key: str, seconds: int) -> str:
        """The file's ``file://`` address; only who may read the folder can follow it."""
        return self.path(key).as_uri()

    def _put(self, path: Path, data: bytes | Path) -> None:
        with data.open("rb") if isinstance(data, Path) else BytesIO(data) as source, _using():
            _make(path.parent)
            incoming = self._folder / _INCOMING
            _make(incoming)
            temporary = incoming / f"{path.parent.parent.name}.{uuid.uuid4().hex}"
            # An unfinished picture is worth nothing after a power cut: the finished one has replaced it.
            lasting = path.parent.name != "previews"
            try:
                if not _linked(data, temporary):
                    with open(temporary, "xb", opener=private) as file:
                        shutil.copyfileobj(source, file)
                if lasting:
                    sync(temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            if lasting:
                sync(path.parent)

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        if path.parent.exists():
            sync(path.parent)

    def _look(self, prefix: str) -> Sequence[Stored]:
        found = []
        walked = os.walk(self._folder / prefix, onerror=_unless_gone)
        for path in (Path(top, name) for top, _, names in walked for name in names):
            key = path.relative_to(self._folder)
            if key.parts[0] == _INCOMING or not path.is_file():
                continue
            with suppress(FileNotFoundError):  # deleted meanwhile
                facts = path.stat()
                put_at = datetime.fromtimestamp(facts.st_mtime, UTC)
                found.append(Stored(key=key.as_posix(), size=facts.st_size, put_at=put_at))
        return sorted(found, key=attrgetter("key"))

    def _empty(self, owner: str) -> Emptied:
        # What is on its way loses its file first: then it cannot come to have a name.
        unfinished = self._unfinished(f"{owner}.*", None, remove=True)
        blobs = self._look(f"{owner}/")
        folder = self._folder / owner
        while folder.exists():
            try:
                shutil.rmtree(folder)
            except OSError as error:
                # Somebody else has emptied it too, or put something meanwhile.
                if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                    raise
        if blobs:
            sync(self._folder)
        return Emptied(blobs=tuple(blobs), unfinished=unfinished)

    def _unfinished(self, names: str, before: datetime | None, *, remove: bool) -> int:
        count = 0
        for path in (self._folder / _INCOMING).glob(names):
            with suppress(FileNotFoundError):  # it has just ended
                if before is None or path.stat().st_mtime < before.timestamp():
                    if remove:
                        path.unlink()
                    count += 1
        return count


@contextmanager
def _using() -> Iterator[None]:
    """What the folder's own trouble becomes."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"The folder for photos and pictures cannot be used now ({code_of(error)}). "
            "Look whether it can be written and has room, then try again."
        ) from error


def _read(path: Path, first: int | None) -> bytes:
    with path.open("rb") as file:
        return file.read(first)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _linked(data: bytes | Path, name: Path) -> bool:
    """Give a file a second name instead of copying it; not possible from another disk, or everywhere."""
    if not isinstance(data, Path) or data.is_symlink():
        return False
    try:
        data.chmod(0o600)
        name.hardlink_to(data)
    except OSError:
        return False
    return True


def _make(folder: Path) -> None:
    """Make a folder and those above it, so that they are still there after a power cut."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)
