"""Machines of a small cluster: real ``coach serve`` and ``coach worker``, each in a network of its own.

They share a PostgreSQL, an S3 server and a picture service that counts. Where Linux lets us (root, iproute2),
each is in a network namespace behind a link that can be cut; elsewhere they are plain processes, and it is
said.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests._postgres import PostgresServer, free_port, postgres_server, run_sql
from tests._s3 import S3Server, running_s3
from tests.marks._world import World, running

PORT = 8000
"""On which a web process listens, in a network of its own."""

_UNSAFE = "synchronous_commit"  # Off, a crash of PostgreSQL loses what it said was written.


@dataclass(kw_only=True)
class Network:
    """Links between machines and this process.

    Attributes:
        name: Begins the names of all that is made.
        first: The first three numbers of its addresses; ``""``: there are no namespaces here.
    """

    name: str
    first: str
    made: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Where the machines find what runs here."""
        return f"{self.first}.1" if self.first else "127.0.0.1"

    def join(self) -> tuple[list[str], str, str]:
        """A new machine: what its commands begin with, its link's name here, its address."""
        if not self.first:
            return [], "", "127.0.0.1"
        number = len(self.made) + 10
        space, link, address = f"{self.name}-{number}", f"{self.name}-v{number}", f"{self.first}.{number}"
        _ip("netns", "add", space)
        self.made.append(space)
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", link, "master", self.name, "up")
        _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            _ip("-n", space, "link", "set", device, "up")
        return ["ip", "netns", "exec", space], link, address

    def set(self, link: str, state: str) -> None:
        """Cut a link (``down``), or mend it (``up``)."""
        if link:
            _ip("link", "set", link, state)


@contextmanager
def network() -> Iterator[Network]:
    """A network, as far as Linux lets us."""
    made = Network(name=f"coach{os.getpid() % 10_000}", first=f"10.213.{os.getpid() % 250}")
    try:
        _ip("link", "add", made.name, "type", "bridge")
        _ip("addr", "add", f"{made.host}/24", "dev", made.name)
        _ip("link", "set", made.name, "up")
        _ip("netns", "add", f"{made.name}-9")
        _ip("netns", "del", f"{made.name}-9")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stdout.write(f"NO NETWORK NAMESPACES HERE ({error}): plain processes, and no link is cut.\n")
        made = Network(name=made.name, first="")
    try:
        yield made
    finally:
        for space in made.made:
            subprocess.run(["ip", "netns", "del", space], check=False)
        if made.first or shutil.which("ip"):
            subprocess.run(["ip", "link", "del", made.name], check=False, stderr=subprocess.DEVNULL)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@dataclass(kw_only=True)
class Machine:
    """One process on a machine of its own, with its own disk."""

    command: list[str]
    env: dict[str, str]
    home: Path
    link: str
    address: str
    process: subprocess.Popen[bytes] = field(init=False)
    lives: int = 0

    def start(self) -> None:
        """Start it; it is not ready yet."""
        self.lives += 1
        with (self.home / f"log-{self.lives}").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.env)

    def wait_ready(self) -> None:
        """Wait until it says that it began; started while the database was away, it ends, and begins anew."""
        deadline = time.monotonic() + 120
        word = b"makes pictures" if "worker" in self.command else b"The coach is here"
        while word not in self.log():
            assert time.monotonic() < deadline, self.log().decode()[-3000:]
            time.sleep(0.05)
            self.revive()

    def revive(self) -> None:
        """Start it if it is not there, as whatever runs services does."""
        if self.process.poll() is not None:
            self.start()

    def log(self) -> bytes:
        """What it said in this life."""
        return (self.home / f"log-{self.lives}").read_bytes()

    def kill(self) -> None:
        """Cut its power."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def cpu(self) -> float:
        """The seconds of CPU it took so far (Linux)."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Cluster:
    """What the machines share. ``world`` is how this process sees it."""

    network: Network
    postgres: PostgresServer
    s3: S3Server | None
    world: World
    env: dict[str, str]
    machines: list[Machine] = field(default_factory=list)

    def web(self, **env: str) -> Machine:
        """A new process that serves and leaves pictures to workers."""
        host = "0.0.0.0" if self.network.first else "127.0.0.1"
        port = PORT if self.network.first else free_port()
        serve = ["serve", "--host", host, "--port", str(port)]
        return self._add(serve, {"COACH_QUEUE": "workers", **env})

    def worker(self, slots: int = 8, **env: str) -> Machine:
        """A new worker."""
        return self._add(["worker", "--slots", str(slots)], env)

    def _add(self, words: list[str], env: dict[str, str]) -> Machine:
        enter, link, address = self.network.join()
        home = self.world.folder / f"machine-{len(self.machines)}"
        home.mkdir()
        if self.s3 is None:
            (home / "blobs").symlink_to(self.world.folder / "blobs")
        machine = Machine(
            command=[*enter, sys.executable, "-u", "-m", "coach", *words],
            env={**os.environ, **self.env, "COACH_HOME": str(home), **env},
            home=home,
            link=link,
            address=f"{address}:{words[-1]}" if words[0] == "serve" else address,
        )
        self.machines.append(machine)
        machine.start()
        return machine


@contextmanager
def cluster(*, seconds: float, bucket: bool = False, apart: bool = False, **env: str) -> Iterator[Cluster]:
    """Start what is shared.

    Args:
        seconds: So long the picture service works on each.
        bucket: Whether pictures are kept by S3; else in one folder.
        apart: Whether each machine is in a network of its own.
        env: Settings of all machines.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coach-marks-")))
        net = stack.enter_context(network()) if apart else Network(name="", first="")
        server = stack.enter_context(postgres_server(host=net.host, max_connections="300", **{_UNSAFE: "on"}))
        run_sql(server.address(), "CREATE DATABASE marks")
        upstream = "tests.marks._upstream", "--host", "0.0.0.0", "--seconds", str(seconds)
        port = stack.enter_context(running(*upstream))
        shared = {"OPENAI_API_KEY": "a-key", "OPENAI_BASE_URL": f"http://{net.host}:{port}/v1"}
        shared |= {"COACH_DATABASE_URL": f"{server.address(net.host)}/marks", "COACH_SALT": "one for all"}
        shared |= {"COACH_SECOND_TRY": "no", "COACH_CHAT_MODEL": "a-model", "COACH_PREVIEWS": "0"}
        s3 = None
        (folder / "blobs").mkdir()
        if bucket:
            address = stack.enter_context(running_s3(folder, host=net.host))
            s3 = S3Server(endpoint=address, bucket="marks")
            s3.client().create_bucket(Bucket=s3.bucket)
            shared |= {"S3_ENDPOINT": s3.endpoint, "S3_BUCKET_NAME": s3.bucket, "S3_REGION": s3.region}
            shared |= {"S3_ACCESS_KEY": s3.access_key, "S3_SECRET_KEY": s3.secret_key}
        world = World(database=f"{server.address()}/marks", folder=folder, upstream=port)
        made = Cluster(network=net, postgres=server, s3=s3, world=world, env={**shared, **env})
        try:
            yield made
        finally:
            for machine in made.machines:
                machine.process.kill()
                machine.process.wait()
