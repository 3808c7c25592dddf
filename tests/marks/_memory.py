"""What this process uses of memory, as the kernel counts. Linux only."""

from __future__ import annotations

from pathlib import Path


def memory(what: str) -> float:
    """In MB: ``VmRSS`` now, ``VmHWM`` the highest."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise LookupError(what)


def reset_peak() -> float:
    """Forget the highest use so far; gives what is used now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")
