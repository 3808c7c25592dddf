"""The states of a generation, the ways between them, and the triggers that refuse any other.

A migration that copies ``generations``, as SQLite does to alter a table, has to make the triggers anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import Connection, Table, event

GenerationState = Literal[
    "planned", "quoted", "reserved", "sending", "received", "stored", "judged", "done",
    "refused", "failed", "unknown",
]  # fmt: skip
"""Where a picture stands in the ledger."""

LEGAL: Mapping[GenerationState, frozenset[GenerationState]] = {
    "planned": frozenset({"quoted", "failed"}),
    "quoted": frozenset({"reserved", "refused", "failed"}),
    "reserved": frozenset({"sending", "failed", "refused"}),
    "sending": frozenset({"received", "reserved", "refused", "failed", "unknown"}),
    "received": frozenset({"stored", "failed", "unknown"}),
    "stored": frozenset({"judged"}),
    "judged": frozenset({"done"}),
    "unknown": frozenset({"received", "failed", "refused"}),
    "done": frozenset(),
    "refused": frozenset(),
    "failed": frozenset(),
}
"""Where a generation may go from where it is. It begins ``planned``."""

OUTCOMES: frozenset[GenerationState] = frozenset({"done", "refused", "failed", "unknown"})
"""How asking for a picture can end. What is ``unknown`` may be found out, and has another outcome then."""

IN_FLIGHT: tuple[GenerationState, ...] = ("reserved", "sending", "received")
"""Where a generation holds money because it is being made."""

UNSETTLED: frozenset[GenerationState] = frozenset({*IN_FLIGHT, "unknown"})
"""Where nobody can say yet what it costs."""

ENDS: frozenset[GenerationState] = frozenset(state for state, ways in LEGAL.items() if not ways)

_WAYS = ", ".join(f"'{here} {to}'" for here, ways in LEGAL.items() for to in sorted(ways))

_TRIGGERS = (
    (
        "generations_first_state",
        "BEFORE INSERT ON generations",
        "NEW.state <> 'planned'",
        "A generation begins planned.",
    ),
    (
        "generations_legal_way",
        "BEFORE UPDATE OF state ON generations",
        f"NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state NOT IN ({_WAYS})",
        "A generation does not go this way.",
    ),
)

_REFUSE = """\
CREATE OR REPLACE FUNCTION refuse_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = TG_ARGV[0];
END
$$"""


def guard(table: Table) -> None:
    """Have the triggers made together with the table. What they refuse is an ``IntegrityError``."""
    event.listen(table, "after_create", _make)


def _make(table: Table, connection: Connection, **_: object) -> None:
    in_postgres = connection.dialect.name == "postgresql"
    if in_postgres:
        connection.exec_driver_sql(_REFUSE)
    for name, when, condition, message in _TRIGGERS:
        begin = f"CREATE TRIGGER {name} {when}"
        if in_postgres:
            refuse = f"EXECUTE FUNCTION refuse_state('{message}')"
            connection.exec_driver_sql(f"{begin} FOR EACH ROW WHEN ({condition}) {refuse}")
        else:
            refuse = f"SELECT RAISE(ABORT, '{message}')"
            connection.exec_driver_sql(f"{begin} WHEN {condition} BEGIN {refuse}; END")
