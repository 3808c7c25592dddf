"""The one schema, for SQLite and PostgreSQL.

Every row has an owner. Rows that belong to another row name their owner in the foreign key too, so the
database itself refuses a picture of one person's identity under another person's id. Deleting a person
deletes every row of theirs.

Counters (``identities_made``, ``versions_made``, ``messages_made``) give out the numbers in handles: an
``UPDATE … RETURNING`` locks the row, so numbers are never given twice and never used again.
"""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from coach.errors import Paid
from coach.store._columns import (
    belongs,
    micros,
    one_of,
    only_one,
    owner,
    picture,
    row_id,
    when,
    whole,
    words,
)
from coach.store.states import GenerationState as GenerationState
from coach.store.states import guard
from coach.store.types import CleanText, Json, UserId

Stage = Literal["proposed", "accepted", "refined", "stated", "visualized"]
"""How far an identity has come."""

STAGES: tuple[Stage, ...] = get_args(Stage)
"""The stages in their order."""

BudgetKind = Literal["turn", "person", "person_day", "tenant", "tenant_day", "day"]
"""What a budget can be for, beside one picture; in the order in which accounts are locked."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("user_id", UserId, primary_key=True),
    words("name", null=True),
    whole("identities_made", default="0"),
    when("created_at"),
    when("erasing_at", null=True),
    Column("receipt", Json),
)

consents = Table(
    "consents",
    metadata,
    row_id(),
    owner(),
    words("purpose"),
    words("text_version"),
    words("statement"),
    when("given_at"),
    when("until", null=True),
    when("revoked_at", null=True),
    Index(None, "user_id", "purpose"),
)

photos = Table(
    "photos",
    metadata,
    row_id(),
    owner(),
    *picture(),
    Column("primary", Boolean, nullable=False),
    when("created_at"),
    words("original", null=True),
    Column("report", Json),
    Index(None, "user_id", "created_at"),
    only_one("uq_photos_primary", "user_id", '"primary"'),
)

identities = Table(
    "identities",
    metadata,
    row_id(),
    owner(),
    whole("number"),
    words("name"),
    words("note"),
    words("statement", null=True),
    words("visualization", null=True),
    words("appearance", null=True),
    words("stage"),
    Column("current", Boolean, nullable=False),
    whole("versions_made", default="0"),
    when("archived_at", null=True),
    when("created_at"),
    when("updated_at"),
    Column("kind", CleanText, nullable=False, server_default=text("'identity'")),
    UniqueConstraint("user_id", "number"),
    UniqueConstraint("user_id", "id"),
    one_of("stage", STAGES),
    one_of("kind", ("identity", "workshop")),
    only_one("uq_identities_current", "user_id", "current"),
)

notes = Table(
    "notes",
    metadata,
    row_id(),
    owner(),
    words("text"),
    when("created_at"),
    Index(None, "user_id", "created_at"),
)

conversations = Table(
    "conversations",
    metadata,
    row_id(),
    owner(),
    words("tenant"),
    words("coach"),
    words("phase"),
    whole("messages_made", default="0"),
    words("held_by", null=True),
    when("held_until", null=True),
    when("created_at"),
    when("updated_at"),
    UniqueConstraint("user_id", "id"),
)

messages = Table(
    "messages",
    metadata,
    owner(),
    Column("conversation_id", CleanText, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    words("role"),
    Column("content", Json, nullable=False),
    words("prompt_version", null=True),
    when("created_at"),
    belongs("conversation_id", "conversations"),
)

# A call can happen outside a conversation (`conversation_id` is then ""), so there is no foreign key to
# one. `id` is a hash of person, conversation and call id: the model writes call ids of any length.
calls = Table(
    "calls",
    metadata,
    row_id(),
    owner(),
    words("conversation_id"),
    words("call_id"),
    words("action"),
    Column("arguments", Json, nullable=False),
    words("digest"),
    words("phase"),
    words("prompt_version"),
    words("state"),
    words("say"),
    Column("data", Json),
    words("next", null=True),
    when("expires_at", null=True),
    when("created_at"),
    when("finished_at", null=True),
    Column("terms", Json),
    Index(None, "user_id", "conversation_id", "created_at"),
)

# `key` and `attempt` are unique per person: the same key is the same picture, and there is a second attempt
# only when the first may have been charged and the person wants another. `told_in` is the turn in which the
# person was told of that. Keep a key and a tenant under 1000 characters (hash a longer one): PostgreSQL
# indexes no more than 2.7 kB. `parent_id` is the version a change starts from; without a foreign key, because
# versions name their generation. `moves` is the number of its last step; who moves it must know that.
# Triggers refuse a `state` that cannot follow: see `coach.store.states`.
generations = Table(
    "generations",
    metadata,
    row_id(),
    owner(),
    words("key"),
    whole("attempt"),
    words("request_hash"),
    words("tenant"),
    words("conversation_id"),
    words("turn_id"),
    words("told_in", null=True),
    words("identity_id"),
    words("parent_id", null=True),
    words("engine"),
    words("model"),
    words("operation"),
    words("state"),
    whole("moves"),
    Column("params", Json, nullable=False),
    Column("repairs", Json, nullable=False),
    words("prompt"),
    micros("quote_micros", null=True),
    micros("actual_micros", null=True),
    Column("usage", Json),
    whole("posts"),
    words("job_id", null=True),
    words("request_id", null=True),
    words("error_code", null=True),
    words("paid", null=True),
    words("spool", null=True),
    Column("seconds", Float),
    when("created_at"),
    when("updated_at"),
    Column("request", Json),
    words("wish", null=True),
    UniqueConstraint("user_id", "key", "attempt"),
    UniqueConstraint("user_id", "id"),
    belongs("identity_id", "identities"),
    one_of("state", get_args(GenerationState)),
    one_of("paid", get_args(Paid)),
    Index(None, "state"),
    Index(None, "job_id", unique=True),
)

guard(generations)

generation_steps = Table(
    "generation_steps",
    metadata,
    Column("generation_id", CleanText, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    words("state"),
    when("at"),
    words("detail"),
)

# What pictures hold and have spent within one budget; changed in the same transaction as the generation.
# `part` is the day (UTC, `2026-11-20`), the turn, or "". The rows of a person go with them; those of a tenant
# and of a day stay, and `owner` is then the tenant or "".
accounts = Table(
    "accounts",
    metadata,
    Column("kind", CleanText, primary_key=True),
    Column("owner", CleanText, primary_key=True),
    Column("part", CleanText, primary_key=True),
    Column("user_id", CleanText, ForeignKey("people.user_id", ondelete="CASCADE")),
    micros("held_micros"),
    micros("spent_micros"),
    one_of("kind", get_args(BudgetKind)),
    Index(None, "user_id"),
)

versions = Table(
    "versions",
    metadata,
    row_id(),
    owner(),
    words("identity_id"),
    whole("number"),
    words("parent_id", null=True),
    words("generation_id"),
    *picture(),
    words("prompt"),
    when("accepted_at", null=True),
    when("created_at"),
    Column("handle", CleanText, nullable=False, server_default=text("''")),
    words("provider_blob", null=True),
    Column("judgement", Json),
    UniqueConstraint("identity_id", "number"),
    Index("uq_versions_handle", "identity_id", "handle", unique=True),
    UniqueConstraint("user_id", "id"),
    belongs("identity_id", "identities"),
    belongs("parent_id", "versions"),
    belongs("generation_id", "generations"),
    only_one("uq_versions_accepted", "identity_id", "accepted_at IS NOT NULL"),
)
