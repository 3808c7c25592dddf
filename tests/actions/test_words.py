"""The actions about words: each called directly, with the services it asks for, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

import coach

ANN = coach.Context(user_id="ann", phase="introduction", next=("get_to_know_you",))


@pytest.fixture(scope="module")
def actions() -> dict[str, Any]:
    return dict(coach.load("coach.reference").actions)


@pytest.fixture
async def guide(store: coach.Store) -> coach.Identity:
    return await store.identities.add("ann", "Night-sky guide", note="She shows children the stars.")


async def test_a_name_is_remembered(actions: dict[str, Any], store: coach.Store) -> None:
    result = await actions["set_user_name"](ANN, store.people, name="Ann")
    assert "Ann" in result.say
    assert (await store.people.get("ann")).name == "Ann"


async def test_notes_are_kept_in_order(actions: dict[str, Any], store: coach.Store) -> None:
    for text in ("first", "second"):
        await actions["save_note"](ANN, store.notes, text=text)
    assert [note.text for note in await store.notes.list("ann")] == ["first", "second"]


async def test_identities_are_made_renamed_merged_and_let_go(
    actions: dict[str, Any], store: coach.Store
) -> None:
    made = [
        (await actions["create_identity"](ANN, store.identities, name=name, note=None)).data
        for name in ("Guide", "Teacher", "Sailor")
    ]
    assert [data.handle for data in made] == ["i1", "i2", "i3"]
    await actions["rename_identity"](ANN, store.identities, identity_id="i1", name="Night-sky guide")
    merged = await actions["merge_identities"](
        ANN, store.identities, identity_ids=["i1", "i2"], name="Keeper of stars"
    )
    assert merged.data.handle == "i1"
    await actions["archive_identity"](ANN, store.identities, identity_id="i3")
    assert [row.name for row in await store.identities.list("ann")] == ["Keeper of stars"]


async def test_one_identity_cannot_be_merged_with_itself(
    actions: dict[str, Any], store: coach.Store, guide: coach.Identity
) -> None:
    with pytest.raises(coach.Retry):
        await actions["merge_identities"](ANN, store.identities, identity_ids=["i1", "i1"], name="x")


async def test_an_identity_goes_through_its_stages_and_never_back(
    actions: dict[str, Any], store: coach.Store, guide: coach.Identity
) -> None:
    async def stage() -> str:
        return (await store.identities.get("ann", "i1")).stage

    await actions["accept_identity"](ANN, store.identities, identity_id="i1")
    assert await stage() == "accepted"
    assert (await store.identities.current("ann")) == await store.identities.get("ann", "i1")
    await actions["accept_identity_refinement"](ANN, store.identities, identity_id="i1")
    assert await stage() == "refined"
    with pytest.raises(coach.Refused, match="no statement yet"):
        await actions["accept_i_am_statement"](ANN, store.identities, identity_id="i1")
    await actions["write_i_am_statement"](ANN, store.identities, identity_id="i1", statement="I am.")
    await actions["accept_i_am_statement"](ANN, store.identities, identity_id="i1")
    assert await stage() == "stated"
    await actions["write_visualization"](
        ANN, store.identities, identity_id="i1", visualization="On a hill.", appearance="A coat."
    )
    await actions["accept_identity"](ANN, store.identities, identity_id="i1")
    identity = await store.identities.get("ann", "i1")
    assert (identity.stage, identity.statement) == ("stated", "I am.")
    assert (identity.visualization, identity.appearance) == ("On a hill.", "A coat.")


async def test_focus_changes_what_the_talk_is_about(
    actions: dict[str, Any], store: coach.Store, guide: coach.Identity
) -> None:
    await store.identities.add("ann", "Sailor")
    for handle in ("i1", "i2"):
        await actions["focus_identity"](ANN, store.identities, identity_id=handle)
        current = await store.identities.current("ann")
        assert current is not None and current.handle == handle


async def test_one_goes_on_only_where_the_phase_leads(actions: dict[str, Any]) -> None:
    assert (await actions["transition_phase"](ANN, phase="get_to_know_you")).next == "get_to_know_you"
    with pytest.raises(coach.Retry, match="get_to_know_you"):
        await actions["transition_phase"](ANN, phase="wrap_up")


WITH_AN_IDENTITY = {
    "rename_identity": {"name": "x"},
    "merge_identities": {"name": "x"},
    "archive_identity": {},
    "focus_identity": {},
    "accept_identity": {},
    "accept_identity_refinement": {},
    "write_i_am_statement": {"statement": "x"},
    "accept_i_am_statement": {},
    "write_visualization": {"visualization": "x"},
}


@pytest.mark.parametrize("name", WITH_AN_IDENTITY)
async def test_somebody_elses_identity_and_none_give_the_same_answer_and_change_nothing(
    actions: dict[str, Any], store: coach.Store, guide: coach.Identity, name: str
) -> None:
    bob = coach.Context(user_id="bob")
    before = await store.identities.list("ann")
    answers = []
    for ref in ("i1", guide.id, "i9", "00000000-0000-0000-0000-000000000000", "x" * 64, "i1; --"):
        which = {"identity_ids": [ref, "i8"]} if name == "merge_identities" else {"identity_id": ref}
        with pytest.raises(coach.NotFound) as info:
            await actions[name](bob, store.identities, **which, **WITH_AN_IDENTITY[name])
        answers.append(str(info.value).replace(repr(ref[:40]), "?"))
    assert set(answers) == {"There is no identity ?."}
    assert await store.identities.list("ann") == before
