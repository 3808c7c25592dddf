"""The one schema, for SQLite and PostgreSQL.

Every row has an owner. Rows that belong to another row name their owner in the foreign key too, so the
database itself refuses a picture of one person's identity under another person's id. Deleting a person
deletes every row of theirs.

Counters (``identities_made``, ``versions_made``, ``messages_made``) give out the numbers in handles: an
``UPDATE … RETURNING`` locks the row, so numbers are never given twice and never used again.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from coach.errors import Paid
from coach.store.types import CleanText, Json, UserId, UtcDateTime

Stage = Literal["proposed", "accepted", "refined", "stated", "visualized"]
"""How far an identity has come."""

STAGES: tuple[Stage, ...] = get_args(Stage)
"""The stages in their order."""

GenerationState = Literal[
    "planned", "quoted", "reserved", "sending", "received", "stored", "judged", "done",
    "refused", "failed", "unknown",
]  # fmt: skip
"""Where a picture stands in the ledger."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", CleanText, primary_key=True)


def _owner() -> Column[str]:
    return Column("user_id", UserId, ForeignKey("people.user_id", ondelete="CASCADE"), nullable=False)


def _words(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, CleanText, nullable=null)


def _whole(name: str, *, default: str | None = None) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=default)


def _picture() -> list[Column[Any]]:
    """Where a picture lies and what it is; pixels."""
    return [_words("blob"), _words("sha256"), _whole("width"), _whole("height"), _words("media_type")]


def _when(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=null)


def _belongs(column: str, table: str) -> ForeignKeyConstraint:
    """A foreign key that takes the owner along."""
    return ForeignKeyConstraint(["user_id", column], [f"{table}.user_id", f"{table}.id"], ondelete="CASCADE")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _only_one(name: str, column: str, where: str) -> Index:
    """At most one row per ``column`` among those ``where`` holds for."""
    return Index(name, column, unique=True, sqlite_where=text(where), postgresql_where=text(where))


people = Table(
    "people",
    metadata,
    Column("user_id", UserId, primary_key=True),
    _words("name", null=True),
    _whole("identities_made", default="0"),
    _when("created_at"),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    _owner(),
    _words("purpose"),
    _words("text_version"),
    _words("statement"),
    _when("given_at"),
    _when("until", null=True),
    _when("revoked_at", null=True),
    Index(None, "user_id", "purpose"),
)

photos = Table(
    "photos",
    metadata,
    _id(),
    _owner(),
    *_picture(),
    Column("primary", Boolean, nullable=False),
    _when("created_at"),
    Index(None, "user_id", "created_at"),
    _only_one("uq_photos_primary", "user_id", '"primary"'),
)

identities = Table(
    "identities",
    metadata,
    _id(),
    _owner(),
    _whole("number"),
    _words("name"),
    _words("note"),
    _words("statement", null=True),
    _words("visualization", null=True),
    _words("appearance", null=True),
    _words("stage"),
    Column("current", Boolean, nullable=False),
    _whole("versions_made", default="0"),
    _when("archived_at", null=True),
    _when("created_at"),
    _when("updated_at"),
    UniqueConstraint("user_id", "number"),
    UniqueConstraint("user_id", "id"),
    _one_of("stage", STAGES),
    _only_one("uq_identities_current", "user_id", "current"),
)

notes = Table(
    "notes",
    metadata,
    _id(),
    _owner(),
    _words("text"),
    _when("created_at"),
    Index(None, "user_id", "created_at"),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _owner(),
    _words("coach"),
    _words("phase"),
    _whole("messages_made", default="0"),
    _words("held_by", null=True),
    _when("held_until", null=True),
    _when("created_at"),
    _when("updated_at"),
    UniqueConstraint("user_id", "id"),
)

messages = Table(
    "messages",
    metadata,
    _owner(),
    Column("conversation_id", CleanText, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _words("role"),
    Column("content", Json, nullable=False),
    _words("prompt_version", null=True),
    _when("created_at"),
    _belongs("conversation_id", "conversations"),
)

# A call can happen outside a conversation (`conversation_id` is then ""), so there is no foreign key to
# one. `id` is a hash of person, conversation and call id: the model writes call ids of any length.
calls = Table(
    "calls",
    metadata,
    _id(),
    _owner(),
    _words("conversation_id"),
    _words("call_id"),
    _words("action"),
    Column("arguments", Json, nullable=False),
    _words("digest"),
    _words("phase"),
    _words("prompt_version"),
    _words("state"),
    _words("say"),
    Column("data", Json),
    _words("next", null=True),
    _when("expires_at", null=True),
    _when("created_at"),
    _when("finished_at", null=True),
    Index(None, "user_id", "conversation_id", "created_at"),
)

# `key` is unique per person: the same key is the same picture. Keep it under 1000 characters (hash a longer
# one): PostgreSQL indexes no more than 2.7 kB. `parent_id` is the version a change starts from; without a
# foreign key, because versions name their generation. Money is in millionths of a US dollar.
generations = Table(
    "generations",
    metadata,
    _id(),
    _owner(),
    _words("key"),
    _words("request_hash"),
    _words("conversation_id"),
    _words("identity_id"),
    _words("parent_id", null=True),
    _words("engine"),
    _words("model"),
    _words("operation"),
    _words("state"),
    Column("params", Json, nullable=False),
    Column("repairs", Json, nullable=False),
    _words("prompt"),
    Column("quote_micros", BigInteger),
    Column("actual_micros", BigInteger),
    Column("usage", Json),
    _words("request_id", null=True),
    _words("error_code", null=True),
    _words("paid", null=True),
    _words("spool", null=True),
    Column("seconds", Float),
    _when("created_at"),
    _when("updated_at"),
    UniqueConstraint("user_id", "key"),
    UniqueConstraint("user_id", "id"),
    _belongs("identity_id", "identities"),
    _one_of("state", get_args(GenerationState)),
    _one_of("paid", get_args(Paid)),
    Index(None, "state"),
)

generation_steps = Table(
    "generation_steps",
    metadata,
    Column("generation_id", CleanText, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _words("state"),
    _when("at"),
    _words("detail"),
)

versions = Table(
    "versions",
    metadata,
    _id(),
    _owner(),
    _words("identity_id"),
    _whole("number"),
    _words("parent_id", null=True),
    _words("generation_id"),
    *_picture(),
    _words("prompt"),
    _when("accepted_at", null=True),
    _when("created_at"),
    UniqueConstraint("identity_id", "number"),
    UniqueConstraint("user_id", "id"),
    _belongs("identity_id", "identities"),
    _belongs("parent_id", "versions"),
    _belongs("generation_id", "generations"),
    _only_one("uq_versions_accepted", "identity_id", "accepted_at IS NOT NULL"),
)
