"""What can go wrong in the exchange: each has its name, says what is known of the money, loses nothing."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from coach.errors import Conflict
from coach.stickers.outcome import Failed, Image, Spec
from coach.store import Store, owner_of
from coach.studio import Budgets
from coach.studio.capabilities import Capabilities
from tests.stickers._shop import HODL, NOW, context, draws, shop
from tests.studio._service import answer, breaks, error, says
from tests.studio._workshop import ANA

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


async def test_without_the_persons_yes_nothing_is_fetched_read_or_sent(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        for fields in ({}, {"url": None, "base_image_ref": "photo"}):
            refused = await s.spec(user_id="ben", **fields)
            assert isinstance(refused, Failed) and (refused.code, refused.paid) == ("consent_missing", None)
        assert s.site.asked == [] and s.posts == 0
        await s.spec()
        await store.consents.revoke(ANA)
        revoked = await s.ask(NOW, url=None, spec_hash=(await s.stickers.specs.get(ANA, "s1")).hash)
        assert isinstance(revoked, Failed) and revoked.code == "consent_missing"
        await store.consents.give(ANA, statement="yes")
        # The picture went with the agreement.
        gone = await s.ask(NOW, url=None, spec_hash=(await s.stickers.specs.get(ANA, "s1")).hash)
        assert isinstance(gone, Failed) and gone.code == "not_found" and s.posts == 0


async def test_a_yes_that_is_taken_back_while_the_picture_is_fetched_leaves_none_of_it(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        fetched = s.site.replies[0]

        async def slowly(writer: asyncio.StreamWriter) -> None:
            await s.site.go_on.wait()
            await fetched(writer)

        s.site.replies = [slowly]
        work = asyncio.create_task(s.spec())
        await s.site.arrived.wait()
        await store.consents.revoke(ANA)
        s.site.go_on.set()
        refused = await work
        assert isinstance(refused, Failed) and refused.code == "consent_missing"
        kept = await store.blobs.look(f"{owner_of(ANA)}/")
        assert await s.stickers.specs.list(ANA) == [] and not [each for each in kept if "upload-" in each]


async def test_a_link_that_gives_no_picture_is_told_as_what_it_is(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        s.site.replies = [says(b"", status=404)]
        told = (await s.spec()).to_dict()
        assert (told["code"], told["reason"]) == ("fetch_refused", "status") and "secret" not in str(told)
        for reply, code in ((says(b"<html>"), "not_an_image"), (says(b""), "empty")):
            s.site.replies = [reply]
            assert (await s.spec()).to_dict()["code"] == code
        for link, code in (
            ("http://127.0.0.1/a.png", "forbidden_address"),
            ("https://169.254.169.254/latest", "forbidden_address"),
            ("file:///etc/passwd", "bad_url"),
        ):
            told = (await s.spec(url=link)).to_dict()
            assert (told["code"], told["reason"]) == ("fetch_refused", code)
        broken = await s.spec(url=None, base_image="data:image/png;base64,????")
        assert isinstance(broken, Failed) and broken.code == "no_file"
        assert s.posts == 0 and await s.stickers.specs.list(ANA) == []


async def test_what_was_refused_unpaid_can_be_ordered_again(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    blocked = says(error("moderation_blocked"), status=400)
    async with shop(store, tmp_path, photo_bytes, blocked, *draws("navy")) as s:
        await s.spec()
        refused = await s.now()
        assert isinstance(refused, Failed) and (refused.code, refused.paid) == (
            "moderation_blocked",
            "unpaid",
        )
        assert isinstance(await s.now(), Image) and s.posts == 2


async def test_what_may_have_been_paid_is_never_ordered_again(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, breaks, *draws("navy")) as s:
        await s.spec()
        for _ in range(3):
            doubt = await s.now()
            assert isinstance(doubt, Failed) and (doubt.code, doubt.paid) == ("connection_lost", "unknown")
        assert s.posts == 1


async def test_the_second_try_is_within_the_budget_or_there_is_none(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("", "navy")) as s:
        spec = await s.spec()
        assert isinstance(spec, Spec) and spec.row.quote_micros is not None
        most = Budgets.of_usd(person=Decimal(spec.row.quote_micros) / 2 / 1_000_000)
        by = s.other(s.w.new_studio(budgets=most))
        refused = await s.now(by=by)
        assert isinstance(refused, Failed) and refused.code == "gate_refused" and s.posts == 1
        poor = s.other(s.w.new_studio(budgets=Budgets.of_usd(person=Decimal("0.0001"))))
        other = await s.ask(NOW, by=poor, url=None, base_image_ref="photo", user_prompt=HODL)
        assert isinstance(other, Failed) and (other.code, other.paid) == ("budget_spent", "unpaid")


async def test_the_second_try_is_no_dearer_than_was_quoted_and_needs_the_picture_too(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("", "navy")) as s:
        cheap = s.other(s.w.new_studio(grade="draft"))
        spec = await s.spec(by=cheap)
        assert isinstance(spec, Spec) and spec.row.quote_micros is not None
        once = Budgets.of_usd(person=Decimal(spec.row.quote_micros) / 2 / 1_000_000)
        for by in (s.other(s.w.new_studio(grade="draft", budgets=once)), s.stickers, s.stickers):
            refused = await s.now(by=by)
            assert isinstance(refused, Failed) and refused.code == "gate_refused" and s.posts == 1
        await store.consents.revoke(ANA)
        refused = await s.ask(NOW, by=cheap, url=None, spec_hash=spec.row.hash)
        assert isinstance(refused, Failed) and refused.code == "gate_refused" and s.posts == 1
        await store.consents.give(ANA, statement="yes")
        again = await s.spec(by=cheap)
        assert isinstance(again, Spec) and again.row.hash == spec.row.hash
        assert isinstance(await s.now(by=cheap), Image) and s.posts == 2


async def test_a_second_try_that_comes_to_nothing_leaves_the_first_one(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws(""), breaks) as s:
        await s.spec()
        for _ in range(2):
            refused = await s.now()
            assert isinstance(refused, Failed) and refused.code == "gate_refused"
            assert refused.version is not None and refused.version.handle == "v1"
            assert "may have been charged" in refused.say and refused.cost_micros is None
        assert s.posts == 2


async def test_no_second_try_begins_when_too_little_time_is_left(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("", "navy")) as s:
        await s.spec()
        late = await s.now(by=s.other(second_try=0))
        assert isinstance(late, Failed) and late.code == "gate_refused" and s.posts == 1
        assert "no time left" in late.say and late.cost_micros
        image = await s.now()
        assert isinstance(image, Image) and (image.pictures, s.posts) == (2, 2)
        # One that is there is found, however late it is.
        again = await s.now(by=s.other(second_try=0))
        assert isinstance(again, Image) and again.blob == image.blob and s.posts == 2


async def test_what_became_dearer_is_quoted_anew_before_it_is_made(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        cheap = s.other(s.w.new_studio(grade="draft"))
        await s.spec(by=cheap)
        quoted = (await s.stickers.specs.get(ANA, "s1")).quote_micros
        with pytest.raises(Conflict, match="new quote"):
            await s.stickers.generate(context(), "s1")
        after = (await s.stickers.specs.get(ANA, "s1")).quote_micros
        assert quoted is not None and after is not None and after > quoted and s.posts == 0
        assert isinstance(await s.stickers.generate(context(), "s1"), Image)


async def test_what_became_dearer_is_quoted_anew_also_when_the_order_says_all_of_it(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        cheap = await s.spec(by=s.other(s.w.new_studio(grade="draft")))
        dear = await s.ask(NOW, user_prompt=HODL)
        assert isinstance(cheap, Spec) and isinstance(dear, Spec) and s.posts == 0
        assert dear.row.hash == cheap.row.hash
        assert (dear.row.quote_micros or 0) > (cheap.row.quote_micros or 0) > 0
        assert isinstance(await s.ask(NOW, user_prompt=HODL), Image) and s.posts == 1


async def test_cut_off_after_the_picture_came_it_is_kept_and_not_ordered_again(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        await s.spec()

        async def no_room(*_: object) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr(store.blobs, "put", no_room)
        lost = await s.now()
        assert isinstance(lost, Failed) and (lost.code, lost.paid) == ("not_kept", "paid")
        monkeypatch.undo()
        image = await s.now(by=s.other())
        assert isinstance(image, Image) and s.posts == 1


async def test_gone_before_it_was_sent_costs_nothing_and_after_that_it_arrives(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, breaks) as s:
        await s.spec()

        async def slowly(writer: asyncio.StreamWriter) -> None:
            await s.w.upstream.go_on.wait()
            await draws("navy")[0](writer)

        s.w.upstream.replies = [slowly]
        work = asyncio.create_task(s.now())
        await s.w.upstream.arrived.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        s.w.upstream.go_on.set()
        await s.w.at_rest()
        assert isinstance(await s.now(), Image) and s.posts == 1


async def test_a_sticker_whose_file_was_swept_is_made_again_for_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, *draws("navy")) as s:
        await s.spec()
        image = await s.now()
        assert isinstance(image, Image)
        before = await store.blobs.get(image.blob)
        await store.blobs.delete(image.blob)
        again = await s.now()
        assert isinstance(again, Image) and await store.blobs.get(again.blob) == before and s.posts == 1


async def test_an_empty_answer_is_an_error_that_says_it_was_paid(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with shop(store, tmp_path, photo_bytes, says(answer())) as s:
        await s.spec()
        refused = await s.now()
        assert isinstance(refused, Failed) and refused.code == "bad_answer" and refused.paid == "paid"


async def test_a_model_that_draws_a_ground_is_not_paid_for_what_can_be_no_sticker(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    table = Capabilities.load()
    opaque = {name: model.model_copy(update={"transparent": "no"}) for name, model in table.models.items()}
    async with shop(store, tmp_path, photo_bytes) as s:
        studio = s.w.new_studio(capabilities=table.model_copy(update={"models": opaque}))
        refused = await s.spec(by=s.other(studio))
        assert isinstance(refused, Failed) and (refused.code, refused.paid) == ("invalid_request", "unpaid")
        assert "transparent" in refused.say and s.posts == 0
