"""Terms of calls: what exactly the yes to one that waits is bound to.

Revision ID: 0008
Revises: 0007
Create Date: 2026-12-01
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; calls from before have none."""
    op.add_column("calls", sa.Column("terms", sa.JSON().with_variant(JSONB(), "postgresql")))


def downgrade() -> None:
    """Drop it, with what is in it: what waits cannot be answered by who knows no terms."""
    op.execute("UPDATE calls SET state = 'declined' WHERE state = 'waiting' AND terms IS NOT NULL")
    op.drop_column("calls", "terms")
