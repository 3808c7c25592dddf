"""The three people, made once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.untrusted._lab import World, new_world


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """See :func:`new_world`."""
    with new_world() as made:
        yield made
