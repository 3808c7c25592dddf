"""Which rows of the identities are none: a person's workshop.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-30
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column with its check. In SQL, as SQLite adds a check to a table only with a column."""
    op.execute(
        "ALTER TABLE identities ADD COLUMN kind TEXT DEFAULT 'identity' NOT NULL "
        "CONSTRAINT ck_identities_kind CHECK (kind IN ('identity', 'workshop'))"
    )
    op.execute("UPDATE identities SET kind = 'workshop' WHERE number = 0")  # there after a downgrade


def downgrade() -> None:
    """Drop it; the pictures of workshops are those of an identity then."""
    op.drop_column("identities", "kind")
