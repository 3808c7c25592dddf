"""A job of a picture service belongs to one generation: no two processes take the same one.

Revision ID: 0006
Revises: 0005
Create Date: 2026-12-01
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_generations_job_id", "generations"


def upgrade() -> None:
    """Make the index say so."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["job_id"], unique=True)


def downgrade() -> None:
    """Make it an index that only finds."""
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["job_id"])
