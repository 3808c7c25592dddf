"""The scripted coach shows, changes and keeps the picture that is meant, where the coach has such actions."""

from __future__ import annotations

from typing import Any

import pytest

from coach.sandbox import listen
from tests.sandbox._requests import Json
from tests.sandbox.test_script import LOOKING, ask, called, said

ACTIONS = [
    "show_identity_versions",
    "compare_identity_images",
    "revise_identity_image",
    "generate_identity_image",
    "accept_identity_visualization",
]
SHOW, COMPARE, REVISE, _, KEEP = ACTIONS
TREE = {
    "versions": "v1 · likeness: strong\nv2 · from v1 · likeness: no · wish: snow\n"
    "v1a · from v1 · likeness: fair · accepted\nv3 · from v2 · likeness: fair · wish: x · accepted · from v9"
}


def given(name: str, version: str | None, words: str) -> tuple[str, Json]:
    change = {"change": words} if name == REVISE else {}
    return name, {"identity_id": "i1", **change, "version": version}


@pytest.mark.parametrize(
    ("words", "name", "version"),
    [
        ("show me the first one again", SHOW, "v1"),
        ("show me v1 please", SHOW, "v1"),
        ("please show me version 2", SHOW, "v2"),
        ("could you show me the previous one?", SHOW, "v2"),
        ("show me", SHOW, "v3"),
        ("Show me all of them, please", SHOW, None),
        ("I want to see all versions", SHOW, None),
        ("which ones are there?", SHOW, None),
        ("How many pictures do I have?", SHOW, None),
        ("show me the original again", SHOW, "v1"),
        ("undo", SHOW, "v2"),
        ("no, undo that please", SHOW, "v2"),
        ("go back", SHOW, "v2"),
        ("let's go back to v1 instead", SHOW, "v1"),
        ("make v1 brighter", REVISE, "v1"),
        ("change the second one, add snow", REVISE, "v2"),
        ("make version 1 snowy", REVISE, "v1"),
        ("keep the first one, but make it brighter", REVISE, "v1"),
        ("go back to v1 and make it brighter", REVISE, "v1"),
        ("make it snow", REVISE, None),
        ("Could it be brighter?", REVISE, None),
        ("add the first light of the day", REVISE, None),
        ("could it show the sea all around me?", REVISE, None),
        ("I prefer v2a", KEEP, "v2a"),
        ("I prefer the first one", KEEP, "v1"),
        ("that is me", KEEP, "v3"),
    ],
)
def test_it_is_about_the_picture_that_is_meant(words: str, name: str, version: str | None) -> None:
    assert ask(ACTIONS, said(words), **LOOKING | TREE).calls == (given(name, version, words),)


@pytest.mark.parametrize(
    ("words", "compared"),
    [("could you put them side by side?", None), ("compare v1 with v3", ["v1", "v3"])],
)
def test_it_compares(words: str, compared: list[str] | None) -> None:
    arguments = {"identity_id": "i1", "versions": compared}
    assert ask(ACTIONS, said(words), **LOOKING | TREE).calls == ((COMPARE, arguments),)


def shown(version: str) -> list[Json]:
    answered = f"{version} is on the user's screen once more."
    return [
        said(f"show me {version}"),
        *called("c1", SHOW, {"identity_id": "i1", "version": version}, answered),
    ]


@pytest.mark.parametrize(
    ("words", "name", "version"),
    [
        ("make it snow", REVISE, "v2"),
        ("undo", SHOW, "v1"),
        ("that is me", KEEP, "v2"),
        ("show me", SHOW, "v2"),
    ],
)
def test_what_was_shown_last_is_what_is_spoken_of(words: str, name: str, version: str) -> None:
    spoken = [{"role": "assistant", "content": "There it is."}, said(words)]
    assert ask(ACTIONS, *shown("v2"), *spoken, **LOOKING | TREE).calls == (given(name, version, words),)


@pytest.mark.parametrize(
    ("later", "version"),
    [
        (
            called(
                "c2", REVISE, {"identity_id": "i1"}, "The picture of Guide is on the user's screen as v3."
            ),
            "v3",
        ),
        (called("c2", SHOW, {"identity_id": "i1"}, "On the user's screen now: v1, v2, v1a, v3."), None),
        (called("c2", SHOW, {"identity_id": "i2"}, "v1 is on the user's screen once more."), "v2"),
        (called("c2", SHOW, {"identity_id": "i1"}, "There is no v7."), "v2"),
        (called("b1", KEEP, {"identity_id": "i1"}, "The user said yes. It is done: v1a is theirs."), "v1a"),
        (called("b1", KEEP, {"identity_id": "i1"}, "The user said no."), "v2"),
    ],
)
def test_what_was_shown_is_read_from_the_talk(later: list[Json], version: str | None) -> None:
    words = "make it snow"
    messages = [*shown("v2"), said("hm"), *later, said(words)]
    tree = {"versions": TREE["versions"].partition("\nv3")[0] + "\nv3 · from v2"}
    assert ask(ACTIONS, *messages, **LOOKING | tree).calls == (given(REVISE, version, words),)


