"""The spool: durable in the right order, locked while worked on, there after the process is gone."""

import asyncio
import errno
import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coach.studio import Spool
from coach.studio import spool as spool_module
from coach.studio.spool import Head
from tests._tree import ROOT

HEAD = Head(engine="gpt-image", media_type="application/json", request_id="req_1")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


async def test_what_is_committed_is_durable_before_it_gets_its_name(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def watched_fsync(descriptor: int) -> None:
        names = {path.stat().st_ino: path.name for path in [spool.folder, *spool.folder.iterdir()]}
        state = os.fstat(descriptor)
        size = state.st_size if stat.S_ISREG(state.st_mode) else "folder"
        done.append(f"fsync {names[state.st_ino]} {size}")
        fsync(descriptor)

    def watched_rename(source: Path, target: Path) -> None:
        done.append(f"rename {source.name} {target.name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "rename", watched_rename)
    monkeypatch.setattr(spool_module, "reached", done.append)
    with spool.open("g1") as file:
        file.note(HEAD)
        file.write(b"x" * 1000)
        await file.commit()
    head = (spool.folder / "g1.json").stat().st_size
    assert done == [
        "before_spool_sync",
        "fsync g1.part 1000",
        f"fsync g1.json {head}",
        "before_spool_rename",
        "rename g1.part g1.body",
        "after_spool_rename",
        "fsync spool folder",
    ]
    assert (spool.folder / "g1.body").read_bytes() == b"x" * 1000


def test_large_writes_end_at_multiples_whatever_the_pieces(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_GATHERED", 8)
    answer, sizes = bytes(range(100)), (3, 3, 3, 30, 1, 8, 16, 5, 31)
    with spool.open("g1") as file:
        at = 0
        for size in sizes:
            file.write(answer[at : at + size])
            at += size
            assert file.part.stat().st_size == at // 8 * 8
            if size == 30:
                file.flush()
                assert file.part.read_bytes() == answer[:at]
    taken = spool.claim("g1")
    assert taken is not None
    with taken:
        taken.write(answer[100 - 4 :])
        assert taken.part.stat().st_size == 104
        assert taken.part.read_bytes() == answer + answer[-4:]


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_GATHERED", 8)

    class Full(io.FileIO):
        taken = 0

        def write(self, data: Any, /) -> int:
            if self.taken == 1:
                self.taken = 2
                raise OSError(errno.ENOSPC, "No space left on device")
            self.taken += 1
            return super().write(data[:5])

    with spool.open("g1") as file, file._file:
        monkeypatch.setattr(file, "_file", Full(file.part, "ab"))
        with pytest.raises(OSError, match="No space"):
            file.write(b"0123456789abc")
        assert file.part.read_bytes() == b"01234"
    assert file.part.read_bytes() == b"0123456789abc"


async def test_what_was_written_is_there_for_whoever_takes_over(spool: Spool) -> None:
    with spool.open("g1") as file:
        file.note(HEAD)
        file.write(b"half of ")
    with pytest.raises(FileExistsError):
        spool.open("g1")
    taken = spool.claim("g1")
    assert taken is not None
    with taken:
        assert taken.head() == HEAD
        assert taken.arrived == taken.part
        taken.write(b"it")
        await taken.commit()
        assert taken.arrived == taken.body
    assert (spool.folder / "g1.body").read_bytes() == b"half of it"
    again = spool.claim("g1")
    assert again is not None
    with again:
        await again.commit()
        again.remove()
    assert spool.list() == [] and not spool.has("g1")


def test_one_at_a_time(spool: Spool) -> None:
    with spool.open("g1"):
        assert spool.claim("g1") is None
        assert spool.has("g1") and spool.list() == ["g1"]
    file = spool.claim("g1")
    assert file is not None
    with file:
        assert spool.claim("g1") is None
    assert spool.claim("g2") is None and not spool.has("g2")


def test_a_file_is_locked_before_another_process_can_see_it(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_process() -> str:
        command = [sys.executable, "-m", "tests.studio._thief", spool.folder, "g1"]
        return subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True).stdout

    def meanwhile(descriptor: int, how: int) -> None:
        seen.append(another_process())
        flock(descriptor, how)
        seen.append(another_process())

    seen, flock = [], spool_module.flock
    monkeypatch.setattr(spool_module, "flock", meanwhile)
    with spool.open("g1") as file:
        file.write(b"what was paid for")
        seen.append(another_process())
    assert seen == ["[] left alone\n", "[] left alone\n", "['g1'] left alone\n"]
    assert file.part.read_bytes() == b"what was paid for"


def test_a_file_that_cannot_be_locked_is_not_used(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(descriptor: int, how: int) -> None:
        raise BlockingIOError

    monkeypatch.setattr(spool_module, "flock", taken)
    with pytest.raises(BlockingIOError, match="locked"):
        spool.open("g1")
    assert list(spool.folder.iterdir()) == []


def test_only_files_are_listed(spool: Spool) -> None:
    (spool.folder / "g1.body").mkdir()
    (spool.folder / "g2.new").touch()
    assert spool.list() == []


async def test_a_commit_goes_to_the_end_when_cancelled(spool: Spool) -> None:
    with spool.open("g1") as file:
        file.write(b"x" * 5_000_000)
        work = asyncio.create_task(file.commit())
        await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert (spool.folder / "g1.body").stat().st_size == 5_000_000


async def test_nothing_of_a_removed_generation_stays_and_the_answer_goes_last(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlinked: list[str] = []
    unlink = os.unlink

    def watched(path: Path) -> None:
        unlink(path)
        unlinked.append(path.name)

    others = [spool.folder / "g10.body", spool.folder / "g10.picture.0"]
    for path in others:
        path.touch()
    with spool.open("g1") as file:
        file.note(HEAD)
        file.write(b"x")
        await file.commit()
        for ending in ("preview", "picture.0", "picture.1", "picture.plain"):
            (spool.folder / f"g1.{ending}").touch()
        monkeypatch.setattr(os, "unlink", watched)
        file.remove()
    assert sorted(spool.folder.iterdir()) == others
    assert len(unlinked) == 6 and unlinked[-1] == "g1.body", "after a crash in between it is found again"


def test_nothing_that_arrived_is_not_there(spool: Spool) -> None:
    with spool.open("g1") as file:
        assert file.arrived is None and file.head() is None
        (spool.folder / "g1.json").write_text('{"engine": "gpt')
        assert file.head() is None, "the process died while writing it"


def test_nobody_else_can_read_it(spool: Spool) -> None:
    spool.secret()
    with spool.open("g1") as file:
        file.note(HEAD)
        file.write(b"x")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [spool.folder, *spool.folder.iterdir()]}
    assert modes == {"spool": 0o700, "g1.part": 0o600, "g1.json": 0o600, "secret": 0o600}


def test_the_secret_stays_the_same(spool: Spool) -> None:
    secret = spool.secret()
    assert len(secret) == 32
    assert Spool(spool.folder).secret() == secret
    assert Spool(spool.folder.with_name("other")).secret() != secret
