"""The commands in this process."""

from collections.abc import Iterator
from functools import cache

import pytest
from typer import main, testing


@pytest.fixture(scope="session", autouse=True)
def built_once() -> Iterator[None]:
    """An app's commands are built once, as in a process: typer's runner does it again for every call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(testing, "_get_command", cache(main.get_command))
        yield
