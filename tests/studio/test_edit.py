"""One function for every way of making a picture, against the sandbox over HTTP."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openai import AsyncOpenAI
from PIL import Image

from coach import Context, Edited, Reference, edit_image
from coach.errors import Conflict, ConsentMissing, InputRefused, NotFound, PhotoRefused
from coach.events import Event, Preview
from coach.sandbox import Sandbox
from coach.sandbox.log import Received
from coach.store import Store
from coach.store.blobs import owner_of
from coach.store.export import export
from coach.studio import Capabilities, GptImageEngine, Spool, Studio
from coach.studio.uploads import add_upload, read_upload
from tests.store._images import quadrants, save
from tests.studio._drawn import encoded, holed, opened
from tests.studio._faces import mirror
from tests.studio._workshop import ANA
from tests.studio.test_uploads import logo

TODAY = date(2026, 11, 30)
SUNBURST = "gpt-image-2.5-sunburst"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(today=TODAY, quick=True) as running:
        yield running


@dataclass(kw_only=True)
class Bench:
    """Ana, who has agreed, and a studio on the sandbox."""

    store: Store
    sandbox: Sandbox
    client: AsyncOpenAI
    spool: Spool
    events: list[Event]

    async def edit(self, prompt: str = "A hat", *, call: str = "call_1", **words: Any) -> Edited:
        async def emit(event: Event) -> None:
            self.events.append(event)

        studio = words.pop("studio", None) or self.studio()
        ctx = Context(user_id=ANA, call_id=call, emit=emit)
        return await edit_image(studio, self.store, ctx, prompt=prompt, **words)

    def studio(self, **options: Any) -> Studio:
        engine = GptImageEngine(self.client)
        return Studio(store=self.store, engine=engine, spool=self.spool, today=lambda: TODAY, **options)

    @property
    def asked(self) -> list[Received]:
        return self.sandbox.log

    async def kept(self) -> list[str]:
        return [key.partition("/")[2] for key in await self.store.blobs.list(f"{owner_of(ANA)}/")]


@pytest.fixture
async def bench(store: Store, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Bench]:
    await store.consents.give(ANA, statement="yes")
    async with AsyncOpenAI(api_key=sandbox.api_key, base_url=sandbox.base_url) as client:
        spool = Spool(tmp_path / "spool")
        yield Bench(store=store, sandbox=sandbox, client=client, spool=spool, events=[])


def room(size: tuple[int, int] = (1200, 800)) -> bytes:
    return save(quadrants(size=size), "PNG")


async def test_words_alone_make_a_picture_in_the_workshop_as_it_was_asked_for(bench: Bench) -> None:
    made = await bench.edit(
        size="1536x1024", quality="low", output_format="jpeg", output_compression=60, n=2, moderation="auto"
    )
    assert (made.mode, made.model, made.repairs) == ("generate", SUNBURST, ())
    assert made.why == (
        "No picture was given, so it is made from the words alone.",
        f"{SUNBURST} makes it, 1536x1024, in low quality, as jpeg.",
    )
    place = await bench.store.identities.workshop(ANA)
    assert [(each.handle, each.identity_id) for each in made.versions] == [("v1", place.id), ("v2", place.id)]
    for version in made.versions:
        assert (version.media_type, version.width, version.height) == ("image/jpeg", 1536, 1024)
        assert version.blob.endswith(".jpg")
        assert opened(await bench.store.versions.bytes(ANA, version.id)).format == "JPEG"
    sent = bench.asked[-1]
    assert sent.params["output_compression"] == 60 and "moderation" not in sent.params
    assert made.actual_micros == sent.micros


async def test_what_is_left_open_is_chosen_and_said_with_the_reason(bench: Bench) -> None:
    made = await bench.edit(images=[room()])
    assert (made.mode, made.operation) == ("edit", "edit")
    assert made.why == (
        "One picture was given, so that is changed.",
        f"{SUNBURST} makes it, 1536x1024, in high quality, as png.",
        "The quality was left open; high is used, as it is a final picture.",
        "The size was left open; 1536x1024 is used, as it is to be landscape.",
        "Of the shapes it makes, landscape comes nearest to the first picture's.",
    )
    params = bench.asked[-1].params
    assert (params["size"], params["quality"]) == ("1536x1024", "high")
    sizes = {(600, 800): "1024x1536", (1000, 1100): "1024x1024"}
    for call, (size, chosen) in enumerate(sizes.items(), 2):
        await bench.edit(images=[room(size)], quality="low", call=f"call_{call}")
        assert bench.asked[-1].params["size"] == chosen


async def test_several_pictures_go_along_in_their_order_and_faces_are_kept(bench: Bench) -> None:
    kept = await add_upload(bench.store, ANA, logo())
    made = await bench.edit(images=[room(), kept, logo((40, 30))], quality="low", keep_faces=True)
    assert made.mode == "compose" and "3 pictures were given" in made.why[0]
    assert f"{SUNBURST} keeps faces and fine details by itself; it has no setting for that." in made.why
    assert made.say_likeness == "Likeness was not measured."
    sent, shown = bench.asked[-1], (await bench.store.versions.list(ANA, made.versions[0].identity_id))[0]
    assert len(sent.images) == 3 and sent.images[1] == kept.id and "input_fidelity" not in sent.params
    last = await read_upload(bench.store, ANA, sent.images[2])
    assert (last.width, last.height) == (40, 30)

    again = await bench.edit(
        images=[Reference(kind="version", id=shown.id)],
        quality="low",
        keep_faces=True,
        studio=bench.studio(model="gpt-image-1.5"),
        call="call_2",
    )
    assert again.mode == "edit" and again.versions[0].parent_id == shown.id
    assert bench.asked[-1].params["input_fidelity"] == "high"
    assert again.why[-1] == "Faces and fine details are asked to be kept, by a high input fidelity."


@pytest.mark.parametrize("form", ["png", "webp"])
async def test_a_transparent_background_takes_a_model_and_a_format_that_can(bench: Bench, form: str) -> None:
    made = await bench.edit("A sticker", background="transparent", output_format=form, quality="low")
    assert made.model == "gpt-image-2" and made.versions[0].media_type == f"image/{form}"
    assert (
        {
            f"{SUNBURST} is not known to draw a transparent background; gpt-image-2 is used instead.",
            "On gpt-image-2 a transparent background is a preview; it may refuse.",
        }
        < set(made.repairs)
        < set(made.why)
    )
    picture = opened(await bench.store.versions.bytes(ANA, made.versions[0].id))
    assert picture.getchannel("A").getpixel((5, 5)) == 0


@pytest.mark.parametrize(("form", "media_type"), [(None, "image/png"), ("webp", "image/webp")])
async def test_a_mask_changes_a_part_and_the_rest_stays(
    bench: Bench, form: str | None, media_type: str
) -> None:
    hole = holed((3000, 1500), (0, 0, 1000, 1500))
    made = await bench.edit(images=[room((3000, 1500))], mask=hole, quality="low", output_format=form)
    [version] = made.versions
    assert made.mode == "inpaint" and "only what it marks is changed" in made.why[0]
    assert (version.media_type, version.width, version.height) == (media_type, 2048, 1024)
    assert version.provider_blob is not None
    picture = opened(await bench.store.versions.bytes(ANA, version.id)).convert("RGB")
    assert near(picture, (1500, 300), (0, 255, 0)) and not near(picture, (300, 300), (255, 0, 0))


def near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(one - other) < 30 for one, other in zip(found, colour, strict=True))


async def test_the_same_key_gives_the_same_answer_also_when_the_agreement_is_gone(bench: Bench) -> None:
    given: dict[str, Any] = {"images": [room()], "quality": "low", "key": "k"}
    made = await bench.edit(**given)
    before = len(bench.asked)
    assert await bench.edit(**given, call="call_2") == made
    with pytest.raises(Conflict, match="another picture"):
        await bench.edit("A cap", **given)
    await bench.store.consents.revoke(ANA)
    assert await bench.edit(**given) == made
    assert len(bench.asked) == before
    assert [key for key in await bench.kept() if "upload" in key] == [], "asking again keeps nothing again"


WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "prompt": ({"prompt": ""}, ("1 to 32000 characters",)),
    "size": ({"size": "512x512"}, ("auto", *Capabilities.load().model(SUNBURST).output_tokens["high"])),
    "quality": ({"quality": ""}, ("auto", "low", "medium", "high", "xhigh", "max")),
    "background": ({"background": "clear"}, ("auto", "opaque", "transparent")),
    "output_format": ({"output_format": "gif"}, ("jpeg", "webp", "png")),
    "output_compression": ({"output_format": "webp", "output_compression": 101}, ("0 to 100",)),
    "moderation": ({"moderation": "low"}, ("auto",)),
    "n": ({"n": 11}, ("1 to 10",)),
    "partial_images": ({"partial_images": 1, "n": 2}, ("0",)),
    "image": ({"images": [b""] * 17}, ("0 to 16",)),
    "mask": ({"mask": encoded()}, ()),
    "image[1]": ({"images": [room(), Reference(kind="mask", id="0")]}, ("photo", "version", "upload")),
}


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("field", WRONG)
async def test_a_wrong_value_is_refused_by_name_and_leaves_nothing_behind(bench: Bench, field: str) -> None:
    words, allowed = WRONG[field]
    before = len(bench.asked)
    with pytest.raises(InputRefused) as caught:
        await bench.edit(**{"images": [room()], **words})
    assert (caught.value.field, caught.value.allowed) == (field, allowed)
    assert await bench.kept() == [] and len(bench.asked) == before


async def test_pictures_that_cannot_be_used_are_named_and_those_of_others_are_not_there(bench: Bench) -> None:
    for images, field in (([b"no"], "image"), ([room(), b"no"], "image[1]")):
        with pytest.raises(PhotoRefused) as caught:
            await bench.edit(images=images)
        assert (caught.value.code, caught.value.field) == ("not_an_image", field)
    theirs = await add_upload(bench.store, "bob", logo())
    for images in ([theirs], [room(), theirs]):
        with pytest.raises(NotFound):
            await bench.edit(images=images)
    with pytest.raises(InputRefused, match="A mask needs a picture to change") as refused:
        await bench.edit(mask=holed((8, 8), (0, 0, 2, 2)))
    assert (refused.value.field, refused.value.allowed) == ("image", ("1 to 16",))
    with pytest.raises(NotFound):
        await bench.edit(identity_id="i1")


async def test_without_an_agreement_nothing_is_kept_or_sent_and_words_go_on(bench: Bench) -> None:
    await bench.store.consents.revoke(ANA)
    before = len(bench.asked)
    with pytest.raises(ConsentMissing):
        await bench.edit(images=[room()])
    assert await bench.kept() == [] and len(bench.asked) == before
    assert (await bench.edit(quality="low", call="call_2")).mode == "generate"


async def test_less_moderation_previews_an_identity_and_the_export(bench: Bench, tmp_path: Path) -> None:
    identity = await bench.store.identities.add(ANA, "Baker")
    lenient = bench.studio(low_moderation=True)
    words = {"moderation": "low", "quality": "low", "partial_images": 3}
    made = await bench.edit(identity_id="i1", studio=lenient, images=[room()], **words)
    assert made.versions[0].identity_id == identity.id
    assert bench.asked[-1].params["moderation"] == "low"
    assert any(isinstance(event, Preview) for event in bench.events)
    assert bench.asked[-1].params["partial_images"] == 3
    await bench.edit(quality="low", call="call_2")
    done = await export(bench.store, ANA, tmp_path / "zip.zip")
    assert done.missing == ()
    with ZipFile(tmp_path / "zip.zip") as zipped:
        assert {"pictures/i1/v1.png", "pictures/workshop/v1.png"} <= set(zipped.namelist())


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_face_of_their_photo_is_compared_and_asked_for_once_more(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, _):
        photo = Reference(kind="photo", id=w.photo.id)
        words: dict[str, Any] = {"images": [photo, logo()], "keep_faces": True, "partial_images": 1}
        made = await edit_image(w.studio, store, w.context(), prompt="With this on the shirt", **words)
        assert made.second_try and len(w.upstream.asked) == 2
        assert made.judgements[made.versions[0].id].likeness == "strong"
        assert made.quote_micros is not None and made.mode == "compose"
