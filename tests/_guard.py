"""No test leaves this machine. On by ``pytest_plugins = ["tests._guard"]`` in ``tests/conftest.py``.

Python raises an audit event before it looks a name up, connects or sends; what a hook raises stops the call.
So every library of this process is watched, whichever way it came to its socket.
"""

import ipaddress
import socket
import sys
from typing import Any

LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
SENDS = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class LeftTheMachine(RuntimeError):
    """A test tried to reach another machine."""


def is_here(host: str | bytes | None) -> bool:
    """Whether the host is this machine: loopback, ``localhost``, or left out as when listening."""
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: stop what is for another machine. Unix sockets pass."""
    if event in LOOKUPS:
        host = args[0]
    elif event in SENDS and args[0].family in (socket.AF_INET, socket.AF_INET6) and args[1]:
        host = args[1][0]
    else:
        return
    if not is_here(host):
        raise LeftTheMachine(f"a test may only talk to this machine, not to {host!r}: use the sandbox")


def pytest_configure() -> None:
    """Put the hook in place; Python has no way to take one away again."""
    sys.addaudithook(watch)
