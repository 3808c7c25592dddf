"""Work in a child of this process: everything is imported already, so one costs little. Not on Windows."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, Any]]


def begin(work: Work, *, environ: dict[str, str] | None = None) -> tuple[int, int]:
    """Start ``work`` in a child; gives its process id, and where its answer can be read."""
    reads, writes = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.close(writes)
        return child, reads
    code = 1
    try:
        os.close(reads)
        os.environ.update(environ or {})
        answer = asyncio.run(work())
        os.write(writes, json.dumps(answer).encode())
        code = 0
    except Exception:
        logging.exception("a child failed")
    finally:
        os._exit(code)


def end(child: int, reads: int) -> tuple[int, Any]:
    """Wait for a child; gives its exit code (negative: the signal) and its answer."""
    said = b""
    while piece := os.read(reads, 65536):
        said += piece
    os.close(reads)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said) if said else None


def run(work: Work) -> Any:
    """The answer of a child that must not fail."""
    code, answer = end(*begin(work))
    if code:
        raise RuntimeError(f"a child ended with {code}")
    return answer


def killed_after(work: Work, seconds: float) -> bool:
    """Start ``work`` and kill it after some time; says whether the kill came before its end."""
    child, reads = begin(work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return end(child, reads)[0] == -signal.SIGKILL
