"""Faults of the connection and of HTTP: what really arrives."""

import re

import pytest

from coach.sandbox import Sandbox
from tests.sandbox._wire import ORDER, STREAMED, Peer, post


@pytest.mark.parametrize("mode", ["hang", "upload_stalled"])
def test_nothing_comes_and_the_connection_stays_open(quick: Sandbox, mode: str) -> None:
    with Peer(quick, mode) as peer:
        assert peer.silent()


@pytest.mark.parametrize("mode", ["reset", "reset_early"])
def test_the_connection_is_reset_before_a_byte(quick: Sandbox, mode: str) -> None:
    with Peer(quick, mode) as peer, pytest.raises(ConnectionResetError):
        peer.rest()


def test_the_connection_is_closed_before_a_byte(quick: Sandbox) -> None:
    with Peer(quick, "closed") as peer:
        assert peer.rest() == b""


def test_the_request_is_read_before_an_answer_but_not_by_what_strikes_early(quick: Sandbox) -> None:
    for mode in ("reset_early", "upload_stalled"):
        with Peer(quick, mode, b"{", promised=1000) as peer:
            assert peer.answered().params == {}
    with Peer(quick, "hang", promised=1000) as peer:
        assert quick.log[-1].seconds is None, "the rest is waited for"


def test_a_stalled_upload_takes_no_more_than_buffers_hold(quick: Sandbox) -> None:
    much, sent, stuck = b"x" * 1_000_000, 0, 0
    with Peer(quick, "upload_stalled; seconds=0.5", b"", promised=10**9) as peer:
        peer.socket.setblocking(False)
        while stuck < 3 and sent < 10**8:
            try:
                sent += peer.socket.send(much)
                stuck = 0
            except BlockingIOError:
                post(quick, "status_404")
                stuck += 1
    assert sent < 10**8


def test_a_stalled_upload_goes_on_in_sips(quick: Sandbox) -> None:
    with Peer(quick, "upload_stalled; seconds=0.001", b"", promised=10**9) as peer:
        peer.socket.sendall(b"x" * 20_000_000)


def test_another_protocol_answers(quick: Sandbox) -> None:
    with Peer(quick, "not_http") as peer:
        assert peer.rest().startswith(b"SSH-2.0")


def test_half_of_the_headers_come(quick: Sandbox) -> None:
    with Peer(quick, "half_head") as peer:
        got = peer.rest()
    assert got.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\n\r\n" not in got


def test_headers_come_without_end(quick: Sandbox) -> None:
    with Peer(quick, "endless_headers") as peer:
        got = peer.read(2_000_000)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\n\r\n" not in got
    assert len(set(re.findall(rb"x-more-\d+", got))) > 1000


def test_continue_is_said_again_and_again(quick: Sandbox) -> None:
    word = b"HTTP/1.1 100 Continue\r\n\r\n"
    with Peer(quick, "endless_continue; seconds=0.001") as peer:
        assert peer.read(20 * len(word)) == 20 * word


@pytest.mark.parametrize("body", [ORDER, STREAMED], ids=["whole", "streamed"])
def test_half_of_the_body_comes(quick: Sandbox, body: object) -> None:
    kind = "text/event-stream; charset=utf-8" if body is STREAMED else "application/json"
    with Peer(quick, "half_body", body) as peer:
        _, headers = peer.head()
        assert headers["content-type"] == kind and headers["x-request-id"] == quick.log[-1].request_id
        assert len(peer.rest()) == int(headers["content-length"]) // 2
    with Peer(quick, "stall", body) as peer:
        _, headers = peer.head()
        peer.read(int(headers["content-length"]) // 2)
        assert peer.silent()


def test_the_good_body_drips(quick: Sandbox) -> None:
    with Peer(quick, "drip; seconds=60") as peer:
        _, headers = peer.head()
        assert peer.read(1) == b"{" and peer.silent()
    assert abs(int(headers["content-length"]) - len(post(quick).content)) < 10
    with Peer(quick, "drip; seconds=0.0001") as peer:
        peer.head()
        assert peer.read(100).startswith(b'{"created":')


@pytest.mark.parametrize(
    ("body", "start"), [(ORDER, rb'\{"created": 1, "data": \[\{"b64_json": "A'), (STREAMED, b"data: {.*A")]
)
def test_the_body_never_ends(quick: Sandbox, body: object, start: bytes) -> None:
    with Peer(quick, "endless_body", body) as peer:
        _, headers = peer.head()
        got = peer.read(10_000_000)
    assert headers["transfer-encoding"] == "chunked"
    data = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", got.partition(b"\r\n")[2])
    assert re.match(start, data) and data[100:-20].strip(b"A") == b""


def test_more_comes_than_the_length_says(quick: Sandbox) -> None:
    with Peer(quick, "length_too_small") as peer:
        _, headers = peer.head()
        body = peer.rest()
    assert len(body) // 2 == int(headers["content-length"]) and body.endswith(b"}")


def test_a_chunk_has_no_size(quick: Sandbox) -> None:
    with Peer(quick, "chunk_broken") as peer:
        peer.head()
        got = peer.rest()
    size = int(got.partition(b"\r\n")[0], 16)
    assert got.partition(b"\r\n")[2][size:] == b"\r\nsoon\r\n"


def test_a_stream_is_cut_in_its_last_event_or_falls_silent_before_it(quick: Sandbox) -> None:
    with Peer(quick, "sse_cut", STREAMED) as peer:
        peer.head()
        got = peer.rest()
    assert got.count(b"event: ") == 2 and b"image_generation.completed" in got
    assert not got.endswith(b"\r\n")
    with Peer(quick, "sse_stall", STREAMED) as peer:
        peer.head()
        assert peer.read(int(peer.line(), 16) + 2).startswith(b"event: image_generation.partial_image\n")
        assert peer.silent()


def test_a_stream_says_nothing_but_comments(quick: Sandbox) -> None:
    with Peer(quick, "sse_pings; seconds=0.001", STREAMED) as peer:
        peer.head()
        peer.read(int(peer.line(), 16) + 2)
        assert peer.read(20 * 13) == 20 * b"8\r\n: ping\n\n\r\n"
