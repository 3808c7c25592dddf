"""Holding a conversation over processes: one at a time, and never for longer than its holder lives."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

import coach
from coach.errors import StoreUnavailable
from coach.store import FolderBlobs, lease
from coach.store.lease import held
from coach.store.tables import conversations
from tests.store._beats import Beats

FAR = datetime(2200, 1, 1, tzinfo=UTC)


@pytest.fixture
def beats(store: coach.Store, monkeypatch: pytest.MonkeyPatch) -> Beats:
    beats = Beats(store.conversations.renew)
    monkeypatch.setattr(store.conversations, "renew", beats)
    monkeypatch.setattr(lease, "_BEAT", 0.005)
    return beats


@pytest.fixture
async def conversation_id(store: coach.Store) -> str:
    return await start(store)


async def start(store: coach.Store) -> str:
    return (await store.conversations.start("ann", coach="c", phase="p")).id


async def holder_of(store: coach.Store, conversation_id: str) -> tuple[str | None, datetime | None]:
    asked = select(conversations.c.held_by, conversations.c.held_until)
    async with store.database.read() as connection:
        row = (await connection.execute(asked.where(conversations.c.id == conversation_id))).one()
    return row.held_by, row.held_until


async def change(store: coach.Store, conversation_id: str, **values: Any) -> None:
    async with store.database.write() as connection:
        row = update(conversations).where(conversations.c.id == conversation_id)
        await connection.execute(row.values(**values))


async def test_two_holders_take_turns(store: coach.Store, conversation_id: str) -> None:
    inside: list[str] = []

    async def hold(name: str) -> None:
        async with held(store.conversations, "ann", conversation_id, patience=20):
            inside.append(f"{name} begins")
            await asyncio.sleep(0.05)
            inside.append(f"{name} ends")

    await asyncio.gather(*(hold(name) for name in "abc"))
    pairs = [inside[at : at + 2] for at in range(0, 6, 2)]
    assert sorted(pairs) == [[f"{name} begins", f"{name} ends"] for name in "abc"]


async def test_who_waits_too_long_is_told_and_changes_nothing(
    store: coach.Store, conversation_id: str
) -> None:
    async with held(store.conversations, "ann", conversation_id, patience=0):
        with pytest.raises(coach.Conflict, match="answered elsewhere"):
            async with held(store.conversations, "ann", conversation_id, patience=0.2):
                pytest.fail("two hold it")
    async with held(store.conversations, "ann", conversation_id, patience=0):
        pass


async def test_a_dead_holder_loses_it_and_a_living_one_keeps_it(
    store: coach.Store, conversation_id: str, beats: Beats
) -> None:
    assert await store.conversations.take("ann", conversation_id, "dead", -1)
    async with held(store.conversations, "ann", conversation_id, patience=0):
        holder, until = await holder_of(store, conversation_id)
        await beats.whole()
        again, later = await holder_of(store, conversation_id)
        assert until and later and (again, later > until) == (holder, True)
        assert not await store.conversations.take("ann", conversation_id, "thief", 1)


async def test_somebody_elses_conversation_cannot_be_held(store: coach.Store, conversation_id: str) -> None:
    with pytest.raises(coach.NotFound):
        async with held(store.conversations, "bob", conversation_id, patience=0):
            pytest.fail("held")


async def test_one_task_renews_every_lease_and_goes_with_the_last(store: coach.Store, beats: Beats) -> None:
    before = asyncio.all_tasks()
    ids = [await start(store) for _ in range(20)]
    async with held(store.conversations, "ann", ids[0], patience=0):
        [task] = asyncio.all_tasks() - before
        async with AsyncExitStack() as others:
            for one in ids[1:]:
                await others.enter_async_context(held(store.conversations, "ann", one, patience=0))
            assert sorted((await beats.whole()).values()) == sorted(ids)
            assert asyncio.all_tasks() - before == {task}
        assert list((await beats.whole()).values()) == ids[:1]
        assert asyncio.all_tasks() - before == {task}
    assert asyncio.all_tasks() == before
    assert [await holder_of(store, one) for one in ids] == [(None, None)] * 20
    async with held(store.conversations, "ann", ids[0], patience=0):
        assert list((await beats.whole()).values()) == ids[:1]


async def test_ten_thousand_are_renewed_at_once(store: coach.Store, conversation_id: str) -> None:
    moment = datetime.now(UTC)
    row = dict.fromkeys(("tenant", "coach", "phase"), "") | dict.fromkeys(
        ("created_at", "updated_at"), moment
    )
    leases = {f"holder {n}": f"conversation {n}" for n in range(10_000)}
    async with store.database.write() as connection:
        rows = [{"id": one, "user_id": "ann", "held_by": who, **row} for who, one in leases.items()]
        await connection.execute(insert(conversations), rows)
    assert await store.conversations.renew(leases, 60) == []
    ours = select(func.count()).where(conversations.c.held_until > moment + timedelta(seconds=59))
    async with store.database.read() as connection:
        assert (await connection.execute(ours)).scalar() == 10_000
    assert await holder_of(store, conversation_id) == (None, None)


async def test_cancelled_holders_leave_no_task_and_no_lease(store: coach.Store, beats: Beats) -> None:
    before = asyncio.all_tasks()
    ids = [await start(store) for _ in range(5)]
    inside = asyncio.Semaphore(0)

    async def hold(one: str) -> None:
        async with held(store.conversations, "ann", one, patience=0):
            inside.release()
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold(one)) for one in ids]
    for _ in ids:
        await inside.acquire()
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 5
    assert asyncio.all_tasks() == before
    assert [await holder_of(store, one) for one in ids] == [(None, None)] * 5


async def test_what_is_let_go_of_during_a_renewal_stays_free(
    store: coach.Store, conversation_id: str, beats: Beats
) -> None:
    before = asyncio.all_tasks()
    leaving = asyncio.Event()

    async def hold() -> None:
        async with held(store.conversations, "ann", conversation_id, patience=0):
            beats.may_go_on.clear()
            beats.begun.clear()
            await beats.begun.wait()
            leaving.set()

    holding = asyncio.create_task(hold())
    await leaving.wait()
    await store.people.rename("ann", "Ann")  # time for a release that would not wait
    ended = beats.ended.qsize()
    beats.may_go_on.set()
    await holding
    assert beats.ended.qsize() == ended + 1  # no transaction was broken off
    assert asyncio.all_tasks() == before
    assert await holder_of(store, conversation_id) == (None, None)


async def test_who_lost_a_conversation_hears_of_it_and_has_it_back_when_it_is_free(
    store: coach.Store, conversation_id: str, beats: Beats, caplog: pytest.LogCaptureFixture
) -> None:
    other = await start(store)
    async with (
        held(store.conversations, "ann", conversation_id, patience=0),
        held(store.conversations, "ann", other, patience=0),
    ):
        holder, _ = await holder_of(store, conversation_id)
        # As after a sleep of this machine: the lease ran out, and another process took it.
        await change(store, conversation_id, held_by="other", held_until=FAR)
        await beats.whole()
        assert await holder_of(store, conversation_id) == ("other", FAR)
        assert conversation_id in caplog.text and "another process took over" in caplog.text
        assert other not in caplog.text
        await store.conversations.release("ann", conversation_id, "other")
        await beats.whole()
        assert (await holder_of(store, conversation_id))[0] == holder
        caplog.clear()
        await beats.whole()
    assert caplog.text == ""


async def test_a_renewal_says_which_leases_were_lost(store: coach.Store) -> None:
    ids = {name: await start(store) for name in ("mine", "late", "taken", "left", "deleted")}
    for name, one in ids.items():
        assert await store.conversations.take("ann", one, name, -1 if name == "late" else 60)
    await change(store, ids["taken"], held_by="other", held_until=FAR)
    await change(store, ids["left"], held_by=None, held_until=None)  # another had it and is done
    async with store.database.write() as connection:
        await connection.execute(delete(conversations).where(conversations.c.id == ids["deleted"]))
    assert sorted(await store.conversations.renew(ids, 60)) == ["deleted", "left", "taken"]
    assert await store.conversations.renew({}, 60) == []
    del ids["deleted"]
    holders = [(await holder_of(store, one))[0] for one in ids.values()]
    assert holders == ["mine", "late", "other", "left"]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("odd")])
async def test_a_renewal_that_fails_is_told_and_the_next_one_is_tried(
    store: coach.Store, conversation_id: str, beats: Beats, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with held(store.conversations, "ann", conversation_id, patience=0):
        beats.fail_with = error
        await beats.whole()
        assert "1 conversation(s) could not be held on to" in caplog.text and str(error) in caplog.text
        assert ("Traceback" in caplog.text) == isinstance(error, RuntimeError)
        _, until = await holder_of(store, conversation_id)
        beats.fail_with = None
        await beats.whole()
        _, later = await holder_of(store, conversation_id)
        assert until and later and later > until


@pytest.mark.parametrize("dialect", ["postgres"])  # SQLite has no locks on rows
async def test_a_row_that_is_being_changed_does_not_hold_up_the_others(
    store: coach.Store, conversation_id: str
) -> None:
    other = await start(store)
    leases = {"a": conversation_id, "b": other}
    for holder, one in leases.items():
        assert await store.conversations.take("ann", one, holder, 60)
    async with store.database.write() as connection:
        row = update(conversations).where(conversations.c.id == conversation_id)
        await connection.execute(row.values(phase="q"))
        async with asyncio.timeout(20):
            assert await store.conversations.renew(leases, 600) == []
    ends = [(await holder_of(store, one))[1] for one in (conversation_id, other)]
    assert ends[0] and ends[1] and ends[1] - ends[0] > timedelta(seconds=500)


async def test_two_stores_have_a_task_each(store: coach.Store, database_url: str, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    second = await coach.Store.open(database_url, blobs=FolderBlobs(tmp_path / "blobs"))
    mine, theirs = await start(store), await start(second)
    async with held(store.conversations, "ann", mine, patience=0):
        [first] = asyncio.all_tasks() - before
        async with held(second.conversations, "ann", theirs, patience=0):
            assert len(asyncio.all_tasks() - before) == 2
        assert asyncio.all_tasks() - before == {first}
        await second.close()
    assert asyncio.all_tasks() == before


async def test_two_event_loops_have_a_task_each(store: coach.Store, conversation_id: str) -> None:
    other = await start(store)

    async def elsewhere() -> None:
        async with held(store.conversations, "ann", other, patience=0):
            assert len(asyncio.all_tasks()) == 2  # this one and the one that renews
        assert len(asyncio.all_tasks()) == 1
        await store.close()

    before = asyncio.all_tasks()
    async with held(store.conversations, "ann", conversation_id, patience=0):
        await store.close()  # a connection belongs to one loop: the next use opens another
        await asyncio.to_thread(asyncio.run, elsewhere())
        assert len(asyncio.all_tasks() - before) == 1
