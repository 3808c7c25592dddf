"""The photo coach: looks once, before any money, and picks what is sent along."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from PIL import Image

from coach.errors import ConsentMissing, NotFound, PhotoRefused
from coach.faces import Embedding, Face, FaceModel, PhotoReport
from coach.store import Store
from coach.studio import photo as module
from coach.studio.photo import PhotoCoach, report_of
from tests.server._serve import until
from tests.store._images import quadrants, save
from tests.studio._faces import LIMITS

GOOD = PhotoReport(usable=True, reason="ok", say="Good.", quality=0.8, model="eyes 1")
BAD = PhotoReport(usable=False, reason="no_face", say="Take another one.", quality=0.0, model="eyes 1")


class Eyes:
    """A face model that is never asked: what it would find is given."""

    name = "eyes 1"
    limits = LIMITS

    def find(self, image: Image.Image) -> list[Face]:
        raise AssertionError

    def embed(self, image: Image.Image, face: Face) -> Embedding:
        raise AssertionError

    def distance(self, one: Embedding, other: Embedding) -> float:
        raise AssertionError


class Looks:
    """Stands in for :func:`coach.faces.look`; what it says depends on the photo's width."""

    def __init__(self, found: Mapping[int, PhotoReport]) -> None:
        self.found, self.looked = found, 0

    def __call__(self, model: FaceModel, photo: bytes) -> PhotoReport:
        self.looked += 1
        return replace(self.found[Image.open(io.BytesIO(photo)).width], model=model.name)


async def three(store: Store, widths: tuple[int, ...]) -> list[str]:
    """The ids of new photos of these widths; the first one is the primary one."""
    await store.consents.give("ann", statement="yes")
    uploads = [save(quadrants(size=(width, height)), "PNG") for height, width in enumerate(widths, 80)]
    return [(await store.photos.add("ann", upload)).id for upload in uploads]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """100 is good, 110 better, 120 shows no face."""
    fake = Looks({100: GOOD, 110: replace(GOOD, quality=0.9), 120: BAD})
    monkeypatch.setattr(module, "look", fake)
    return fake


async def test_a_photo_is_looked_at_once_for_each_model(store: Store, looks: Looks) -> None:
    [photo] = await three(store, (100,))
    coach = PhotoCoach(store, Eyes())

    assert await coach.look("ann", photo) == GOOD == await coach.look("ann", photo)
    assert looks.looked == 1
    assert report_of((await store.photos.get("ann", photo)).report) == GOOD

    newer = Eyes()
    newer.name = "eyes 2"
    assert (await PhotoCoach(store, newer).look("ann", photo)).model == "eyes 2"
    await store.photos.note_report("ann", photo, {"from": "another version"})
    await coach.look("ann", photo)
    assert looks.looked == 3
    with pytest.raises(NotFound):
        await coach.look("bob", photo)


async def test_however_many_ask_at_once_one_looks_and_goes_on_when_they_leave(
    store: Store, looks: Looks
) -> None:
    one, other = await three(store, (100, 110))
    coach, rows = PhotoCoach(store, Eyes()), await store.photos.list("ann")

    first = asyncio.create_task(coach.look("ann", one))
    others = [asyncio.create_task(coach.seen(rows)) for _ in range(20)]
    await until(lambda: bool(coach._looking))
    first.cancel()
    assert len({tuple(found) for found in await asyncio.gather(*others)}) == 1
    assert (looks.looked, coach._looking) == (2, {})
    await coach.seen(rows)  # as they were read before anybody looked
    assert looks.looked == 2 and one != other


async def test_the_primary_photo_comes_first_while_it_serves(store: Store, looks: Looks) -> None:
    good, bad, better = await three(store, (100, 120, 110))
    coach = PhotoCoach(store, Eyes())

    assert [photo.id for photo in await coach.references("ann", 3)] == [good, better]
    assert [photo.id for photo in await coach.references("ann", 1)] == [good]
    await store.photos.make_primary("ann", bad)
    assert [photo.id for photo in await coach.references("ann", 3)] == [better, good]


async def test_without_a_photo_that_serves_it_is_refused_unless_the_person_wants_it_so(
    store: Store, looks: Looks
) -> None:
    coach = PhotoCoach(store, Eyes())
    with pytest.raises(PhotoRefused, match="no photo yet") as none:
        await coach.references("ann", 3, anyway=True)
    [bad] = await three(store, (120,))
    with pytest.raises(PhotoRefused, match="Take another one") as refused:
        await coach.references("ann", 3)

    assert (none.value.code, refused.value.code) == ("no_photo", "no_face")
    assert [photo.id for photo in await coach.references("ann", 3, anyway=True)] == [bad]


async def test_without_a_model_every_photo_serves_and_nothing_is_read(store: Store) -> None:
    [first, second] = await three(store, (100, 120))
    for photo in await store.photos.list("ann"):
        await store.blobs.delete(photo.blob)

    coach = PhotoCoach(store, None)

    assert (await coach.look("ann", first)).reason == "not_looked"
    assert [photo.id for photo in await coach.references("ann", 5)] == [first, second]
    assert (await store.photos.get("ann", first)).report is None


async def test_for_a_prompt_nobody_looks_twice_and_no_failure_is_an_error(
    store: Store, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, good, _ = await three(store, (110, 100, 120))
    coach = PhotoCoach(store, Eyes())
    await store.blobs.delete((await store.photos.get("ann", gone)).blob)
    for _ in range(2):
        assert await coach.seen(await store.photos.list("ann")) == [None, GOOD, BAD]
    assert looks.looked == 2
    assert await PhotoCoach(store, None).seen([await store.photos.get("ann", gone)]) == [None]
    # What is known is said also after consent was taken back; there is nothing more to look at then.
    known = await store.photos.list("ann")
    await store.consents.revoke("ann")
    assert await coach.seen(known) == [None, GOOD, BAD]

    monkeypatch.setattr(module, "PATIENCE", 0.0)
    assert await coach.seen([replace(known[1], report=None)]) == [None]
    assert good == known[1].id and looks.looked == 2


async def test_a_look_that_takes_too_long_is_made_another_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photo,) = await three(store, (120,))
    coach = PhotoCoach(store, Eyes())

    async def hangs(*_: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(module, "ONE_LOOK", 0.01)
        patch.setattr(module, "off_loop", hangs)
        assert (await coach.look("ann", photo)).reason == "not_looked"
        assert [each.id for each in await coach.references("ann", 1)] == [photo]
    monkeypatch.setattr(module, "look", Looks({120: BAD}))
    assert await coach.look("ann", photo) == BAD


async def test_without_consent_nobody_looks(store: Store, looks: Looks) -> None:
    photo = await store.photos.add("ann", save(quadrants(size=(100, 80)), "PNG"))
    coach = PhotoCoach(store, Eyes())
    for looking in (coach.look("ann", photo.id), coach.references("ann", 1)):
        with pytest.raises(ConsentMissing):
            await looking
    assert looks.looked == 0
