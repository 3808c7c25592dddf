"""Blobs in a folder: readable by this user only, there after a power cut, never half there."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from coach._durable import code_of, private, sync
from coach.errors import StoreUnavailable
from coach.store.blobs._key import check_key, check_prefix, missing

_INCOMING = ".incoming"
"""Where files are written before they get their name; what a crash leaves there belongs to nobody."""


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

    async def get(self, key: str) -> bytes:
        """See :class:`~coach.store.blobs.Blobs`."""
        with _using():
            try:
                return await asyncio.to_thread(self.path(key).read_bytes)
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
        with _using():
            return await asyncio.to_thread(self._list, check_prefix(prefix))

    async def link(self, key: str, seconds: int) -> str:
        """The file's ``file://`` address; only who may read the folder can follow it."""
        return self.path(key).as_uri()

    def _put(self, path: Path, data: bytes | Path) -> None:
        with data.open("rb") if isinstance(data, Path) else BytesIO(data) as source, _using():
            _make(path.parent)
            incoming = self._folder / _INCOMING
            _make(incoming)
            temporary = incoming / uuid.uuid4().hex
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

    def _list(self, prefix: str) -> Sequence[str]:
        paths = (self._folder / prefix).rglob("*")
        keys = (path.relative_to(self._folder) for path in paths if path.is_file())
        return sorted(key.as_posix() for key in keys if key.parts[0] != _INCOMING)


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
