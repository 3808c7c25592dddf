"""What a picture was asked for and how it was judged, branches, the photo's report, erasure begun.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-20
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
COLUMNS = (
    ("people", "erasing_at", sa.DateTime(timezone=True)),
    ("people", "receipt", _JSON),
    ("photos", "original", sa.Text()),
    ("photos", "report", _JSON),
    ("generations", "request", _JSON),
    ("generations", "wish", sa.Text()),
    ("versions", "provider_blob", sa.Text()),
    ("versions", "judgement", _JSON),
)


def upgrade() -> None:
    """Add the columns. Until now a version's handle was its number."""
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind))
    op.add_column("versions", sa.Column("handle", sa.Text, nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE versions SET handle = 'v' || number")
    op.create_index("uq_versions_handle", "versions", ["identity_id", "handle"], unique=True)
    op.create_index("ix_generations_job_id", "generations", ["job_id"])


def downgrade() -> None:
    """Drop them, with what is in them."""
    op.drop_index("ix_generations_job_id", "generations")
    op.drop_index("uq_versions_handle", "versions")
    op.drop_column("versions", "handle")
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
