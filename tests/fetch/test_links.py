"""A link is read one way or not at all, and an address is public or it is not."""

from __future__ import annotations

import ipaddress

import pytest

from coach.errors import FetchRefused
from coach.fetch import Fetcher
from coach.fetch.addresses import is_public
from coach.fetch.links import MOST_LINK, follow, read
from tests.fetch import _cases as cases

PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255"),
    *("192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"),
    *("198.51.99.255", "203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15", "168.63.129.17"),
    *("2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1", "2a00::1"),
    *("2606:4700::6810:84e5", "2606:4700::5efe:8.8.8.8", "2620:4f:8001::1", "2c0f::1", "3ffd::1"),
)


@pytest.mark.parametrize("address", cases.FORBIDDEN)
def test_what_is_not_the_public_internet_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_lies_beside_it_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("scope", ["2001:4860:4860::8888%eth0", "fe80::1%1"])
def test_an_address_of_one_interface_is_not_public(scope: str) -> None:
    assert not is_public(ipaddress.ip_address(scope))


@pytest.mark.parametrize(
    ("url", "asked", "authority"),
    [
        ("https://example.org", "https://example.org/", "example.org"),
        ("HTTPS://Example.ORG:443/A?b=1%2F2&c=%zz#d?e", "https://example.org/A?b=1%2F2&c=%zz", "example.org"),
        ("http://example.org.:80/a/../b", "http://example.org/a/../b", "example.org"),
        ("https://example.org:80?", "https://example.org:80/?", "example.org:80"),
        (
            "https://my_bucket.s3.example.org/",
            "https://my_bucket.s3.example.org/",
            "my_bucket.s3.example.org",
        ),
        (
            "https://BÜCHER.example/é?ß",
            "https://xn--bcher-kva.example/%C3%A9?%C3%9F",
            "xn--bcher-kva.example",
        ),
        ("https://faß.example/", "https://xn--fa-hia.example/", "xn--fa-hia.example"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/", "xn--r8jz45g.xn--zckzah"),
        ("https://example。org/", "https://example.org/", "example.org"),
        ("https://1.2.3.4/", "https://1.2.3.4/", "1.2.3.4"),
        ("https://1.2.3.4.example/", "https://1.2.3.4.example/", "1.2.3.4.example"),
        ("https://[2606:4700:0::1]:443/", "https://[2606:4700::1]/", "[2606:4700::1]"),
        ('https://example.org/<a|b">', "https://example.org/%3Ca%7Cb%22%3E", "example.org"),
    ],
)
def test_a_link_is_read_as_it_is_asked_for(url: str, asked: str, authority: str) -> None:
    link = read(url)
    assert (link.url, link.authority) == (asked, authority)
    assert read(link.url) == link


@pytest.mark.parametrize("url", cases.UNREADABLE)
def test_what_two_readers_could_take_for_two_links_is_refused(url: str) -> None:
    with pytest.raises(FetchRefused) as refused:
        read(url)
    assert refused.value.reason == "bad_url"


def test_a_link_has_a_longest() -> None:
    start = "https://example.org/"
    assert read(start + "a" * (MOST_LINK - len(start))).path
    with pytest.raises(FetchRefused):
        read(start + "a" * (MOST_LINK - len(start) + 1))


@pytest.mark.parametrize(
    ("location", "url"),
    [
        (b"/b", "https://example.org/b"),
        (b"b?c", "https://example.org/a/b?c"),
        (b"../b", "https://example.org/b"),
        (b"?b", "https://example.org/a/x?b"),
        (b"//other.example/b", "https://other.example/b"),
        (b"http://other.example", "http://other.example/"),
        ("/é".encode(), "https://example.org/%C3%A9"),
    ],
)
def test_a_redirect_leads_where_it_says(location: bytes, url: str) -> None:
    assert follow(read("https://example.org/a/x"), location).url == url


@pytest.mark.parametrize(
    "location",
    [
        *(b"///other.example/", b"http:///other.example/", b"https:other.example", b"file:///etc/passwd"),
        *(
            b"/\\other.example/",
            b"\t//other.example/",
            b"//other.example/\n",
            b"\xff",
            b"//[::1/",
            b"data:,x",
        ),
        b"//a@b.example/",
    ],
)
def test_a_redirect_is_read_as_strictly_as_a_link(location: bytes) -> None:
    with pytest.raises(FetchRefused, match="cannot be fetched"):
        follow(read("https://example.org/a/x"), location)


@pytest.mark.parametrize(
    "origin", ["localhost:8000", "http://localhost:8000/bucket", "http://a@localhost", ""]
)
def test_what_is_trusted_is_an_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Fetcher(trusted=[origin])
