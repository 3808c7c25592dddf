"""The laboratory: ``unshare -rnm python -m tests.fetch._lab`` says as JSON what was reached.

Exit code 75: this machine has no network namespaces to give.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
from ipaddress import ip_address
from pathlib import Path

import httpx2
from cryptography import x509

from coach.errors import FetchRefused
from coach.fetch import Fetcher
from tests._authority import Authority
from tests.fetch import _cases as cases
from tests.fetch._world import PICTURE, PUBLIC, Names, Web, dialled, take_over

NOT_HERE = 75
_NAMES = ("a.lab.test", "six.lab.test", "both.lab.test", "xn--bcher-kva.lab.test", "other.lab.test")


def main() -> int:
    """Try everything."""
    try:
        take_over()
    except (OSError, subprocess.CalledProcessError) as exc:
        sys.stderr.write(f"{exc}\n")
        return NOT_HERE
    sys.stdout.write(json.dumps(asyncio.run(_experiment())))
    return 0


async def _experiment() -> dict[str, object]:
    client, server = _tls()
    web = Web(server)
    await web.listen()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Names(cases.ZONE), ("127.0.0.1", 53))
    fetcher = Fetcher(http=True, seconds=5, _tls=client)
    return {
        "direct": {link: await _try(fetcher, web, link) for link in cases.DIRECT},
        "redirects": {link: await _try(fetcher, web, link) for link in cases.REDIRECTS},
        "rebinding": {
            f"{turn}: {name}": await _try(fetcher, web, f"http://{name}/")
            for name in cases.REBINDING
            for turn in range(5)
        },
        "allowed": {link: await _try(fetcher, web, link) for link in cases.ALLOWED},
        "certificate": await _try(fetcher, web, "https://alias.lab.test/"),
        "http": await _try(Fetcher(_tls=client), web, "http://a.lab.test/"),
        "downgraded": await _try(
            Fetcher(_tls=client), web, "https://a.lab.test/to?http%3A%2F%2Fa.lab.test%2F"
        ),
        "unguarded": await _unguarded(web),
    }


async def _try(fetcher: Fetcher, web: Web, link: str) -> dict[str, object]:
    """How it ended, where it got to, and how often it dialled."""
    web.reached.clear()
    before = dialled()
    try:
        ended = "served" if await fetcher.get(link) == PICTURE else "another's"
    except FetchRefused as exc:
        ended = exc.reason
    inside = [place for place in web.reached if place[0] not in PUBLIC or place[1] not in (80, 443)]
    return {"ended": ended, "inside": inside, "dialled": dialled() - before}


async def _unguarded(web: Web) -> int:
    """How many of the same links lead an ordinary client inside: the laboratory can see it."""
    led = 0
    async with httpx2.AsyncClient(follow_redirects=True, trust_env=False, verify=False, timeout=1) as client:
        for link in (*cases.DIRECT, *cases.REDIRECTS):
            web.reached.clear()
            try:
                await client.get(link)
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError, ExceptionGroup):
                continue
            led += any(place[0] not in PUBLIC and place[2] for place in web.reached)
    return led


def _tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For the client, which trusts the authority, and for the web server."""
    authority = Authority()
    names = [x509.DNSName(name) for name in _NAMES]
    addresses = [x509.IPAddress(ip_address(address)) for address in PUBLIC]
    chain, key = authority.issue("A web server", x509.SubjectAlternativeName([*names, *addresses]))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "chain").write_bytes(chain)
        (Path(folder) / "key").write_bytes(key)
        server.load_cert_chain(Path(folder) / "chain", Path(folder) / "key")
    return ssl.create_default_context(cadata=authority.root.decode()), server


if __name__ == "__main__":
    sys.exit(main())
