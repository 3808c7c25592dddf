"""The tables of what worker processes share: the services, and who is there. They belong to no person."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table

from coach.store._columns import row_id, when, whole, words
from coach.store.tables import metadata
from coach.store.types import CleanText, Json

# One API key at one address: its limits are the key's. `name` is what the service is called and a keyed hash
# of both, never the key.
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

# A worker process. `services` are those it makes pictures with, `slots` how many it makes at the same time,
# `form` is the newest form of an order that it reads, `version` the library's. It lives as long as `beat_at`
# is not long ago; when it has ended as it should, it is gone from here.
workers = Table(
    "workers",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("services", Json, nullable=False),
    whole("slots"),
    whole("form"),
    words("version"),
    Column("stopping", Boolean, nullable=False),
    when("began_at"),
    when("beat_at"),
)
