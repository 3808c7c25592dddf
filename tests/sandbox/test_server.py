"""Starting and stopping."""

import socket
import threading
import time

import httpx2
import pytest

from coach.sandbox import Sandbox


def test_it_answers_while_it_runs_and_not_after() -> None:
    with Sandbox() as sandbox:
        log = sandbox.base_url.removesuffix("/v1") + "/sandbox/log"
        nothing = {"requests": [], "received": 0, "charged": 0, "micros": 0, "faults": {}}
        assert httpx2.get(log).json() == nothing
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(log)


def test_a_port_that_is_taken_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(port=taken.getsockname()[1]).__enter__()


def test_a_picture_takes_as_long_as_it_is_told_and_nobody_else_waits() -> None:
    with Sandbox(delay=1.0) as sandbox, httpx2.Client(base_url=sandbox.base_url, timeout=30) as client:
        client.headers["authorization"] = "Bearer x"
        body = {"model": "gpt-image-2", "prompt": "hills", "size": "1024x1024", "quality": "low"}
        answers: list[int] = []
        began = time.monotonic()
        painting = threading.Thread(
            target=lambda: answers.append(client.post("/images/generations", json=body).status_code)
        )
        painting.start()
        assert client.get("/models").status_code == 200 and answers == []
        painting.join()
    assert answers == [200] and time.monotonic() - began >= 1.0


def test_waiting_ends_with_the_server() -> None:
    with Sandbox() as sandbox:
        waiting = threading.Thread(target=sandbox.wait)
        waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()


def test_ctrl_c_ends_the_waiting_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    with Sandbox() as sandbox:
        with monkeypatch.context() as pressed:
            pressed.setattr(threading.Thread, "join", interrupted)
            sandbox.wait()
        assert httpx2.get(sandbox.base_url.removesuffix("/v1") + "/sandbox/log").status_code == 200
