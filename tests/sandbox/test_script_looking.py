"""The scripted coach shows what there is when it is asked to, where the coach has such actions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.test_script import LOOKING, ask, said

ACTIONS = ["show_identity_versions", "compare_identity_images", "accept_identity_visualization"]


@pytest.mark.parametrize(
    ("words", "called", "given"),
    [
        ("show me the first one again", "show_identity_versions", {"version": "v1"}),
        ("Show me all of them, please", "show_identity_versions", {"version": None}),
        ("could you put them side by side?", "compare_identity_images", {"versions": None}),
        ("I prefer v2a", "accept_identity_visualization", {"version": "v2a"}),
    ],
)
def test_it_shows_what_is_asked_for(words: str, called: str, given: dict[str, Any]) -> None:
    assert ask(ACTIONS, said(words), **LOOKING).calls == ((called, {"identity_id": "i1", **given}),)


def test_without_such_actions_it_does_not() -> None:
    assert not ask(["save_note"], said("could you put them side by side?"), **LOOKING).calls
