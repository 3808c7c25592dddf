"""Column types that behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from coach.errors import InputRefused
from coach.text import UNSTORABLE, storable

USER_ID_LENGTH = 200
"""The most characters the host's id of a person may have."""


class Unstorable(DontWrapMixin, InputRefused, ValueError):
    """A value that must not reach the database. SQLAlchemy lets it through as it is."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in, the same moment in UTC out. SQLite itself drops the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raise :class:`Unstorable` for a datetime without a zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise Unstorable("A datetime without a zone cannot be stored; write datetime.now(UTC).")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text. What PostgreSQL cannot store (NUL, lone surrogates) becomes U+FFFD on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        return None if value is None else str(storable(value))


class UserId(TypeDecorator[str]):
    """The host's id of a person: 1 to 200 characters. Never altered: two ids must never become one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Raise :class:`Unstorable` for an id that cannot be kept as it is."""
        if value is None or not 1 <= len(value) <= USER_ID_LENGTH or UNSTORABLE.search(value):
            raise Unstorable(f"A user id has 1 to {USER_ID_LENGTH} characters, none of them NUL.")
        return value


class Json(TypeDecorator[Any]):
    """JSON, ``JSONB`` on PostgreSQL. Cleaned like :class:`CleanText`; :func:`write_json` writes it."""

    impl = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Replace what cannot be stored."""
        return storable(value)


def write_json(value: Any) -> str:
    """JSON text. NaN and infinities, which JSON does not have, become null."""
    return to_json(value, inf_nan_mode="null").decode()
