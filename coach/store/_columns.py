"""Columns and constraints that the tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    text,
)

from coach.store.types import CleanText, UserId, UtcDateTime


def row_id() -> Column[str]:
    """The primary key of most rows."""
    return Column("id", CleanText, primary_key=True)


def owner() -> Column[str]:
    """Whose row it is: it goes when they go."""
    return Column("user_id", UserId, ForeignKey("people.user_id", ondelete="CASCADE"), nullable=False)


def words(name: str, *, null: bool = False) -> Column[str]:
    """Text."""
    return Column(name, CleanText, nullable=null)


def whole(name: str, *, default: str | None = None) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=False, server_default=default)


def micros(name: str, *, null: bool = False) -> Column[int]:
    """Money, in millionths of a US dollar."""
    return Column(name, BigInteger, nullable=null)


def picture() -> list[Column[Any]]:
    """Where a picture lies and what it is; pixels."""
    return [words("blob"), words("sha256"), whole("width"), whole("height"), words("media_type")]


def when(name: str, *, null: bool = False) -> Column[Any]:
    """A moment."""
    return Column(name, UtcDateTime, nullable=null)


def belongs(column: str, table: str) -> ForeignKeyConstraint:
    """A foreign key that takes the owner along."""
    return ForeignKeyConstraint(["user_id", column], [f"{table}.user_id", f"{table}.id"], ondelete="CASCADE")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Only these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def only_one(name: str, column: str, where: str) -> Index:
    """At most one row per ``column`` among those ``where`` holds for."""
    return Index(name, column, unique=True, sqlite_where=text(where), postgresql_where=text(where))
