"""What worker processes share: the pictures that wait, how much of each service is in use, who is there.

Revision ID: 0009
Revises: 0008
Create Date: 2026-12-01
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "upstreams",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("paused_until", _WHEN),
        sa.PrimaryKeyConstraint("name", name="pk_upstreams"),
    )
    op.create_table(
        "slots",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("id", "upstream", "holder")),
        sa.Column("pictures", sa.Integer, nullable=False),
        *(sa.Column(name, _WHEN, nullable=False) for name in ("taken_at", "until")),
        sa.Column("sent_at", _WHEN),
        sa.PrimaryKeyConstraint("id", name="pk_slots"),
        sa.ForeignKeyConstraint(
            ["upstream"], ["upstreams.name"], name="fk_slots_upstream", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_slots_upstream", "slots", ["upstream"])
    op.create_table(
        "workers",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "version")),
        sa.Column("services", _JSON, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("slots", "form")),
        sa.Column("stopping", sa.Boolean, nullable=False),
        *(sa.Column(name, _WHEN, nullable=False) for name in ("began_at", "beat_at")),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    key = sa.ForeignKey("people.user_id", name="fk_orders_user_id", ondelete="CASCADE")
    texts = ("id", "key", "tenant", "service", "asked", "state", "held_by")
    op.create_table(
        "orders",
        sa.Column("user_id", sa.Text, key, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("tag", "taken")),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("batch", "wanted")),
        *(sa.Column(name, _JSON, nullable=False) for name in ("body", "news")),
        sa.Column("outcome", _JSON),
        sa.Column("created_at", _WHEN, nullable=False),
        *(sa.Column(name, _WHEN) for name in ("taken_at", "ended_at")),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_orders_state")),
    )
    running = sa.text("state = 'running'")
    op.create_index(
        "uq_orders_key",
        "orders",
        ["user_id", "key"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index("ix_orders_state_service_batch_tag", "orders", ["state", "service", "batch", "tag"])


def downgrade() -> None:
    """Drop them, with what is in them."""
    for table in ("orders", "slots", "upstreams", "workers"):
        op.drop_table(table)
