"""What may be fetched in the laboratory, and what must not: addresses, names, redirects, tricks."""

# Look-alikes are the point.
# ruff: noqa: RUF001

from __future__ import annotations

from urllib.parse import quote

from tests.fetch._world import PUBLIC

FOUR, SIX = PUBLIC

FORBIDDEN = (
    # IPv4: private, shared, link-local, metadata, documentation, reserved, relays, multicast
    *("0.0.0.0", "0.1.2.3", "10.0.0.5", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
    *("127.0.0.53", "127.255.255.254", "169.254.169.254", "169.254.170.2", "169.254.42.42", "172.16.0.1"),
    *("172.31.255.254", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1"),
    *("192.88.99.1", "192.168.0.1", "192.168.255.254", "192.175.48.1", "198.18.0.1", "198.19.255.254"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    "168.63.129.16",
    # IPv6: loopback, local, documentation, discarded, what was given back, multicast, segments
    *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42"),
    *("100::1", "100:0:0:1::1", "2001:db8::1", "3fff::1", "3ffe::1", "5f00::1", "ff02::1", "ff0e::1"),
    *("4000::1", "2620:4f:8000::1"),
    # IPv6 with an IPv4 address inside: mapped, compatible, NAT64, 6to4, Teredo, ISATAP, a network's own NAT64
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:5", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2001:0:4136:e378:8000:63bf:5601:5601", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1::1"),
    *("2606:4700::5efe:10.0.0.5", "2606:4700::200:5efe:127.0.0.1", "2606:4700:64::a9fe:a9fe"),
)

UNREADABLE = (
    # numbers that the system's own reader takes for an address
    *("http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/"),
    *("http://127.0.1/", "http://0177.1/", "http://017700000001/", "http://0x7f.0.0.0x1/", "http://0/"),
    *("http://127.0.0.1./", "http://127.0.0.01/", "http://127.000.000.001/", "http://169.254.43518/"),
    *("http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://256.256.256.256/"),
    *("http://1.1.1.1.1/", "http://127.0.0.1.0x/", "http://4294967297/", "http://[::1.2.3]/"),
    # other digits, dots and letters
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://127．0．0．1/",
    *("http://١٢٧.٠.٠.١/", "http://[::１]/", "http://lab.test：80/"),
    # who is the host?
    "http://a.lab.test@127.0.0.1/",
    *("http://a.lab.test:80@127.0.0.1/", "http://127.0.0.1\\@a.lab.test/", "http://a.lab.test\\@127.0.0.1/"),
    *("http://a.lab.test\\.127.0.0.1/", "http:\\\\127.0.0.1/", "http:/127.0.0.1/", "http:127.0.0.1/"),
    *("http:///127.0.0.1/", "http://@127.0.0.1/", "http://:@127.0.0.1/", "//127.0.0.1/", "127.0.0.1"),
    *("http://a.lab.test%40127.0.0.1/", "http://%31%32%37.0.0.1/", "http://a.lab.test%00.127.0.0.1/"),
    *("http://127.0.0.1%2f.a.lab.test/", "http://a.lab.test&@127.0.0.1/", "http://127.0.0.1;a.lab.test/"),
    *("http://[::1]a.lab.test/", "http://[::1%25lo]/", "http://[fe80::1%25lo]/", "http://[127.0.0.1]/"),
    *("http://::1/", "http://[::1/", "http://::1]/"),
    # white space and what cannot be seen
    *(" http://127.0.0.1/", "http://127.0.0.1/\n", "ht\ntp://127.0.0.1/", "http://127.0.\t0.1/"),
    "http://a.lab.test\t@127.0.0.1/",
    "http://a.lab.test\r\nHost: b/",
    "http://127.0.0.1\x00/",
    "\x01http://a.lab.test/",
    "http://a.lab.test/ HTTP/1.1\r\nX: y",
    "http://127\u200b.0.0.1/",
    "http://loc\u00adalhost/",
    "http://a.lab.test\u2028/",
    # ports, schemes, names
    "http://a.lab.test:0/",
    "http://a.lab.test:65616/",
    "http://a.lab.test:８０/",
    "http://a.lab.test:80:443/",
    "http://a.lab.test:/",
    *("http://a.lab.test:+80/", "http://a.lab.test:-1/", "http://a.lab.test: 80/", "http://a.lab.test:0x50/"),
    "file:///etc/passwd",
    "ftp://a.lab.test/",
    "gopher://a.lab.test:6379/_x",
    "data:text/plain,x",
    "ws://a.lab.test/",
    "dict://a.lab.test:11211/",
    "jar:http://a.lab.test/!/",
    "javascript:alert(1)",
    "unix:/run/x.sock",
    "",
    "http://",
    "http://a..lab.test/",
    "http://.lab.test/",
    "http://a.lab.test../",
    "http://-a.lab.test/",
    *(f"http://{'a' * 64}.lab.test/", f"http://{'a.' * 130}lab.test/", f"http://a.lab.test/{'a' * 9000}"),
)
"""Each can be read in more than one way, or in none."""

MISLEADING = (
    "http://127.0.0.1#@a.lab.test/",
    "http://127.0.0.1?@a.lab.test/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://a.lab.test:22/",
    "http://a.lab.test:6379/",
    "https://a.lab.test:8443/",
    "http://localhost/",
    "http://localhost./",
    "http://LOCALHOST/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    # the domains of the machine's own network are not tried behind a name
    "http://intranet/",
    "http://api.svc/",
)
"""Each can be read, and is refused for its name, its address or its port."""


def at(address: str) -> str:
    """A link to an address."""
    return f"http://[{address}]/" if ":" in address else f"http://{address}/"


NAMES = {f"n{number}.lab.test": [[address]] for number, address in enumerate(FORBIDDEN)} | {
    # one good address does not help
    "mixed1.lab.test": [[FOUR, "127.0.0.1"]],
    "mixed2.lab.test": [["10.0.0.5", FOUR]],
    "mixed3.lab.test": [[FOUR, SIX, "::1"]],
    "mixed4.lab.test": [[FOUR, "::ffff:127.0.0.1"]],
    "mixed5.lab.test": [[FOUR] * 8 + ["169.254.169.254"]],
    "alias1.lab.test": [["n6.lab.test"]],
    "alias2.lab.test": [["alias1.lab.test"]],
    "alias3.lab.test": [["mixed1.lab.test"]],
}
"""Each leads to where it must not."""

REBINDING = {
    f"{name}{after}.lab.test": [[FOUR]] * after + [then]
    for after in (1, 3)
    for name, then in {
        "turns": ["127.0.0.1"],
        "cloud": ["169.254.169.254"],
        "six": ["::1"],
        "nat": ["64:ff9b::1"],
    }.items()
}
"""Good for so many answers, then not."""

GOOD = {
    "a.lab.test": [[FOUR]],
    "six.lab.test": [[SIX]],
    "both.lab.test": [[FOUR, SIX]],
    "xn--bcher-kva.lab.test": [[FOUR]],
    "alias.lab.test": [["a.lab.test"]],
    "other.lab.test": [[FOUR]],
}
# What a resolver finds with its own domain behind a name; public, so that only the name can be wrong.
INSIDE = {"intranet.inside.lab.test": [[FOUR]], "api.svc.inside.lab.test": [[FOUR]]}

ZONE = NAMES | REBINDING | GOOD | INSIDE

DIRECT = (*map(at, FORBIDDEN), *(f"http://{name}/" for name in NAMES), *UNREADABLE, *MISLEADING)

LOCATIONS = (
    *(at(address) for address in FORBIDDEN[::4]),
    *(f"http://{name}/" for name in ("mixed1.lab.test", "mixed4.lab.test", "alias2.lab.test", "n9.lab.test")),
    "//127.0.0.1/",
    "///127.0.0.1/",
    "\\\\127.0.0.1\\",
    "/\\127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http:///127.0.0.1/",
    *("http://2130706433/", "http://0x7f.1/", "http://１２７.０.０.１/", "http://a.lab.test@127.0.0.1/"),
    *("ht\ttp://127.0.0.1/", "\thttp://127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1\x00/"),
    "file:///etc/passwd",
    "data:image/png,x",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_x",
    "javascript:1",
    *("http://a.lab.test:6379/", "http://localhost/", "http://turns1.lab.test@127.0.0.1/"),
    # a good one that leads on
    "http://a.lab.test/to?" + quote("http://127.0.0.1/"),
    "//six.lab.test/to?" + quote("http://[::1]/"),
    "/to?" + quote("http://169.254.169.254/latest/meta-data/"),
)
REDIRECTS = tuple(f"http://a.lab.test/to?{quote(location)}" for location in LOCATIONS)

ALLOWED = (
    "https://a.lab.test/me.png",
    "https://six.lab.test/me.png?size=1%2F2#there",
    "https://BÜCHER.lab.test./é.png",
    "http://alias.lab.test:80/",
    f"https://{FOUR}/",
    f"http://[{SIX}]/",
    "https://both.lab.test/chain/3",
    "http://a.lab.test/to?" + quote("https://other.lab.test/me.png"),
)
