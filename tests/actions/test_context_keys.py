"""The context keys of the reference coach: each called directly, on a real database."""

from __future__ import annotations

from dataclasses import asdict, replace

import coach
from coach.faces import PhotoReport, face_model
from tests.store._rows import add_versions


async def test_what_was_said_is_the_end_of_the_conversation_before_this_one(store: coach.Store) -> None:
    key = coach.load("coach.reference").context["what_was_said"]
    first = await store.conversations.start("ann", coach="reference", phase="wrap_up")
    for number in range(10):
        await store.conversations.append("ann", first.id, {"role": "user", "content": f"{number}"})
        await store.conversations.append("ann", first.id, {"role": "assistant", "content": "Go on."})
    assert await key(coach.Context(user_id="ann", conversation_id=first.id), store.conversations) == []

    second = await store.conversations.start("ann", coach="reference", phase="introduction")
    await store.conversations.append("ann", second.id, {"role": "user", "content": "I am back."})

    said = await key(coach.Context(user_id="ann", conversation_id=second.id), store.conversations)
    assert said == ["2", "3", "4", "5", "6", "7", "8", "9"]
    assert await key(coach.Context(user_id="bob"), store.conversations) == []


async def test_a_name_with_line_ends_adds_no_row_to_the_lists_of_a_prompt(store: coach.Store) -> None:
    others: dict[str, object] = dict.fromkeys(("studio", "sheets", "photo_coach"))
    others["stickers"] = coach.Stickers(store=store, studio=None, fetcher=coach.Fetcher())  # type: ignore[arg-type]
    reference = coach.load("coach.reference", **store.services(), **others)
    forged = "Fake\ni9 · x · visualized"
    await store.people.rename("ann", forged)
    await store.identities.add("ann", forged)
    await store.identities.focus("ann", "i1")
    await store.notes.add("ann", forged)
    for phase in reference.phases:
        text = (await reference.render(phase, coach.Context(user_id="ann", phase=phase))).text
        assert not any(line.startswith("i9") for line in text.splitlines())


async def test_the_pictures_are_known_by_their_place_in_the_tree_and_never_by_their_ids(
    store: coach.Store,
) -> None:
    key = coach.load("coach.reference").context["current_versions"]
    ctx = coach.Context(user_id="ann")
    assert await key(ctx, store.identities, store.versions) == []
    identity = await store.identities.add("ann", "Night-sky guide")
    await store.identities.focus("ann", "i1")
    [first] = await add_versions(store, "ann", identity.id, wish="the whole scene, which is known")
    await add_versions(store, "ann", identity.id, parent_id=first.id, wish="at\nsunrise " * 20)
    await store.versions.accept("ann", "i1", "v1")

    one, two = await key(ctx, store.identities, store.versions)

    assert asdict(one) == {
        "handle": "v1",
        "parent": None,
        "wish": None,
        "likeness": "not measured",
        "accepted": True,
    }
    assert (two.handle, two.parent, two.accepted) == ("v2", "v1", False)
    assert two.wish.startswith("at sunrise at") and len(two.wish) == 80


async def test_what_was_seen_in_the_photos_is_one_sentence(
    store: coach.Store, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    key = coach.load("coach.reference").context["photo_findings"]
    ctx, photo_coach = coach.Context(user_id="ann"), coach.PhotoCoach(store, None)
    assert await key(ctx, store.photos, photo_coach) is None
    first = await store.photos.add("ann", photo_bytes)
    assert asdict(await key(ctx, store.photos, photo_coach)) == {
        "usable": True,
        "say": "There is a photo. Whether the face is clear in it cannot be told here.",
        "photos": 1,
    }
    dark = PhotoReport(usable=False, reason="too_dark", say="Too dark.", quality=0.1, model="eyes 1")
    await store.photos.note_report("ann", first.id, asdict(dark))
    found = await key(ctx, store.photos, photo_coach)
    assert (found.usable, found.say) == (False, "Too dark.")

    second = await store.photos.add("ann", other_photo_bytes)
    good = replace(dark, usable=True, reason="ok", say="Good.")
    await store.photos.note_report("ann", second.id, asdict(good))
    found = await key(ctx, store.photos, photo_coach)
    assert (found.usable, found.say, found.photos) == (True, "Good.", 2)


async def test_the_photo_coach_looks_before_the_first_picture_as_soon_as_it_may(
    store: coach.Store, photo_bytes: bytes
) -> None:
    key = coach.load("coach.reference").context["photo_findings"]
    ctx, photo_coach = coach.Context(user_id="ann"), coach.PhotoCoach(store, face_model())
    photo = await store.photos.add("ann", photo_bytes)
    assert "Nobody has looked yet" in (await key(ctx, store.photos, photo_coach)).say  # may not: no consent
    await store.consents.give("ann", statement="yes")

    assert "That is a good photo" in (await key(ctx, store.photos, photo_coach)).say

    assert (await store.photos.get("ann", photo.id)).report is not None
