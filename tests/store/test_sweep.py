"""What lies in the wrong place is found and removed; what somebody may be at work on is let be."""

import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from coach.errors import StoreUnavailable
from coach.store import Store, blob_key
from coach.store import erase as erase_module
from coach.store import sweep as store_sweep
from coach.store.blobs import Emptied
from coach.store.erase import begin
from coach.store.states import GenerationState
from coach.store.tables import generations, people
from coach.studio import Generation, PictureRequest, Reference, Spool
from coach.studio import sweep as studio_sweep
from coach.studio.erase import erase
from coach.studio.ledger import Ledger
from coach.studio.masks import add_mask
from coach.studio.sweep import finish_erasures
from tests.store._aged import ANN, DAY, aged, found, named, put
from tests.studio._rows import TODAY, add_in


async def ended_or_not(store: Store, state: GenerationState) -> Generation:
    """A picture that was asked for long ago and came so far."""
    id = str(uuid.uuid4())
    return await add_in(store.database, state, updated_at=TODAY, id=id, user_id=ANN, spool=f"{id}.part")


async def test_all_is_well_with_what_belongs_together(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    photo = await store.photos.add(ANN, photo_bytes)
    await put(store, photo.blob)
    [sheet] = named("1", ending="-12ab.jpg")
    await put(store, blob_key(ANN, "derived", f"sheet-{sheet}"))
    [just_now] = named("2", ending=".jpg")
    await store.blobs.put(blob_key(ANN, "photos", just_now), b"its row follows", "image/jpeg")
    await put(store, "x/photos/thing.png", 90 * DAY)
    await put(store, "ann/pictures/of-another-program.png", 90 * DAY)
    (tmp_path / "blobs" / "not" / "ours").mkdir(parents=True)
    aged_file = tmp_path / "blobs" / "not" / "ours" / "file"
    aged_file.write_bytes(b"of another program")
    aged(aged_file)
    assert await found(store, spool=Spool(tmp_path / "spool")) == set()


async def test_blobs_without_a_row_go_and_rows_without_a_blob_stay(
    store: Store, tmp_path: Path, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    kept = await store.photos.add(ANN, photo_bytes)
    lost = await store.photos.add(ANN, other_photo_bytes)
    await store.blobs.delete(lost.blob)
    one, other, young = named("1", "2", "3", ending=".jpg")
    orphan = await put(store, blob_key(ANN, "photos", one), 31 * DAY)
    nobodys = await put(store, blob_key("gone", "photos", other), 31 * DAY)
    evidence = await put(store, blob_key("gone", "photos", young), 29 * DAY)
    incoming = tmp_path / "blobs" / ".incoming" / "ann.1"
    incoming.write_bytes(b"half")
    aged(incoming)

    wrong = {f"blob without a row: {one}", f"blob without a row: {other}", "unfinished put: 1 of them"}
    kept_on = {f"row without its blob: {lost.blob.rpartition('/')[2]}", f"blob without a row: {young}"}
    assert await found(store) == {*wrong, *kept_on}
    assert await found(store, fix=True) == kept_on
    assert await found(store) == kept_on and await store.blobs.exists(evidence)
    assert not await store.blobs.exists(orphan) and not await store.blobs.exists(nobodys)
    assert await store.blobs.exists(kept.blob) and not incoming.exists()


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
    assert await found(store, previews=1, evidence=1, fix=True) == set()
    left = [key for key in await store.blobs.list(f"{ANN}/") if "/photos/" not in key]
    assert {key.rpartition("/")[2] for key in left} == {f"{rows['received'].id}-0.png"}


async def test_sheets_go_after_their_days_and_masks_that_no_picture_was_asked_for_with(
    store: Store, photo_bytes: bytes
) -> None:
    photo = await store.photos.add(ANN, photo_bytes)
    of = Reference(kind="photo", id=photo.id)
    png = BytesIO()
    hole = Image.new("LA", (photo.width, photo.height), (0, 255))
    hole.putpixel((0, 0), (0, 0))
    hole.save(png, "PNG")
    mask = await add_mask(store, ANN, of, png.getvalue())
    row = await ended_or_not(store, "failed")
    asked = PictureRequest(prompt="A hat", references=(of,), mask=mask).model_dump(mode="json")
    async with store.database.write() as connection:
        mine = update(generations).where(generations.c.id == row.id)
        await connection.execute(mine.values(request=asked))
    used, old, new = (f"mask-{id}.png" for id in (mask.id, "b" * 64, "c" * 64))
    assert await store.blobs.list(f"{ANN}/derived/") == [blob_key(ANN, "derived", used)]
    one, other = named("1", "2", ending="-12ab.jpg")
    for name in (used, old, f"sheet-{one}", f"comparison-{one}"):
        await put(store, blob_key(ANN, "derived", name), 8 * DAY)
    for name in (new, f"sheet-{other}"):
        await put(store, blob_key(ANN, "derived", name), 6 * DAY)
    sheets = {f"old sheet: sheet-{one}", f"old sheet: comparison-{one}"}
    assert await found(store) == {*sheets, f"mask without a picture: {old}"}
    assert await found(store, fix=True) == set()
    left = {key.rpartition("/")[2] for key in await store.blobs.list(f"{ANN}/derived/")}
    assert left == {used, new, f"sheet-{other}"}


async def test_it_is_the_same_some_at_a_time(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (store_sweep, studio_sweep):
        monkeypatch.setattr(module, "AT_ONCE", 2)
    await store.photos.add(ANN, photo_bytes)
    spool = Spool(tmp_path / "spool")
    open_end, ended = await ended_or_not(store, "received"), await ended_or_not(store, "failed")
    ids = named("1", "2", "3", ending="")
    for id in (open_end.id, ended.id, *ids):
        await put(store, blob_key(ANN, "pictures", f"{id}-0.png"))
        aged(_written(spool.folder / f"{id}.json"), 40 * DAY)
    names = {f"blob without a row: {id}-0.png" for id in (ended.id, *ids)}
    files = {f"stray file: {id}.json" for id in ids} | {f"old evidence: {ended.id}.json"}
    assert await found(store, spool=spool) == names | files


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


async def test_files_that_go_meanwhile_are_let_be(store: Store, tmp_path: Path) -> None:
    # A name whose file is gone is what a worker beside us leaves to be seen for a moment.
    spool = Spool(tmp_path / "spool")
    for name in ("gone.body", "half.body"):
        (spool.folder / name).symlink_to(tmp_path / "nothing")
    aged(_written(spool.folder / "half.json"))
    (spool.folder / "x.body").mkdir()
    aged(spool.folder / "x.body", 60 * DAY)
    aged(_written(spool.folder / "*.json"))
    _written(spool.folder / "young.body")
    assert await found(store, spool=spool) == {"stray file: half.json", "stray file: *.json"}
    assert await found(store, spool=spool, fix=True) == set()
    assert spool.list() == ["young"]


async def test_one_that_cannot_be_finished_stops_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    empty = store.blobs.empty

    async def away_for_ann(owner: str) -> Emptied:
        if owner == ANN:
            raise StoreUnavailable(f"The folder of {owner} is away.")
        return await empty(owner)

    monkeypatch.setattr(store.blobs, "empty", away_for_ann)
    for user_id in (ANN, "ben"):
        await store.notes.add(user_id, "a note")
        await begin(store.database, user_id)
    async with store.database.write() as connection:
        await connection.execute(update(people).values(erasing_at=TODAY))
    assert await finish_erasures(store) == 1
    assert "1 erasure(s) could not be finished" in caplog.text and "StoreUnavailable" in caplog.text
    assert ANN not in caplog.text and "ben" not in caplog.text
    monkeypatch.undo()
    receipt = await erase(store, ANN)
    assert receipt.done and receipt.rows["notes"] == 1, "its rows went the first time"


async def test_an_erasure_whose_process_died_is_finished(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.notes.add(ANN, "a note")
    await begin(store.database, ANN)
    unfinished = {"unfinished erasure: ann"}
    assert await found(store) == await found(store, fix=True) == unfinished
    assert await finish_erasures(store) == 0, "somebody may be at work on it"
    monkeypatch.setattr(erase_module, "LEASE", timedelta(0))
    assert await found(store) == unfinished
    with caplog.at_level("INFO"):
        assert await finish_erasures(store) == 1
    [told] = caplog.records
    assert '"notes":1' in told.getMessage() and ANN not in told.getMessage()
    assert await found(store) == set() and await store.notes.list(ANN) == []
