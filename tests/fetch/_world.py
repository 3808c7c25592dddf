"""A whole Internet on loopback: every address is this machine's, with names and a web server on all of them.

For a network namespace of one's own (`unshare -rnm`), from which nothing leaves.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import struct
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote_to_bytes

PUBLIC = ("93.184.216.34", "2606:2800:21f:cb07::1")
PORTS = (22, 80, 443, 2375, 6379, 8080, 8443, 9200)
PICTURE = b"a public picture"


def take_over() -> None:
    """Every address becomes local, and names are asked of 127.0.0.1 alone.

    Raises:
        OSError, subprocess.CalledProcessError: Not here.
    """
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True, capture_output=True)
    for path, text in {
        "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\nsearch inside.lab.test\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    }.items():
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        subprocess.run(["mount", "--bind", file.name, path], check=True, capture_output=True)


def dialled() -> int:
    """How often anything here has tried to open a TCP connection, as the kernel counts."""
    names, values = (
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")
    )
    return int(dict(zip(names, values, strict=True))["ActiveOpens"])


class Names(asyncio.DatagramProtocol):
    """A name server.

    Args:
        zone: By name, its answers in turn, the last one again and again; each is a list of addresses, or
            the name that the name stands for.
    """

    def __init__(self, zone: Mapping[str, list[list[str]]]) -> None:
        self._zone, self._asked = zone, Counter[tuple[str, int]]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _name_at(data)
        (kind,) = struct.unpack_from("!H", data, end)
        turns = self._zone.get(name)
        records = []
        if turns:
            turn = min(self._asked[name, kind], len(turns) - 1)
            self._asked[name, kind] += 1
            records = self._records(name, turns[turn], kind)
        flags = 0x8580 if turns else 0x8583
        head = data[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
        self._transport.sendto(head + data[12 : end + 4] + b"".join(records), addr)

    def _records(self, name: str, answers: list[str], kind: int) -> list[bytes]:
        records = []
        for answer in answers:
            try:
                address = ipaddress.ip_address(answer)
            except ValueError:
                records.append(_record(name, 5, _name(answer)))
                records += self._records(answer, self._zone[answer][-1], kind)
                continue
            if kind == {4: 1, 6: 28}[address.version]:
                records.append(_record(name, kind, address.packed))
        return records


def _name_at(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def _name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _record(name: str, kind: int, value: bytes) -> bytes:
    return _name(name) + struct.pack("!HHIH", kind, 1, 0, len(value)) + value


class Web:
    """A web server on every address; ``/to?LINK`` redirects, ``/chain/N`` does so N times.

    ``reached`` has the own address and port of every connection, and whether a request came.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls, self.reached = tls, list[tuple[str, int, bool]]()

    async def listen(self) -> None:
        for port in PORTS:
            for host in ("0.0.0.0", "::"):
                await asyncio.start_server(self._serve, host, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")[:2]
        at = len(self.reached)
        self.reached.append((host, port, False))
        with suppress(OSError, EOFError, ssl.SSLError, asyncio.LimitOverrunError):
            if port in (443, 8443):
                await writer.start_tls(self._tls)
            asked = await reader.readuntil(b"\r\n\r\n")
            self.reached[at] = (host, port, True)
            writer.write(_answer(asked, PICTURE if host in PUBLIC else b"a secret"))
            await writer.drain()
        writer.close()


def _answer(asked: bytes, body: bytes) -> bytes:
    path, _, query = asked.split(b" ", 2)[1].partition(b"?")
    if path == b"/to":
        return _redirect(unquote_to_bytes(query))
    if path.startswith(b"/chain/") and (left := int(path[7:])):
        return _redirect(b"/chain/%d" % (left - 1))
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


def _redirect(to: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % to