@pytest.mark.parametrize("handle", ["v3", "v1a"])
@pytest.mark.parametrize("by", ["", "The user pressed this button. It is done: "])
def test_a_picture_that_came_is_not_said_to_be_missing(by: str, handle: str) -> None:
    answered = f"{by}The picture of Guide is on the user's screen as {handle}."
    reply = ask(
        ACTIONS, said("make v1 darker"), *called("c1", REVISE, {"identity_id": "i1"}, answered), **LOOKING
    )
    assert "Look again" in reply.text and not reply.calls


def test_that_it_may_not_look_like_them_is_said_before_they_have_to() -> None:
    doubt = "It may not look like you yet: the face was compared with your photo and is not alike enough."
    answered = (
        "The picture of Guide is on the user's screen as v3. What was measured, in words for the user: "
        f"{doubt} Ask them what they see."
    )
    reply = ask(
        ACTIONS, said("make it snow"), *called("c1", REVISE, {"identity_id": "i1"}, answered), **LOOKING
    )
    assert doubt in reply.text and "another photo" in reply.text


def test_before_the_first_there_is_nothing() -> None:
    reply = ask(ACTIONS, said("undo that"), **LOOKING | {"versions": "v1 · likeness: strong"})
    assert "nothing before it" in reply.text and not reply.calls


@pytest.mark.parametrize(
    ("phase", "answered", "told"),
    [
        (
            "identity_visualization",
            "v1 is on the user's screen once more.",
            "I can change this one, or we keep it",
        ),
        (
            "identity_visualization",
            "On the user's screen now, each joined: v1, v2.",
            "Which one would you like",
        ),
        ("identity_visualization", "There is no picture v7.", "There is no picture v7."),
        ("wrap_up", "v1 is on the user's screen once more.", "it stays yours"),
    ],
)
def test_it_says_what_can_be_done_with_what_is_shown(phase: str, answered: str, told: str) -> None:
    tags: dict[str, Any] = LOOKING | {"phase": phase}
    reply = ask(ACTIONS, said("undo"), *called("c1", SHOW, {"identity_id": "i1"}, answered), **tags)
    assert told in reply.text and not reply.calls


@pytest.mark.parametrize(
    ("words", "name", "version"),
    [("show me the picture again, please", SHOW, "v3"), ("Could I see all of them?", SHOW, None)],
)
def test_after_it_is_accepted_it_can_still_be_shown(words: str, name: str, version: str | None) -> None:
    tags: dict[str, Any] = LOOKING | TREE | {"phase": "wrap_up"}
    assert ask([*ACTIONS, "save_note"], said(words), **tags).calls == (given(name, version, words),)


def test_going_back_from_the_end_leads_to_the_pictures() -> None:
    tags: dict[str, Any] = LOOKING | {"phase": "wrap_up", "next_phases": "identity_visualization"}
    reply = ask([*ACTIONS, "transition_phase"], said("go back to v1"), **tags)
    assert reply.calls == (("transition_phase", {"phase": "identity_visualization"}),)


@pytest.mark.parametrize(
    "words", ["show me v1 please", "please show me the versions", "compare them, please"]
)
def test_without_such_actions_nothing_else_is_done_instead(words: str) -> None:
    assert not ask(["save_note", KEEP], said(words), **LOOKING).calls


@pytest.mark.parametrize(
    "words",
    [
        "I want to see it in winter",
        "I'd like to see the sea at night",
        "show me another picture",
        "I want to see more versions",
        "I don't see myself in the picture",
        "What do you see?",
    ],
)
def test_a_wish_is_not_taken_for_a_look_at_what_there_is(words: str) -> None:
    assert not listen.wants_to_see(words)


def test_a_yes_to_the_first_picture_may_say_show_me() -> None:
    assert listen.agrees("Yes, make it.") and listen.agrees("make it, please")
    assert not listen.agrees("Yes, make it brighter.") and listen.changes("make it smile")
    assert listen.agrees("Yes, show me!") and listen.agrees("show me the picture, please")
    assert not listen.agrees("show me v1 please")
