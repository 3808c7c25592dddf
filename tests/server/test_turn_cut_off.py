"""A button whose process dies: what is told of it, and of the money that may be in doubt."""

from pathlib import Path
from typing import Any

import pytest

from coach.sandbox import Sandbox
from coach.server.doubt import MAY_BE_CHARGED
from coach.server.live import CUT_OFF
from tests.actions._pictures import make_ready
from tests.server._dying import PRESS, die
from tests.server._serve import an_app, names, serving, settings_for, turn


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("at, doubt", [("after_headers", True), ("after_received", False)])
async def test_whoever_pressed_is_told_that_a_picture_which_was_out_may_have_been_charged(
    quick_sandbox: Sandbox, database_url: str, photo_bytes: bytes, tmp_path: Path, at: str, doubt: bool
) -> None:
    settings = settings_for(quick_sandbox, tmp_path, database_url)
    async with serving(an_app(settings)) as served:
        await make_ready(served.here.store, photo_bytes)
        talk = await served.here.store.conversations.start(
            "ann", coach=served.here.coach.name, phase="identity_visualization"
        )
    posts = quick_sandbox.totals.charged
    await die(settings, "talk", talk.id, at)
    async with serving(an_app(settings)) as served, served.client("ann") as ann:
        ann.headers["Idempotency-Key"] = "k"
        told = await turn(ann, talk.id, type="press", **PRESS)
        assert names(told)[-2:] == ["error", "done"]
        assert told[-2][2]["say"] == (f"{CUT_OFF} {MAY_BE_CHARGED}" if doubt else CUT_OFF)
        asked: dict[str, Any] = {"action": PRESS["action"], "params": PRESS["arguments"]}
        answer = await ann.post("/api/v1/actions/", json=asked | {"conversation_id": talk.id})
        assert answer.status_code == 409
        assert answer.json()["detail"].endswith(MAY_BE_CHARGED) is doubt
    assert quick_sandbox.totals.charged == posts + 1, "it was asked for once"
