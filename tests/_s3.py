"""A real S3 protocol for the tests: `ministack` on 127.0.0.1, which checks keys and signed links."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests._postgres import free_port


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where a bucket is and who may use it."""

    endpoint: str
    bucket: str
    access_key: str = "test"
    secret_key: str = "test"
    region: str = "us-east-1"

    def client(self) -> Any:
        """An independent client, to look behind our own."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )


@contextmanager
def running_s3(folder: Path, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Start a server on a free port; gives its address. It has no buckets yet."""
    port = free_port()
    address = f"http://{host}:{port}"
    # Through hypercorn: its own command listens on every interface.
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "-b", f"{host}:{port}"]
    known = {"AUTH": "true", "GATEWAY_PORT": str(port), "MINISTACK_HOST": host}
    with (folder / "s3.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=os.environ | known)
    try:
        _wait_for(f"{address}/_ministack/health", server, folder / "s3.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def get(link: str) -> tuple[int, str, bytes]:
    """Status, media type and body of a plain GET."""
    try:
        with urllib.request.urlopen(link, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, "", b""


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            if get(address)[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"the S3 server did not start: {log.read_text()}")
