"""Streams of events: so many at once, and none longer than what lets somebody listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coach.sandbox import Sandbox
from coach.server import live, still
from coach.server.routes import _events
from coach.store.happenings import MOST, Happenings
from tests.server._serve import (
    PATIENCE,
    Served,
    an_app,
    begin,
    events_of,
    listen,
    names,
    serving,
    settings_for,
    turn,
    until,
)
from tests.server.test_live import Slow

TALKS = "/api/v1/conversations/"
ERASE = {"confirm": "erase"}


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again soon."""
    monkeypatch.setattr(live, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr(still, "ASK_AGAIN", 0.05)


@pytest.fixture
async def two(quick_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Served]:
    """A server that lets everybody listen twice."""
    app = an_app(settings_for(quick_sandbox, tmp_path), server={"streams_at_once": 2}, faces=None)
    async with serving(app) as running:
        yield running


async def test_who_listens_in_too_many_places_is_told_so_and_nothing_is_begun(two: Served) -> None:
    async with two.client("ann") as ann, two.client("ben") as ben, AsyncExitStack() as stack:
        path = f"{TALKS}{await begin(ann)}/"
        open_ones = [await stack.enter_async_context(ann.stream("GET", f"{path}events/")) for _ in range(2)]
        assert {each.status_code for each in open_ones} == {200}
        refused = await ann.post(f"{path}turns/", json={"type": "greet"}), await ann.get(f"{path}events/")
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
            assert answer.headers["Retry-After"] == "5"
        assert names(await turn(ben, await begin(ben), type="greet"))[-1] == "done"
        await open_ones[0].aclose()
        await until(lambda: two.here.rates._streams["ann"] == 1)
        assert (await ann.post(f"{path}turns/", json={"type": "greet"})).text.count("event: said") == 1


@pytest.mark.parametrize("ending", ["sign out", "revoke", "erase"])
async def test_a_stream_ends_soon_after_what_let_somebody_listen(
    small: Served, quickly: None, ending: str
) -> None:
    async with httpx2.AsyncClient(base_url=small.url, timeout=PATIENCE) as page, AsyncExitStack() as stack:
        user_id = (await page.post("/api/v1/sessions/", json={})).json()["user_id"]
        program = await stack.enter_async_context(small.client(user_id))
        path = f"{TALKS}{await begin(page)}/events/"
        by_page = await stack.enter_async_context(page.stream("GET", path))
        by_key = await stack.enter_async_context(program.stream("GET", path))
        ends, stays = {"sign out": ([by_page], [by_key]), "revoke": ([by_key], [by_page])}.get(
            ending, ([by_page, by_key], [])
        )
        await end(small, page, user_id, ending)
        async with asyncio.timeout(PATIENCE):
            assert [[seen async for seen in events_of(each)] for each in ends] == [[]] * len(ends)
        for each in stays:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await anext(events_of(each))


async def test_a_past_of_thousands_is_shown_whole_and_silence_is_broken(
    two: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_events, "PING", 0.05)
    async with two.client("ann") as ann:
        talk = await begin(ann)
        past = [("say", {"text": f"Said {number}: é\n\u2028"}) for number in range(1, 2 * MOST + 2)]
        await Happenings(two.here.store.database).append("ann", talk, past)
        seen = await listen(ann, talk, 1, len(past))
        assert [(number, data) for number, _, data in seen] == [
            (number, data) for number, (_, data) in enumerate(past, 1) if number > 1
        ]
        headers = {"Last-Event-ID": str(len(past))}
        async with ann.stream("GET", f"{TALKS}{talk}/events/", headers=headers) as silent:
            assert await anext(silent.aiter_lines()) == ": ping"


async def end(served: Served, page: httpx2.AsyncClient, user_id: str, how: str) -> None:
    """Let a session or a key, or all that is somebody's, be gone."""
    if how == "sign out":
        assert (await page.delete("/api/v1/sessions/")).status_code == 204
    elif how == "erase":
        assert (await page.request("DELETE", "/api/v1/users/me/", json=ERASE)).status_code == 200
    else:
        [key] = [each for each in await served.here.credentials.list(user_id) if each.kind == "key"]
        assert await served.here.credentials.revoke(user_id, key.id)


async def test_who_watches_in_another_process_is_let_go_when_the_person_is_erased(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path, quickly: None
) -> None:
    settings, model = settings_for(quick_sandbox, tmp_path, database_url), Slow()

    def an_one(**more: Any) -> Any:
        return serving(an_app(settings, faces=None, current_user=lambda: "ann", **more))

    async with an_one(model=model) as first, an_one() as second, AsyncExitStack() as stack:
        one = await stack.enter_async_context(httpx2.AsyncClient(base_url=first.url, timeout=PATIENCE))
        path = f"{TALKS}{await begin(one)}/"
        # Both are let in by the host, which goes on to know her.
        sent = {"json": {"type": "greet"}, "headers": {"Idempotency-Key": "k"}}
        of_turn = await stack.enter_async_context(one.stream("POST", f"{path}turns/", **sent))
        await model.asked.wait()
        other = httpx2.AsyncClient(base_url=second.url, timeout=PATIENCE)
        elsewhere = await stack.enter_async_context(other)
        watching = [
            await stack.enter_async_context(elsewhere.stream("POST", f"{path}turns/", **sent)),
            await stack.enter_async_context(elsewhere.stream("GET", f"{path}events/")),
        ]
        assert (await one.request("DELETE", "/api/v1/users/me/", json=ERASE)).status_code == 200
        async with asyncio.timeout(PATIENCE):
            for each in (of_turn, *watching):
                assert names([seen async for seen in events_of(each)]) == ["said"]
        model.may.set()


async def test_an_event_that_is_none_of_ours_is_refused_by_name(two: Served) -> None:
    async with two.client("ann") as ann:
        path = f"{TALKS}{await begin(ann)}/events/"
        for said in ("m-7", "-1", "1.5", "\u0663".encode()):
            answer = await ann.get(path, headers={"Last-Event-ID": said})
            told = answer.json()
            assert (answer.status_code, told["code"], told["field"]) == (
                422,
                "input_refused",
                "Last-Event-ID",
            )
            assert told["allowed"] == ["0 to 2147483647"]
