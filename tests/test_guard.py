"""The guard that keeps tests on this machine is on."""

import asyncio
import socket

import pytest

from tests._guard import LeftTheMachine

ELSEWHERE = "192.0.2.1"  # RFC 5737: an address of documents, nobody's machine


def test_a_connection_to_another_machine_is_stopped() -> None:
    with socket.socket() as one, pytest.raises(LeftTheMachine):
        one.connect((ELSEWHERE, 80))


def test_a_datagram_to_another_machine_is_stopped() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as one, pytest.raises(LeftTheMachine):
        one.sendto(b"x", (ELSEWHERE, 53))


async def test_looking_up_another_machine_is_stopped_in_asyncio_too() -> None:
    with pytest.raises(LeftTheMachine):
        await asyncio.open_connection("example.com", 80)


async def test_this_machine_answers() -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "localhost", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
