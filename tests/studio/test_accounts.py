"""Whatever happens in whatever order, the accounts equal the sum over the ledger, and so does a plain model.

``COACH_ROUNDS=200`` runs more than the 5,000 operations of the mark.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from coach.errors import Conflict, PictureError
from coach.store import Database
from coach.store.migrate import migrate
from coach.store.states import LEGAL
from coach.store.tables import accounts, people
from coach.studio import Generation, GenerationState
from coach.studio.books import Books
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests.store._rows import way_to
from tests.studio._rows import TODAY, planned

ROUNDS = int(os.environ.get("COACH_ROUNDS", "8"))
STEPS = 30
T = TypeVar("T")
Scope = tuple[str, str, str]

money = st.integers(0, 100)
pick = st.integers(0, 10**6)
limit = st.none() | st.integers(50, 200)
wishes = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(["ana", "bob"]),
        "tenant": st.sampled_from(["", "acme"]),
        "turn_id": st.sampled_from(["", "t1", "t2"]),
        "created_at": st.sampled_from([TODAY, TODAY + timedelta(hours=1)]),
        "quote": st.none() | st.integers(40, 100),
    }
)
budgets = st.builds(
    Budgets, turn=limit, person=limit, person_day=limit, tenant=limit, tenant_day=limit, day=limit
)


def weight(row: Generation) -> tuple[int, int]:
    """What a generation holds and has spent."""
    quote = row.quote_micros or 0
    if row.state in ("reserved", "sending", "received", "unknown"):
        return quote, 0
    charged = row.state in ("stored", "judged", "done") or (row.state == "failed" and row.paid != "unpaid")
    return 0, (quote if row.actual_micros is None else row.actual_micros) if charged else 0


def scopes(row: Generation) -> list[Scope]:
    day, turn = row.created_at.date().isoformat(), [("turn", row.user_id, row.turn_id)]
    return [
        *(turn if row.turn_id else []),
        ("person", row.user_id, ""),
        ("person_day", row.user_id, day),
        ("tenant", row.tenant, ""),
        ("tenant_day", row.tenant, day),
        ("day", "", day),
    ]


class Crash(Exception):
    """The process dies before the transaction ends."""


class Money(RuleBasedStateMachine):
    """Pictures that are asked for, move and are lost, beside a dictionary that remembers what they are."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        super().__init__()
        self.run_in, self.database, self.ledger = runner, database, Ledger(database)
        self.rows: dict[str, Generation] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.run_in.run(work)

    def any_row(self, number: int, *states: str) -> Generation | None:
        """One of those that can still move."""
        rows = [row for row in self.rows.values() if LEGAL[row.state] and (not states or row.state in states)]
        return rows[number % len(rows)] if rows else None

    def sums(self) -> dict[Scope, tuple[int, int]]:
        held, spent = Counter[Scope](), Counter[Scope]()
        for row in self.rows.values():
            for scope in scopes(row):
                held[scope] += weight(row)[0]
                spent[scope] += weight(row)[1]
        return {scope: (held[scope], spent[scope]) for scope in held if held[scope] or spent[scope]}

    @rule(wish=wishes, limits=budgets)
    def ask(self, wish: dict[str, Any], limits: Budgets) -> None:
        row = self.run(planned(self.database, **wish))
        expected, said = self.expected(row, limits), ""
        try:
            self.rows[row.id] = self.run(self.ledger.reserve(row, limits))
        except PictureError as error:
            said = error.code
            self.rows[row.id] = self.run(self.ledger.get(row.user_id, row.id))
            assert self.rows[row.id].state == "refused"
        assert said == expected

    def expected(self, row: Generation, limits: Budgets) -> str:
        """The code of the refusal there must be, and who is told of a doubt by it."""
        doubts = self.doubts(row)
        for other in doubts:
            self.rows[other.id] = replace(other, told_in=row.turn_id)
        if doubts:
            return "in_doubt"
        if row.quote_micros is None:
            return "over_budget" if any(each is not None for each in vars(limits).values()) else ""
        sums = self.sums()
        for scope in scopes(row) if row.quote_micros else []:
            allowed = getattr(limits, scope[0])
            if allowed is not None and sum(sums.get(scope, (0, 0))) + row.quote_micros > allowed:
                return "budget_spent"
        return ""

    def doubts(self, row: Generation) -> list[Generation]:
        """Those the person is to be told of before anything is sent in this one's turn."""
        return [
            other
            for other in self.rows.values()
            if row.turn_id
            and other.state == "unknown"
            and (other.user_id, other.conversation_id) == (row.user_id, row.conversation_id)
            and other.told_in in (None, row.turn_id)
        ]

    @precondition(lambda self: self.any_row(0))
    @rule(
        number=pick,
        goal=st.sampled_from(["sending", "received", "stored", "done", "failed", "refused", "unknown"]),
        cost=st.none() | st.integers(0, 130),
        paid=st.booleans(),
        dies=st.booleans(),
        together=st.booleans(),
    )
    def move(
        self, number: int, goal: GenerationState, cost: int | None, paid: bool, dies: bool, together: bool
    ) -> None:
        """The shortest way to a state; the process may die before the last step is written."""
        row = self.any_row(number)
        assert row is not None
        way = way_to(goal, row.state)
        for to in [way] if way and together else [[to] for to in way]:
            values: dict[str, Any] = {"actual_micros": cost} if to[0] == "stored" else {}
            if to[0] == "failed":
                values = {"paid": "paid" if paid else "unpaid"}
            with suppress(Crash):
                before = self.rows[row.id]
                try:
                    self.rows[row.id] = self.run(self.moving(before, to, values, dies=dies and goal in to))
                except PictureError as error:
                    # Another of its turn was left in doubt while this one waited.
                    assert (error.code, to[0]) == ("in_doubt", "sending") and self.doubts(before)
                    return
                self.comes_late(before)

    async def moving(
        self, row: Generation, to: list[GenerationState], values: dict[str, Any], *, dies: bool
    ) -> Generation:
        async with self.database.write() as connection:
            moved = await self.ledger.advance(row, *to, connection=connection, **values)
            if dies:
                raise Crash
            return moved

    def comes_late(self, row: Generation) -> None:
        """Somebody who does not know yet that it has moved moves nothing."""
        try:
            self.run(self.ledger.advance(row, min(LEGAL[row.state])))
        except Conflict:
            return
        raise AssertionError("moved twice")

    @precondition(lambda self: self.any_row(0, "unknown"))
    @rule(number=pick, micros=st.none() | money, charged=st.booleans())
    def settle(self, number: int, micros: int | None, charged: bool) -> None:
        row = self.any_row(number, "unknown")
        assert row is not None
        settling = Books(self.database).settle(
            row.id, charged=charged, micros=micros if charged else None, who="op"
        )
        self.rows[row.id] = self.run(settling)

    @invariant()
    def accounts_equal_the_model_and_the_ledger(self) -> None:
        assert self.run(self.kept()) == self.sums()
        assert self.run(Books(self.database).differences()) == []

    @invariant()
    def what_a_move_gives_is_the_row(self) -> None:
        for row in self.run(self.ledger.left_behind(list(self.rows))):
            known = self.rows[row.id]  # JSON has no tuples
            assert replace(row, repairs=tuple(row.repairs)) == replace(known, repairs=tuple(known.repairs))

    async def kept(self) -> dict[Scope, tuple[int, int]]:
        async with self.database.read() as connection:
            rows = (await connection.execute(select(accounts))).mappings()
            sums = {
                (row["kind"], row["owner"], row["part"]): (row["held_micros"], row["spent_micros"])
                for row in rows
            }
        return {scope: both for scope, both in sums.items() if any(both)}

    def teardown(self) -> None:
        async def forget() -> None:
            async with self.database.write() as connection:
                await connection.execute(delete(people))
                await connection.execute(delete(accounts))

        self.run(forget())


def test_the_accounts_equal_the_ledger_whatever_happens(database_url: str) -> None:
    checks = settings(
        max_examples=ROUNDS,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # to shrink an example takes minutes on a database
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with asyncio.Runner() as runner:
        database = Database(database_url)
        runner.run(migrate(database))
        run_state_machine_as_test(lambda: Money(runner, database), settings=checks)
        runner.run(database.close())
