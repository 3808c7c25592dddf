"""No certificate is trusted by default, here where nobody leaves the machine.

To read the operating system's takes a client of ``httpx2`` 30 ms, and the suite makes thousands of them.
"""

import ssl

import httpcore2
import pytest


def trust_nobody(patch: pytest.MonkeyPatch) -> None:
    """Stand in for what a client trusts that is told nothing of it."""
    patch.setattr(httpcore2, "default_ssl_context", lambda **_: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
