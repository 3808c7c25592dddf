"""The first tables.

Revision ID: 0001
Revises: none
Create Date: 2026-11-20
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    *("people", "consents", "photos", "identities", "notes", "conversations", "messages", "calls"),
    *("generations", "generation_steps", "accounts", "versions"),
)


def upgrade() -> None:
    """Make every table of version 0.1. Written out: it must not follow when the tables change."""
    op.create_table(
        "people",
        *_texts("user_id", "name?"),
        _number("identities_made", server_default="0"),
        *_times("created_at"),
        sa.PrimaryKeyConstraint("user_id", name="pk_people"),
    )
    op.create_table(
        "consents",
        *_texts("id", "user_id", "purpose", "text_version", "statement"),
        *_times("given_at", "until?", "revoked_at?"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        _owner("consents"),
    )
    op.create_index("ix_consents_user_id_purpose", "consents", ["user_id", "purpose"])
    op.create_table(
        "photos",
        *_texts("id", "user_id", "blob", "sha256", "media_type"),
        _number("width"),
        _number("height"),
        sa.Column("primary", sa.Boolean, nullable=False),
        *_times("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_photos"),
        _owner("photos"),
    )
    op.create_index("ix_photos_user_id_created_at", "photos", ["user_id", "created_at"])
    _only_one("uq_photos_primary", "photos", "user_id", '"primary"')
    op.create_table(
        "identities",
        *_texts("id", "user_id", "name", "note", "statement?", "visualization?", "stage"),
        *_texts("appearance?"),
        _number("number"),
        sa.Column("current", sa.Boolean, nullable=False),
        _number("versions_made", server_default="0"),
        *_times("archived_at?", "created_at", "updated_at"),
        sa.CheckConstraint(
            "stage IN ('proposed', 'accepted', 'refined', 'stated', 'visualized')",
            name=op.f("ck_identities_stage"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("user_id", "number", name="uq_identities_user_id_number"),
        sa.UniqueConstraint("user_id", "id", name="uq_identities_user_id_id"),
        _owner("identities"),
    )
    _only_one("uq_identities_current", "identities", "user_id", "current")
    op.create_table(
        "notes",
        *_texts("id", "user_id", "text"),
        *_times("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        _owner("notes"),
    )
    op.create_index("ix_notes_user_id_created_at", "notes", ["user_id", "created_at"])
    _conversations()
    _pictures()


def _conversations() -> None:
    op.create_table(
        "conversations",
        *_texts("id", "user_id", "tenant", "coach", "phase"),
        _number("messages_made", server_default="0"),
        *_texts("held_by?"),
        *_times("held_until?", "created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("user_id", "id", name="uq_conversations_user_id_id"),
        _owner("conversations"),
    )
    op.create_table(
        "messages",
        *_texts("user_id", "conversation_id"),
        _number("seq", autoincrement=False),
        *_texts("role", "prompt_version?"),
        _json("content", nullable=False),
        *_times("created_at"),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_messages"),
        _owner("messages"),
        _belongs("messages", "conversation_id", "conversations"),
    )
    op.create_table(
        "calls",
        *_texts("id", "user_id", "conversation_id", "call_id", "action", "digest", "phase"),
        *_texts("prompt_version", "state", "say", "next?"),
        _json("arguments", nullable=False),
        _json("data"),
        *_times("expires_at?", "created_at", "finished_at?"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        _owner("calls"),
    )
    columns = ["user_id", "conversation_id", "created_at"]
    op.create_index("ix_calls_user_id_conversation_id_created_at", "calls", columns)


def _pictures() -> None:
    op.create_table(
        "generations",
        *_texts("id", "user_id", "key", "request_hash", "tenant", "conversation_id", "turn_id", "told_in?"),
        *_texts("identity_id", "parent_id?", "engine", "model", "operation", "state", "prompt", "job_id?"),
        *_texts("request_id?", "error_code?", "paid?", "spool?"),
        _number("attempt"),
        _number("moves"),
        _number("posts"),
        _json("params", nullable=False),
        _json("repairs", nullable=False),
        _json("usage"),
        sa.Column("quote_micros", sa.BigInteger),
        sa.Column("actual_micros", sa.BigInteger),
        sa.Column("seconds", sa.Float),
        *_times("created_at", "updated_at"),
        sa.CheckConstraint(
            "state IN ('planned', 'quoted', 'reserved', 'sending', 'received', 'stored', 'judged', 'done', "
            "'refused', 'failed', 'unknown')",
            name=op.f("ck_generations_state"),
        ),
        sa.CheckConstraint("paid IN ('unpaid', 'paid', 'unknown')", name=op.f("ck_generations_paid")),
        sa.PrimaryKeyConstraint("id", name="pk_generations"),
        sa.UniqueConstraint("user_id", "key", "attempt", name="uq_generations_user_id_key_attempt"),
        sa.UniqueConstraint("user_id", "id", name="uq_generations_user_id_id"),
        _owner("generations"),
        _belongs("generations", "identity_id", "identities"),
    )
    op.create_index("ix_generations_state", "generations", ["state"])
    _guard()
    op.create_table(
        "generation_steps",
        *_texts("generation_id", "state", "detail"),
        _number("seq", autoincrement=False),
        *_times("at"),
        sa.PrimaryKeyConstraint("generation_id", "seq", name="pk_generation_steps"),
        sa.ForeignKeyConstraint(
            ["generation_id"],
            ["generations.id"],
            name="fk_generation_steps_generation_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "accounts",
        *_texts("kind", "owner", "part", "user_id?"),
        sa.Column("held_micros", sa.BigInteger, nullable=False),
        sa.Column("spent_micros", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "kind IN ('turn', 'person', 'person_day', 'tenant', 'tenant_day', 'day')",
            name=op.f("ck_accounts_kind"),
        ),
        sa.PrimaryKeyConstraint("kind", "owner", "part", name="pk_accounts"),
        _owner("accounts"),
    )
    op.create_index("ix_accounts_user_id", "accounts", ["user_id"])
    op.create_table(
        "versions",
        *_texts("id", "user_id", "identity_id", "parent_id?", "generation_id", "blob", "sha256"),
        *_texts("media_type", "prompt"),
        _number("number"),
        _number("width"),
        _number("height"),
        *_times("accepted_at?", "created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("identity_id", "number", name="uq_versions_identity_id_number"),
        sa.UniqueConstraint("user_id", "id", name="uq_versions_user_id_id"),
        _owner("versions"),
        _belongs("versions", "identity_id", "identities"),
        _belongs("versions", "parent_id", "versions"),
        _belongs("versions", "generation_id", "generations"),
    )
    _only_one("uq_versions_accepted", "versions", "identity_id", "accepted_at IS NOT NULL")


WAYS = (
    "'planned failed', 'planned quoted', 'quoted failed', 'quoted refused', 'quoted reserved', "
    "'reserved failed', 'reserved refused', 'reserved sending', 'sending failed', 'sending received', "
    "'sending refused', 'sending reserved', 'sending unknown', 'received failed', 'received stored', "
    "'received unknown', 'stored judged', 'judged done', 'unknown failed', 'unknown received', "
    "'unknown refused'"
)
GUARDS = (
    ("generations_first_state", "INSERT", "NEW.state <> 'planned'", "A generation begins planned."),
    (
        "generations_legal_way",
        "UPDATE OF state",
        f"NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state NOT IN ({WAYS})",
        "A generation does not go this way.",
    ),
)


def _guard() -> None:
    """Triggers that refuse a state that cannot follow."""
    in_postgres = op.get_bind().dialect.name == "postgresql"
    if in_postgres:
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_state() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            "BEGIN\n"
            "    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = TG_ARGV[0];\n"
            "END\n"
            "$$"
        )
    for name, event, condition, message in GUARDS:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON generations"
        if in_postgres:
            refuse = f"EXECUTE FUNCTION refuse_state('{message}')"
            op.execute(f"{begin} FOR EACH ROW WHEN ({condition}) {refuse}")
        else:
            op.execute(f"{begin} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END")


def downgrade() -> None:
    """Drop every table, with what is in it."""
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_state()")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name.rstrip("?"), sa.Text, nullable=name.endswith("?")) for name in names]


def _times(*names: str) -> list[sa.Column[Any]]:
    moment = sa.DateTime(timezone=True)
    return [sa.Column(name.rstrip("?"), moment, nullable=name.endswith("?")) for name in names]


def _number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, **options)


def _json(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=nullable)


def _owner(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id"
    return sa.ForeignKeyConstraint(["user_id"], ["people.user_id"], name=name, ondelete="CASCADE")


def _belongs(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", column],
        [f"{parent}.user_id", f"{parent}.id"],
        name=f"fk_{table}_user_id_{column}",
        ondelete="CASCADE",
    )


def _only_one(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], unique=True, sqlite_where=condition, postgresql_where=condition)
