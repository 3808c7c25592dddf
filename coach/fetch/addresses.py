"""Which addresses are the public Internet.

``ipaddress.is_global`` does not tell: it follows the version of Python (3.11.7 calls 192.0.0.192 global,
where a cloud keeps credentials), and it knows nothing of addresses that lead to another one inside of them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# IANA IPv4 Special-Purpose Address Registry (RFC 6890), whole, with those that are reachable everywhere:
# nobody keeps pictures there. https://www.iana.org/assignments/iana-ipv4-special-registry/
_FORBIDDEN_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network, RFC 791; Linux connects to itself
        "10.0.0.0/8",  # private use, RFC 1918
        "100.64.0.0/10",  # shared by carriers, RFC 6598; Alibaba's metadata
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927; the metadata of most clouds
        "172.16.0.0/12",  # private use, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890; Oracle's metadata
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private use, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112, and broadcast, RFC 919
        "168.63.129.16/32",  # not in the registry: Azure's host, which gives out certificates and settings
    )
)

_UNICAST = IPv6Network("2000::/3")
"""All that is given out as public IPv6 (RFC 4291 §2.4, IANA IPv6 Global Unicast Address Assignments)."""

# IANA IPv6 Special-Purpose Address Registry (RFC 6890), what of it lies within 2000::/3.
# https://www.iana.org/assignments/iana-ipv6-special-registry/
_FORBIDDEN_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, RFC 2928: Teredo (RFC 4380), benchmarks, ORCHID, ...
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: leads to the IPv4 address inside
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3ffe::/16",  # 6bone, given back, RFC 3701
        "3fff::/20",  # documentation, RFC 9637
    )
)

# Where the IPv4 address lies, by the length of a network's own NAT64 prefix (RFC 6052 §2.2). Such a prefix
# can be any, and most interface identifiers look like some address, so only these are looked for there.
_NAT64 = ((4, 5, 6, 7), (5, 6, 7, 9), (6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
_METADATA = tuple(
    IPv4Network(block)
    for block in ("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32")
)
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
"""What stands before the IPv4 address in an interface identifier (RFC 5214 §6.1)."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public Internet.

    IPv6 has to lie in 2000::/3. So an IPv4 address that is mapped into IPv6 (``::ffff:0:0/96``), compatible
    with it (``::/96``) or translated (``64:ff9b::/96``, ``64:ff9b:1::/48``) is not public, whichever it is: a
    machine that reaches IPv4 through NAT64 alone fetches from IPv6 only.
    """
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _FORBIDDEN_4)
    if address.scope_id or address not in _UNICAST or any(address in block for block in _FORBIDDEN_6):
        return False
    packed = address.packed
    if packed[8:12] in _ISATAP and not is_public(IPv4Address(packed[12:])):
        return False
    inside = [IPv4Address(bytes(packed[place] for place in places)) for places in _NAT64]
    return not any(one in block for one in inside for block in _METADATA)
