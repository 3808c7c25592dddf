"""What is measured is the real thing: every peer makes the very picture that the server sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measure import ACTION, HOT, SDK, Bench, bench, must_be_right


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder: Path = tmp_path_factory.mktemp("bench") / "work"
    with bench(folder, say=lambda _: None) as found:
        yield found


@pytest.mark.parametrize("way", ["json", "sse"])
@pytest.mark.parametrize("name", [SDK, HOT, ACTION])
def test_a_peer_makes_the_picture_that_was_sent(running: Bench, name: str, way: str) -> None:
    with running.peers([name], way, warm=0) as workers:
        taken = workers[name].run(2, 2)
        must_be_right(workers[name].folder)
    assert taken["cpu"] > 0
    assert taken["wall"] > 0
