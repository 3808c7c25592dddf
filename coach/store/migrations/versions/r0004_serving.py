"""Who may speak for whom over HTTP, turns, and what was seen of them.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-30
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "credentials",
        sa.Column("id", sa.Text, primary_key=True),
        _owner("credentials"),
        _text("kind"),
        _text("secret_hash"),
        _text("label"),
        _text("tenant"),
        sa.Column("operator", sa.Boolean, nullable=False),
        _when("created_at"),
        _when("expires_at", null=True),
        sa.UniqueConstraint("secret_hash", name="uq_credentials_secret_hash"),
        sa.CheckConstraint("kind IN ('key', 'session')", name=op.f("ck_credentials_kind")),
    )
    op.create_index("ix_credentials_user_id", "credentials", ["user_id"])
    op.create_table(
        "turns",
        sa.Column("id", sa.Text, primary_key=True),
        _owner("turns"),
        _text("conversation_id"),
        _text("key"),
        sa.Column("body", _JSON, nullable=False),
        _text("state"),
        sa.Column("messages_before", sa.Integer, nullable=False),
        _text("held_by"),
        _when("beat_at"),
        _when("created_at"),
        _when("ended_at", null=True),
        sa.ForeignKeyConstraint(
            ["user_id", "conversation_id"],
            ["conversations.user_id", "conversations.id"],
            name="fk_turns_user_id_conversation_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("user_id", "conversation_id", "key", name="uq_turns_user_id_conversation_id_key"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_turns_state")),
    )
    op.create_index("ix_turns_state", "turns", ["state"])
    op.create_table(
        "happenings",
        _owner("happenings"),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        _text("turn_id"),
        _text("kind"),
        sa.Column("data", _JSON, nullable=False),
        _when("at"),
    )
    op.create_index("ix_happenings_user_id", "happenings", ["user_id"])


def downgrade() -> None:
    """Drop them, with what is in them."""
    for table in ("happenings", "turns", "credentials"):
        op.drop_table(table)


def _owner(table: str) -> sa.Column[str]:
    key = sa.ForeignKey("people.user_id", name=f"fk_{table}_user_id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Text, key, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _when(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)
