"""What lies in the wrong place is found and removed; what somebody may be at work on is let be."""

import os
import time
import uuid
from pathlib import Path

from sqlalchemy import update

from coach.store import FolderBlobs, Store, blob_key
from coach.store.erase import begin
from coach.store.states import GenerationState
from coach.store.sweep import Retention
from coach.store.tables import people
from coach.studio import Generation, Spool
from coach.studio.ledger import Ledger
from coach.studio.sweep import finish_erasures, sweep
from tests.studio._rows import TODAY, add_in

ANN = "ann"
DAY = 24 * 3600


def aged(path: Path, seconds: float = 2 * DAY) -> Path:
    """The same file, last changed so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


async def put(store: Store, key: str, seconds: float = 2 * DAY) -> str:
    """A blob that was put so long ago; gives its key."""
    await store.blobs.put(key, b"bytes", "image/png")
    assert isinstance(store.blobs, FolderBlobs)
    aged(store.blobs.path(key), seconds)
    return key


async def ended_or_not(store: Store, state: GenerationState) -> Generation:
    """A picture that was asked for long ago and came so far."""
    id = str(uuid.uuid4())
    return await add_in(store.database, state, updated_at=TODAY, id=id, user_id=ANN, spool=f"{id}.part")


async def found(store: Store, *, fix: bool = False, spool: Spool | None = None, **days: float) -> set[str]:
    """What is found, or what is left of it, in words."""
    findings = await sweep(store, spool=spool, retention=Retention(**days), fix=fix)
    return {f"{each.what}: {each.where.rpartition('/')[2]}" for each in findings if not each.fixed}


async def test_all_is_well_with_what_belongs_together(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    photo = await store.photos.add(ANN, photo_bytes)
    await put(store, photo.blob)
    await put(store, blob_key(ANN, "derived", "sheet.png"))
    await store.blobs.put(blob_key(ANN, "photos", "just-now.jpg"), b"its row follows", "image/jpeg")
    (tmp_path / "blobs" / "not" / "ours").mkdir(parents=True)
    aged_file = tmp_path / "blobs" / "not" / "ours" / "file"
    aged_file.write_bytes(b"of another program")
    aged(aged_file)
    assert await found(store, spool=Spool(tmp_path / "spool")) == set()


async def test_blobs_without_a_row_go_and_rows_without_a_blob_stay(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    kept = await store.photos.add(ANN, photo_bytes)
    lost = await store.photos.add(ANN, photo_bytes)
    await store.blobs.delete(lost.blob)
    orphan = await put(store, blob_key(ANN, "photos", "orphan.jpg"))
    nobodys = await put(store, blob_key("gone", "derived", "sheet.png"))
    incoming = tmp_path / "blobs" / ".incoming" / "ann.1"
    incoming.write_bytes(b"half")
    aged(incoming)

    wrong = {"blob without a row: orphan.jpg", "blob without a row: sheet.png", "unfinished put: 1 of them"}
    missing = f"row without its blob: {lost.blob.rpartition('/')[2]}"
    assert await found(store) == {*wrong, missing}
    assert await found(store, fix=True) == {missing}
    assert await found(store) == {missing}
    assert not await store.blobs.exists(orphan) and not await store.blobs.exists(nobodys)
    assert await store.blobs.exists(kept.blob) and not incoming.exists()


async def test_nothing_is_removed_by_the_wrong_database(store: Store) -> None:
    key = await put(store, blob_key(ANN, "photos", "of-another-database.jpg"))
    assert await found(store, fix=True) == {"blob without a row: of-another-database.jpg"}
    assert await store.blobs.exists(key)


async def test_pictures_and_previews_go_when_theirs_has_ended(store: Store, photo_bytes: bytes) -> None:
    await store.photos.add(ANN, photo_bytes)
    rows = {}
    states: tuple[GenerationState, ...] = ("received", "failed")
    for state in states:
        row = await ended_or_not(store, state)
        rows[state] = row
        await put(store, blob_key(ANN, "pictures", f"{row.id}-0.png"))
        await put(store, blob_key(ANN, "previews", f"{row.id}-0.png"))
    ended = f"{rows['failed'].id}-0.png"
    assert await found(store, previews=7) == {f"blob without a row: {ended}"}
    assert await found(store, previews=1) == {f"blob without a row: {ended}", f"old preview: {ended}"}
    assert await found(store, previews=1, fix=True) == set()
    left = [key for key in await store.blobs.list(f"{ANN}/") if "/photos/" not in key]
    assert {key.rpartition("/")[2] for key in left} == {f"{rows['received'].id}-0.png"}


async def test_spool_files_go_when_nobody_needs_them(store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    evidence = await ended_or_not(store, "failed")
    open_end = await ended_or_not(store, "unknown")
    at_work = spool.open("at-work")
    names = [
        f"{evidence.id}.body",
        f"{evidence.id}.json",
        f"{open_end.id}.part",
        "nobodys.body",
        "stray.json",
    ]
    for name in names:
        aged(_written(spool.folder / name), 40 * DAY)
    aged(spool.folder / "at-work.part", 40 * DAY)
    _written(spool.folder / "young.body")
    spool.secret()

    with at_work:
        wrong = {"answer without a row: nobodys.body", "stray file: stray.json"}
        locked = "answer without a row: at-work.part"
        assert await found(store, spool=spool) == {*wrong, locked, f"old evidence: {evidence.id}.body"}
        assert await found(store, spool=spool, fix=True) == {locked}
    left = {path.name for path in spool.folder.iterdir()}
    assert left == {"secret", "young.body", "at-work.part", f"{open_end.id}.part"}
    assert (await Ledger(store.database).get(ANN, evidence.id)).spool is None
    aged(_written(spool.folder / "nobodys.body"))
    assert await found(store, spool=spool, fix=True, evidence=30) >= {"answer without a row: nobodys.body"}


def _written(path: Path) -> Path:
    path.write_bytes(b"{}")
    return path


async def test_an_erasure_whose_process_died_is_finished(store: Store) -> None:
    await store.notes.add(ANN, "a note")
    await begin(store.database, ANN)
    assert await found(store) == set() and await finish_erasures(store) == 0  # somebody may be waiting
    async with store.database.write() as connection:
        await connection.execute(update(people).values(erasing_at=TODAY))
    assert await found(store) == {"unfinished erasure: ann"}
    assert await finish_erasures(store) == 1
    assert await found(store) == set() and await store.notes.list(ANN) == []
