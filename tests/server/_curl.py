"""Running a curl command as it is written, by curl or by the same bytes on a socket."""

import asyncio
import json
import mimetypes
import shlex
import shutil
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

Answer = tuple[int, dict[str, Any]]
Runs = Callable[[str, Path], Awaitable[Answer]]
_BOUNDARY = "------------------------d74496d66958873e"


async def by_curl(command: str, folder: Path) -> Answer:
    """What curl prints: the status and the JSON."""
    words = [*shlex.split(command.replace("\\\n", " ")), "-sS", "--write-out", "\n%{http_code}"]
    process = await asyncio.create_subprocess_exec(*words, cwd=folder, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    body, _, status = out.decode().rpartition("\n")
    return int(status), json.loads(body)


async def by_hand(command: str, folder: Path) -> Answer:
    """The same request without curl: its headers, and its form byte by byte."""
    words = shlex.split(command.replace("\\\n", " "))
    url = next(word for word in words if urlsplit(word).scheme)
    given = [(flag, value) for flag, value in pairwise(words) if flag in ("-H", "-F")]
    headers = dict(value.split(": ", 1) for flag, value in given if flag == "-H")
    headers["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
    parts = b"".join(_part(value, folder) for flag, value in given if flag == "-F")
    async with httpx2.AsyncClient(timeout=30) as client:
        answer = await client.post(url, headers=headers, content=parts + f"--{_BOUNDARY}--\r\n".encode())
    return answer.status_code, answer.json()


def _part(field: str, folder: Path) -> bytes:
    name, _, value = field.partition("=")
    said, data = f'Content-Disposition: form-data; name="{name}"', value.encode()
    if value.startswith("@"):
        kind, _ = mimetypes.guess_type(value)
        said += f'; filename="{value[1:]}"\r\nContent-Type: {kind}'
        data = (folder / value[1:]).read_bytes()
    return f"--{_BOUNDARY}\r\n{said}\r\n\r\n".encode() + data + b"\r\n"


RUNS: tuple[Runs, ...] = (by_hand, by_curl) if shutil.which("curl") else (by_hand,)
