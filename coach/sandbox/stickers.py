"""What the scripted coach does about stickers: it writes them down, and has them made on a yes."""

from __future__ import annotations

import re

from coach.sandbox import listen
from coach.sandbox.habit import STICKER, WRAP_UP, Habit, Reply, call, line, say, transition
from coach.sandbox.talk import Talk

_TEMPLATE = re.compile(r"\b(gm|gn|lfg|hodl|wagmi|ngmi|ser|rekt|alpha|higher)\b", re.IGNORECASE)
_PRICE = re.compile(r"costs (at most \$\d+\.\d\d)")
_OPEN = re.compile(r"^(s\d+) \u00b7 .* \u00b7 not made$", re.MULTILINE)


def _open(talk: Talk) -> str:
    """The newest sticker that is written down and not made, or ``""``."""
    found = _OPEN.findall(talk.tag("stickers"))
    return found[-1] if found else ""


def _write_down(talk: Talk) -> Reply:
    named = _TEMPLATE.search(talk.said)
    wish = None if named and len(talk.said.split()) < 8 else talk.said
    return call("create_sticker_spec", template=named[1].upper() if named else None, wish=wish, picture=None)


def _named(talk: Talk) -> bool:
    return bool(_TEMPLATE.search(talk.said))


def _has_enough(talk: Talk) -> bool:
    return not _open(talk) and (listen.agrees(talk.said) or listen.denies(talk.said))


def _price(talk: Talk) -> str:
    found = _PRICE.search(" ".join(done.answer for done in talk.done))
    return found[1] if found else "what nobody can say beforehand"


def _ready(talk: Talk) -> bool:
    return any("on the user's screen" in done.answer for done in talk.done)


STICKERS: tuple[Habit, ...] = (
    Habit(
        phase=WRAP_UP,
        when=lambda t: "sticker" in t.said.lower(),
        then=lambda t: Reply(calls=transition(t, STICKER)),
    ),
    Habit(
        phase=STICKER,
        when=lambda t: bool(_open(t)) and listen.agrees(t.said),
        then=lambda t: call("generate_sticker_now", spec=_open(t)),
    ),
    Habit(phase=STICKER, when=_named, then=_write_down),
    Habit(phase=STICKER, when=_has_enough, then=lambda t: Reply(calls=transition(t, WRAP_UP))),
    Habit(phase=STICKER, when=lambda t: listen.tells(t.said), then=_write_down),
)

AFTER_STICKERS: tuple[Habit, ...] = (
    Habit(
        phase=STICKER,
        when=lambda t: t.called("create_sticker_spec") and "written down" in t.done[-1].answer,
        then=lambda t: Reply(say=line(t, "quoted", price=_price(t))),
    ),
    Habit(phase=STICKER, when=lambda t: t.called("generate_sticker_now") and _ready(t), then=say("shown")),
)
