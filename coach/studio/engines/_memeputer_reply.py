"""What a reply of Memeputer's means: where the picture is, or why there is none.

It is an agent's, so it comes in whatever shape that chose this time: JSON, JSON in a text, JSON in a fence,
or prose. What was seen, and in which order a link is looked for, is by the public client of its sticker bot
(MrGood89/PackPuter, read 2026-11-20). Failures come with status 200, as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from coach.errors import FetchRefused
from coach.fetch.links import read

LONGEST_LINK = 2048
"""A longer one is none (and would not fit into the index of the ledger's jobs)."""

Failure = Literal["apology", "not_available", "spec_again", "needs_more", "bad_answer"]

_NAMES = ("image_url", "image", "url")
_DEEP = 8
_FENCE = re.compile(r"```\w*+(.*?)```", re.DOTALL)
LINK = re.compile(r"https?://[^\s\"'`<>()\[\]{}|\\^]+", re.IGNORECASE)
"""Anything in a text that may be a link."""

TRAILING = ".,;:!?*_"
"""What ends a sentence rather than the link in it."""

_PICTURE = re.compile(r"\.(?:png|webp|jpe?g)(?:[?#]|$)", re.IGNORECASE)
_SORRY = re.compile(r"\W*an error occurred", re.IGNORECASE)
_NOT_AVAILABLE = re.compile(r"image generation (?:is|service is) (?:not |un)available", re.IGNORECASE)
_WORD = re.compile(r"[\w.-]{1,40}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a reply says: one of ``link`` and ``failure``.

    Attributes:
        link: Where the picture is.
        failure: Why there is none; one of :data:`coach.studio.faults.SAY`.
        spec: The job spec it holds, as JSON.
        needs: What it asks for, as far as these are plain words.
    """

    link: str | None = None
    failure: Failure | None = None
    spec: str | None = None
    needs: tuple[str, ...] = ()


def read_reply(data: bytes, *, sent: Collection[str] = ()) -> Reply:
    """Read a reply.

    Args:
        sent: Links that were sent along. Named again, however they are written, they are no picture: an agent
            may repeat its orders.
    """
    sent = frozenset(map(_as_asked, sent))
    found = list(_values(data.decode("utf-8", "replace"), _DEEP))
    objects = [each for each in found if isinstance(each, dict)]
    for each in objects:
        if link := _named(each, sent):
            return Reply(link=link)
    for each in objects:
        if failed := _failed(each):
            return failed
    # What remains is prose: the innermost text.
    text = next((each for each in reversed(found) if isinstance(each, str)), "")
    if failure := _said(text):
        return Reply(failure=failure)
    # JSON that was cut off may have a link that was.
    is_cut = len(found) == 1 and text.lstrip()[:1] in ("{", "[")
    if not is_cut and (link := _in_prose(text, sent)):
        return Reply(link=link)
    return Reply(failure="bad_answer")


def _values(value: Any, deep: int) -> Iterator[Any]:
    """The value, and what it wraps: ``data.response``, ``response``, JSON in a text."""
    yield value
    if deep == 0:
        return
    if isinstance(value, str):
        inner = _json_in(value)
        if inner is not None:
            yield from _values(inner, deep - 1)
    elif isinstance(value, dict):
        data = value.get("data")
        for holder in (data, value):
            if isinstance(holder, dict) and isinstance(holder.get("response"), (str, dict)):
                yield from _values(holder["response"], deep - 1)
                return


def _json_in(text: str) -> Any:
    """The JSON that a text is, has in a fence, or has somewhere between its first and last brace."""
    fence = _FENCE.search(text)
    start, end = text.find("{"), text.rfind("}")
    for part in (text, fence[1] if fence else "", text[start : end + 1] if 0 <= start < end else ""):
        try:
            value = json.loads(part)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, (dict, str)) and value != text:
            return value
    return None


def _named(value: Mapping[str, Any], sent: Collection[str]) -> str | None:
    """A link under one of the names it was seen under, in the order of the bot's client."""
    data = value.get("data")
    first = data[0] if isinstance(data, list) and data else None
    places: list[tuple[Any, tuple[str, ...]]] = [(value, _NAMES), (first, ("url",))]
    places.append((data, ("url", "image_url")))
    for holder, names in places:
        for name in names if isinstance(holder, dict) else ():
            if (link := _link(holder.get(name))) and _as_asked(link) not in sent:
                return link
    return None


def _failed(value: Mapping[str, Any]) -> Reply | None:
    if isinstance(value.get("error"), str):
        return Reply(failure=_said(value["error"]) or "apology")
    if value.get("needs"):
        asked = value["needs"] if isinstance(value["needs"], list) else [value["needs"]]
        words = tuple(each for each in asked[:10] if isinstance(each, str) and _WORD.fullmatch(each))
        return Reply(failure="needs_more", needs=words)
    if value.get("type") == "image_sticker" or ("engine" in value and "prompt" in value):
        return Reply(failure="spec_again", spec=json.dumps(value, ensure_ascii=False))
    return None


def _said(text: str) -> Failure | None:
    if _NOT_AVAILABLE.search(text):
        return "not_available"
    return "apology" if _SORRY.match(text) else None


def _in_prose(text: str, sent: Collection[str]) -> str | None:
    """A link in prose: one that ends like a picture before any other."""
    links = [link for found in LINK.findall(text) if (link := _link(found.rstrip(TRAILING)))]
    links = [link for link in links if _as_asked(link) not in sent]
    return next(filter(_PICTURE.search, links), links[0] if links else None)


def _as_asked(link: str) -> str:
    """What a link asks for, the same for all ways to write it."""
    try:
        return unquote(read(link).url)
    except FetchRefused:
        return link


def _link(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_LINK:
        return None
    text = value.strip()
    plain = text.isascii() and text.isprintable() and " " not in text
    return text if plain and LINK.match(text) else None
