"""The job specs of stickers: written, quoted, and found again by their hash.

Revision ID: 0007
Revises: 0006
Create Date: 2026-12-01
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the table."""
    key = sa.ForeignKey("people.user_id", name="fk_sticker_specs_user_id", ondelete="CASCADE")
    op.create_table(
        "sticker_specs",
        sa.Column("user_id", sa.Text, key, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("id", "hash", "base_kind", "base_id")),
        *(sa.Column(name, sa.Text) for name in ("url", "version_id")),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("violations", _JSON),
        sa.Column("quote_micros", sa.BigInteger),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("created_at", "quoted_at")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sticker_specs"),
        sa.UniqueConstraint("user_id", "number", name="uq_sticker_specs_user_id_number"),
        sa.UniqueConstraint("user_id", "hash", name="uq_sticker_specs_user_id_hash"),
        sa.CheckConstraint(
            "base_kind IN ('photo', 'version', 'upload')", name=op.f("ck_sticker_specs_base_kind")
        ),
    )


def downgrade() -> None:
    """Drop it, with what is in it."""
    op.drop_table("sticker_specs")
