"""A link, taken apart once: what is judged is what is dialled and what is asked for.

Stricter than RFC 3986 and the WHATWG's URL Standard, where these two and the libraries disagree: a link that
two of them read differently is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urljoin

import idna

from coach.errors import FetchRefused

MOST_LINK = 8192
"""Characters of a link; those that a bucket has signed have 2,000."""

_LINK = re.compile(r"(https?)://([^/?#]+)(/[^?#]*)?(\?[^#]*)?(?:#.*)?", re.IGNORECASE)
_WHOLE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@%]+))(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
_MOST_NAME = 253
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
"""A last label that makes the whole name an IPv4 address (URL Standard, "ends in a number")."""

_ASIS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>^`{|}')


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that can be read one way only.

    Args:
        scheme: ``http`` or ``https``.
        host: A name in ASCII, in small letters and without a final dot, or an address without brackets.
        port: Given, or the scheme's.
        path: With the query, in ASCII; what is not was percent-encoded. Of the fragment nothing is kept.
        address: The host's, when it is one.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: IPv4Address | IPv6Address | None = None

    @property
    def authority(self) -> str:
        """The ``Host`` header: no port when it is the scheme's."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _port(self.scheme) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, the same for every way to write them."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole, as it is asked for."""
        return self.origin + self.path


def read(url: str) -> Link:
    """Take a link apart.

    Raises:
        FetchRefused: ``bad_url``.
    """
    found = _LINK.fullmatch(url) if _is_clean(url) else None
    parts = _AUTHORITY.fullmatch(found[2]) if found else None
    if found is None or parts is None:
        raise FetchRefused("bad_url")
    scheme = found[1].lower()
    port = int(parts[3] or _port(scheme))
    if not 0 < port < 65536:
        raise FetchRefused("bad_url")
    try:
        address = IPv6Address(parts[1]) if parts[1] else _version_4(parts[2])
        host = _ascii(parts[2]) if address is None else str(address)
    except ValueError:
        raise FetchRefused("bad_url") from None
    path = quote((found[3] or "/") + (found[4] or ""), safe=_ASIS)
    return Link(scheme=scheme, host=host, port=port, path=path, address=address)


def follow(link: Link, location: bytes) -> Link:
    """Where a redirect leads to, read as strictly as a link.

    Raises:
        FetchRefused: ``bad_url``.
    """
    try:
        to = location.decode()
        # Before joining: the standard library drops line breaks and tabs. What is whole is not joined at all,
        # for it makes a path of a name that has a slash too many before it.
        if not _is_clean(to) or _WHOLE.match(to):
            return read(to)
        return read(f"{link.scheme}:{to}" if to.startswith("//") else urljoin(link.url, to))
    except ValueError:
        raise FetchRefused("bad_url") from None


def _is_clean(url: str) -> bool:
    """No control or invisible character, no space, no backslash."""
    return len(url) <= MOST_LINK and url.isprintable() and " " not in url and "\\" not in url


def _version_4(name: str) -> IPv4Address | None:
    """The address when the name is one, written with four decimal numbers."""
    return IPv4Address(name) if re.fullmatch(r"[0-9]+(?:\.[0-9]+){3}", name) else None


def _ascii(name: str) -> str:
    """A name as DNS has it (IDNA 2008 with the mapping of UTS 46)."""
    if len(name) > _MOST_NAME + 1:  # with the final dot; before it is worked on at length
        raise ValueError("too long")
    plain = name.lower() if name.isascii() else idna.encode(name, uts46=True, std3_rules=True).decode()
    plain = plain.removesuffix(".")
    if len(plain) > _MOST_NAME or not _NAME.fullmatch(plain) or _NUMERIC.fullmatch(plain.rpartition(".")[2]):
        raise ValueError("no name of a host")
    return plain


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
