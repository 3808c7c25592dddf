"""A picture that does not look like the person is asked for once more, and the first is never lost by it."""

import asyncio
from pathlib import Path

import pytest

from coach.faces import face_model
from coach.store import Store
from coach.studio import Budgets, last_shown
from coach.studio.books import Books
from tests.studio._faces import DISTANCES, ScriptedFaces, mirror, portrait
from tests.studio._service import Reply, breaks, error, frames, one_by_one, says, streams
from tests.studio._workshop import ANA, Workshop, workshop

NOT_ALIKE = "It may not look like you yet: the face was compared with your photo and is not alike enough."
FAIR = "The face was compared with your photo: a fair likeness, so it may not look quite like you yet."
BETTER = "It was made twice, and this is the better of the two."


async def ends(w: Workshop) -> list[tuple[str, str | None]]:
    """The state and the error of everything that was asked for."""
    entries = await w.studio.generations(ANA, "talk")
    return [(entry.generation.state, entry.generation.error_code) for entry in entries]


async def test_a_picture_of_somebody_else_is_made_once_more_and_the_better_one_is_shown(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "gold", "lime") as (w, _):
        everybodys = await asyncio.gather(*(w.generate() for _ in range(5)))
        generated = everybodys[0]
        assert all(each == generated for each in everybodys)
        assert [found.likeness for found in generated.judgements.values()] == ["strong", "no"]
        assert [version.handle for version in generated.versions] == ["v2", "v1"]
        assert generated.second_try
        assert generated.say_likeness == f"The face was compared with your photo: a strong likeness. {BETTER}"
        assert "It does not look enough like you yet; trying once more" in w.told
        first, second = [entry.generation for entry in await w.studio.generations(ANA, "talk")]
        assert generated.generation_id == first.id and second.request_hash == first.request_hash
        assert first.quote_micros and first.actual_micros
        quoted = w.studio.quote(w.edit)
        assert (quoted.tries, quoted.micros) == (2, generated.quote_micros) == (2, 2 * first.quote_micros)
        assert generated.actual_micros == 2 * first.actual_micros
        assert await w.generate(studio=w.new_studio()) == generated
        assert len(w.upstream.asked) == 2
        assert await Books(store.database).differences() == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_the_installed_face_model_tells_a_stranger_from_the_person(
    store: Store, tmp_path: Path, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    replies = [streams(frames(final=picture)) for picture in (other_photo_bytes, photo_bytes)]
    async with workshop(store, tmp_path, photo_bytes, *replies) as w:
        generated = await w.generate(studio=w.new_studio(faces=face_model()))
        assert [found.likeness for found in generated.judgements.values()] == ["strong", "no"]
        assert await store.versions.bytes(ANA, generated.versions[0].id) == photo_bytes


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_of_two_that_are_not_alike_the_nearer_one_is_shown_and_it_is_said(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "maroon", "lime") as (w, _):
        generated = await w.generate()
        assert [found.distance for found in generated.judgements.values()] == [0.9, 0.95]
        assert generated.say_likeness == f"{NOT_ALIKE} {BETTER}"
        assert len(w.upstream.asked) == 2
        assert last_shown(await store.versions.tree(ANA, "i1")).handle == "v1"


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_the_person_asks_for_again_is_shown_although_the_first_was_nearer(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "maroon", second_try=0) as (w, _):
        for call in ("call_1", "call_2"):
            shown = (await w.generate(call=call)).versions[0]
        nodes = await store.versions.tree(ANA, "i1")
        assert last_shown(nodes).handle == shown.handle == "v2"
        assert nodes[0].made.request == nodes[1].made.request


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_another_skin_is_no_better_than_another_face(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    replies = [streams(frames(final=portrait(photo_bytes, "lime", light=light))) for light in (0.6, 0.6)]
    async with workshop(store, tmp_path, photo_bytes, *replies) as w:
        generated = await w.generate(studio=w.new_studio(faces=ScriptedFaces(DISTANCES)))
        assert [found.skin for found in generated.judgements.values()] == ["darker", "darker"]
        assert generated.say_likeness == (
            "It may not look like you yet: the face was compared with your photo; a strong likeness, "
            f"but the skin came out darker than there. {BETTER}"
        )


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(("colour", "within"), [("orange", 170.0), ("red", 0.0), ("red", 1e-9)])
async def test_no_second_try_when_it_is_fair_or_switched_off_or_too_late(
    store: Store, tmp_path: Path, photo_bytes: bytes, colour: str, within: float
) -> None:
    async with mirror(store, tmp_path, photo_bytes, colour, second_try=within) as (w, _):
        generated = await w.generate()
        assert not generated.second_try and len(w.upstream.asked) == 1
        assert generated.say_likeness == (NOT_ALIKE if colour == "red" else FAIR)
        assert w.studio.quote(w.edit).tries == (2 if within else 1)


LOST = "A second try did not arrive, and may have been charged."


@pytest.mark.parametrize(
    ("reply", "end", "said"),
    [
        (says(error("moderation_blocked"), status=400), ("refused", "moderation_blocked"), ""),
        (says(b"<html></html>"), ("failed", "bad_answer"), ""),
        (breaks, ("unknown", "connection_lost"), f" {LOST}"),
    ],
)
async def test_a_second_try_that_fails_leaves_the_first_picture(
    store: Store, tmp_path: Path, photo_bytes: bytes, reply: Reply, end: tuple[str, str], said: str
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, _):
        w.upstream.replies.insert(1, reply)
        generated = await w.generate(turn="t1")
        assert [version.handle for version in generated.versions] == ["v1"]
        assert await ends(w) == [("done", None), end]
        assert generated.second_try and generated.say_likeness == NOT_ALIKE + said
        assert (generated.actual_micros is None) == (end[0] != "refused")
        assert await w.generate(turn="t2") == generated and len(w.upstream.asked) == 2
        if end[0] == "unknown":
            assert (await w.refusal(call="call_2", turn="t1")).code == "in_doubt"


@pytest.mark.parametrize("limit", ["person", "day"])
async def test_a_second_try_is_made_only_within_the_budget(
    store: Store, tmp_path: Path, photo_bytes: bytes, limit: str
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime", budgets=Budgets(**{limit: 100_000})) as (
        w,
        _,
    ):
        generated = await w.generate(turn="t1")
        assert await ends(w) == [("done", None), ("refused", "budget_spent")]
        assert (generated.second_try, generated.say_likeness) == (False, NOT_ALIKE)
        assert generated.quote_micros == 59_578
        assert await w.generate(turn="t1") == generated and len(w.upstream.asked) == 1


class Died(BaseException):
    """The process, at that step."""


@pytest.mark.parametrize(
    ("step", "left", "said"),
    [
        ("before_intent", [("done", None)], ""),
        ("after_sending", [("done", None), ("unknown", "interrupted")], LOST),
    ],
)
async def test_a_process_that_dies_in_the_second_try_leaves_the_first_and_asks_for_no_third(
    store: Store,
    tmp_path: Path,
    photo_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    left: list[tuple[str, str | None]],
    said: str,
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, faces):
        with monkeypatch.context() as patch:
            passed = []

            def die(here: str) -> None:
                passed.append(here)
                if passed.count(step) == 2:
                    raise Died

            patch.setattr("coach.studio._generate.reached", die)
            with pytest.raises(Died):
                await w.generate()
        w.studio = w.new_studio(faces=faces)
        await w.studio.recover()
        generated = await w.generate()
        assert generated.say_likeness == f"{NOT_ALIKE} {said}".strip()
        assert await ends(w) == left and len(w.upstream.asked) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_caller_who_leaves_before_the_second_try_is_sent_stops_it(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, _):
        work = asyncio.create_task(w.generate())

        async def left() -> None:
            await w.until_told("trying once more")
            work.cancel()

        await asyncio.gather(left(), work, return_exceptions=True)
        await w.at_rest()
        assert [version.handle for version in (await w.generate()).versions] == ["v1"]
        assert len(w.upstream.asked) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_for_a_caller_who_left_while_the_first_was_out_there_is_no_second(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime") as (w, _):

        async def later(number: int) -> None:
            await w.upstream.go_on.wait()

        w.upstream.replies.insert(0, one_by_one(frames(final=portrait(photo_bytes, "red")), later))
        work = asyncio.create_task(w.generate())
        await w.upstream.arrived.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        w.upstream.go_on.set()
        await w.at_rest()
        assert (await w.generate()).say_likeness == NOT_ALIKE
        assert len(w.upstream.asked) == 1
