"""Column types that behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

USER_ID_LENGTH = 200
"""The most characters the host's id of a person may have."""

# PostgreSQL stores neither NUL nor half a surrogate pair; a model can produce both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Unstorable(DontWrapMixin, ValueError):
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
        return None if value is None else clean(value)


class UserId(TypeDecorator[str]):
    """The host's id of a person: 1 to 200 characters. Never altered: two ids must never become one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Raise :class:`Unstorable` for an id that cannot be kept as it is."""
        if value is None or not 1 <= len(value) <= USER_ID_LENGTH or _UNSTORABLE.search(value):
            raise Unstorable(f"A user id has 1 to {USER_ID_LENGTH} characters, none of them NUL.")
        return value


class Json(TypeDecorator[Any]):
    """JSON, ``JSONB`` on PostgreSQL. Cleaned like :class:`CleanText`; NaN and infinities become null."""

    impl = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Replace what cannot be stored."""
        return _clean_json(value)


def clean(text: str) -> str:
    """``text`` with U+FFFD where PostgreSQL could not store it."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _clean_json(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {clean(str(key)): _clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean_json(item) for item in value]
        case _:
            return value
