"""PostgreSQL's clock, by which processes on several machines agree: their own clocks do not count."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float, cast, func

from coach.store.types import UtcDateTime

NOW = func.statement_timestamp(type_=UtcDateTime)
"""One moment for a whole statement, and later than any lock that an earlier one waited for."""


def seconds(duration: ColumnElement[Any]) -> ColumnElement[float]:
    """A duration as a number."""
    return cast(func.extract("epoch", duration), Float)
