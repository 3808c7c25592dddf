"""The tables of what is served over a network: who speaks for whom, turns, flows, stickers, what was seen."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint, text

from coach.store._columns import belongs, micros, one_of, owner, row_id, when, whole, words
from coach.store.tables import metadata
from coach.store.types import CleanText, Json

CredentialKind = Literal["key", "session"]
"""A key is for programs, a session for a browser."""

WorkState = Literal["running", "done", "failed"]
"""How far a turn is, or a run of a flow. ``done``: it came to its end, be that a refusal; ``failed``: to one
that nobody foresaw. What happened in it is in its events and in the ledger."""

BaseKind = Literal["photo", "version", "upload"]
"""What the picture is that a sticker is made from."""

# Only a hash of the secret is kept: who reads the database can speak for nobody.
credentials = Table(
    "credentials",
    metadata,
    row_id(),
    owner(),
    words("kind"),
    words("secret_hash"),
    words("label"),
    words("tenant"),
    Column("operator", Boolean, nullable=False),
    when("created_at"),
    when("expires_at", null=True),
    UniqueConstraint("secret_hash"),
    Index(None, "user_id"),
    one_of("kind", get_args(CredentialKind)),
)

# `key` is the client's: the same key is the same turn, asked for once. `messages_before` tells after a crash
# whether the person's message was kept. A process that works on a turn says so in `beat_at`.
turns = Table(
    "turns",
    metadata,
    row_id(),
    owner(),
    words("conversation_id"),
    words("key"),
    Column("body", Json, nullable=False),
    words("state"),
    whole("messages_before"),
    words("held_by"),
    when("beat_at"),
    when("created_at"),
    when("ended_at", null=True),
    belongs("conversation_id", "conversations"),
    UniqueConstraint("user_id", "conversation_id", "key"),
    Index(None, "state"),
    one_of("state", get_args(WorkState)),
)

# What a person saw happen, in order, so that a page can show it again from any point. `channel` is what it
# happened in: a conversation, or another thing with an id of its own.
happenings = Table(
    "happenings",
    metadata,
    owner(),
    Column("channel", CleanText, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    words("turn_id"),
    words("kind"),
    Column("data", Json, nullable=False),
    when("at"),
    Index(None, "user_id"),
)

# `graph` is a `coach.flows.Flow`. `again` counts, by node, how often another picture of the same was wanted.
flows = Table(
    "flows",
    metadata,
    row_id(),
    owner(),
    words("tenant"),
    words("title"),
    Column("graph", Json, nullable=False),
    Column("again", Json, nullable=False),
    when("created_at"),
    when("updated_at"),
    UniqueConstraint("user_id", "id"),
)

# A run is of the flow as it was then, whatever becomes of it meanwhile; when it has ended that is not needed.
flow_runs = Table(
    "flow_runs",
    metadata,
    row_id(),
    owner(),
    words("flow_id"),
    words("key"),
    Column("body", Json, nullable=False),
    Column("graph", Json),
    Column("again", Json, nullable=False),
    words("state"),
    words("held_by"),
    when("beat_at"),
    when("created_at"),
    when("ended_at", null=True),
    belongs("flow_id", "flows"),
    UniqueConstraint("user_id", "flow_id", "key"),
    Index(None, "state"),
    one_of("state", get_args(WorkState)),
)

# `hash` is of the spec and of the picture it is made from: by it "now" names what it executes. `url` is where
# that picture came from, `version_id` the last one that was made, and `violations` what was wrong with it.
sticker_specs = Table(
    "sticker_specs",
    metadata,
    row_id(),
    owner(),
    whole("number"),
    words("hash"),
    Column("spec", Json, nullable=False),
    words("base_kind"),
    words("base_id"),
    words("url", null=True),
    micros("quote_micros", null=True),
    words("version_id", null=True),
    Column("violations", Json),
    when("created_at"),
    when("quoted_at"),
    UniqueConstraint("user_id", "number"),
    UniqueConstraint("user_id", "hash"),
    one_of("base_kind", get_args(BaseKind)),
)

# Pictures that wait for a worker, or are made by one: `held_by` is "" while they wait. `tag` says who is
# next (the lowest), `taken` how often a worker began, `wanted` whether anybody still waits for it. `news` is
# what is told on the way, `outcome` why there is no picture; what it cost, and all else, is in the ledger.
orders = Table(
    "orders",
    metadata,
    row_id(),
    owner(),
    words("key"),
    words("tenant"),
    words("service"),
    Column("batch", Boolean, nullable=False),
    whole("tag"),
    words("asked"),
    Column("body", Json, nullable=False),
    Column("news", Json, nullable=False),
    words("state"),
    words("held_by"),
    Column("wanted", Boolean, nullable=False),
    whole("taken"),
    Column("outcome", Json),
    when("created_at"),
    when("taken_at", null=True),
    when("ended_at", null=True),
    Index(
        "uq_orders_key",
        "user_id",
        "key",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index(None, "state", "service", "batch", "tag"),
    one_of("state", get_args(WorkState)),
)
