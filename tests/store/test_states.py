"""The database itself refuses a move of a generation that is not legal."""

from typing import get_args

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store import Store
from coach.store.states import ENDS, LEGAL, GenerationState
from tests.store._rows import add_versions, way_to

STATES: tuple[GenerationState, ...] = get_args(GenerationState)


async def is_refused(connection: AsyncConnection, statement: str) -> bool:
    """Whether the database refuses a statement; nothing of it stays."""
    undo = await connection.begin_nested()
    try:
        await connection.execute(text(statement))
    except IntegrityError as error:
        assert "A generation" in str(error.orig)
        return True
    finally:
        await undo.rollback()
    return False


async def one_generation(store: Store) -> None:
    await store.people.ensure("ana")
    await add_versions(store, "ana", (await store.identities.add("ana", "Guide")).id)


@pytest.mark.parametrize("here", STATES)
async def test_raw_sql_moves_a_generation_only_where_it_may_go(store: Store, here: GenerationState) -> None:
    await one_generation(store)
    async with store.database.write() as connection:
        for state in way_to(here):
            await connection.execute(text(f"UPDATE generations SET state = '{state}'"))
        refused = {
            to: await is_refused(connection, f"UPDATE generations SET state = '{to}'") for to in STATES
        }
    assert refused == {to: to != here and to not in LEGAL[here] for to in STATES}


async def test_raw_sql_adds_a_generation_only_as_planned(store: Store) -> None:
    await one_generation(store)
    async with store.database.write() as connection:
        row = (await connection.execute(text("SELECT * FROM generations"))).mappings().one()
        chosen = {"id": "'another'", "key": "'another'"}
        refused = {
            state: await is_refused(
                connection,
                f"INSERT INTO generations ({', '.join(row)}) "
                f"SELECT {', '.join((chosen | {'state': repr(state)}).get(name, name) for name in row)} "
                "FROM generations",
            )
            for state in STATES
        }
    assert refused == {state: state != "planned" for state in STATES}


async def test_what_leaves_the_state_alone_is_not_looked_at(store: Store) -> None:
    await one_generation(store)
    async with store.database.write() as connection:
        for state in way_to("unknown"):
            await connection.execute(text(f"UPDATE generations SET state = '{state}'"))
        assert not await is_refused(connection, "UPDATE generations SET told_in = 'turn'")
        assert not await is_refused(connection, "UPDATE generations SET state = state, told_in = 'turn'")


def test_every_state_can_be_reached_and_every_end_is_one() -> None:
    assert {to for ways in LEGAL.values() for to in ways} == set(STATES) - {"planned"}
    assert {"done", "refused", "failed"} == ENDS
    assert [state for state, ways in LEGAL.items() if "sending" in ways] == ["reserved"]
