"""Flows and their runs.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-30
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "flows",
        _owner("flows"),
        *map(_text, ("id", "tenant", "title")),
        *map(_json, ("graph", "again")),
        *map(_when, ("created_at", "updated_at")),
        sa.PrimaryKeyConstraint("id", name="pk_flows"),
        sa.UniqueConstraint("user_id", "id", name="uq_flows_user_id_id"),
    )
    op.create_table(
        "flow_runs",
        _owner("flow_runs"),
        *map(_text, ("id", "flow_id", "key", "state", "held_by")),
        *map(_json, ("body", "again")),
        sa.Column("graph", _JSON),
        *map(_when, ("beat_at", "created_at")),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["user_id", "flow_id"],
            ["flows.user_id", "flows.id"],
            name="fk_flow_runs_user_id_flow_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_flow_runs"),
        sa.UniqueConstraint("user_id", "flow_id", "key", name="uq_flow_runs_user_id_flow_id_key"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_flow_runs_state")),
    )
    op.create_index("ix_flow_runs_state", "flow_runs", ["state"])


def downgrade() -> None:
    """Drop them, with what is in them."""
    op.drop_table("flow_runs")
    op.drop_table("flows")


def _owner(table: str) -> sa.Column[Any]:
    key = sa.ForeignKey("people.user_id", name=f"fk_{table}_user_id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Text, key, nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, _JSON, nullable=False)


def _when(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
