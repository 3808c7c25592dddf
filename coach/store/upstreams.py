"""The tables of what all processes share about a picture service. They belong to no person."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from coach.store._columns import row_id, when, whole, words
from coach.store.tables import metadata
from coach.store.types import CleanText

# One API key at one address: its limits are the key's. `name` is what the service is called and a hash of the
# key, never the key.
upstreams = Table(
    "upstreams",
    metadata,
    Column("name", CleanText, primary_key=True),
    when("paused_until", null=True),
)

# A place for one request. Until `until` it is somebody's and counts as being made; `holder` is empty once it
# was given back. Its pictures count in the minute's window until they are no more of the last minute.
slots = Table(
    "slots",
    metadata,
    row_id(),
    Column("upstream", CleanText, ForeignKey("upstreams.name", ondelete="CASCADE"), nullable=False),
    words("holder"),
    whole("pictures"),
    when("taken_at"),
    when("sent_at", null=True),
    when("until"),
    Index(None, "upstream"),
)
