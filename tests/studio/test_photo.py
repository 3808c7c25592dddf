"""The photo coach: looks once, before any money, and picks what is sent along."""

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
from tests.store._images import quadrants, save

GOOD = PhotoReport(usable=True, reason="ok", say="Good.", quality=0.8, model="eyes 1")
BAD = PhotoReport(usable=False, reason="no_face", say="Take another one.", quality=0.0, model="eyes 1")


class Eyes:
    """A face model that is never asked: what it would find is given."""

    name = "eyes 1"

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
    return [(await store.photos.add("ann", save(quadrants(size=(width, 80)), "PNG"))).id for width in widths]


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


async def test_without_consent_nobody_looks(store: Store, looks: Looks) -> None:
    photo = await store.photos.add("ann", save(quadrants(size=(100, 80)), "PNG"))
    coach = PhotoCoach(store, Eyes())
    for looking in (coach.look("ann", photo.id), coach.references("ann", 1)):
        with pytest.raises(ConsentMissing):
            await looking
    assert looks.looked == 0
