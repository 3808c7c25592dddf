"""The small coach and the sandbox that the tests of adapters share, once for each module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.sandbox import Sandbox
from tests._talk import open_gate, write_talk


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_talk(tmp_path_factory.mktemp("talk"))


@pytest.fixture
def log() -> list[Any]:
    """What the actions of the small coach did."""
    return []


@pytest.fixture
def talk(folder: Path, log: list[Any]) -> coach.Coach:
    return coach.load(folder, log=log, gate=open_gate)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> coach.Settings:
    return coach.Settings.read(
        home=tmp_path, openai_api_key=sandbox.api_key, openai_base_url=sandbox.base_url
    )
