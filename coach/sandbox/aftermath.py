"""What the scripted coach does when something was done since the person spoke: mostly, it speaks."""

from __future__ import annotations

import re

from coach.sandbox.habit import (
    BRAINSTORM,
    GET_TO_KNOW,
    NAMING,
    PICTURE,
    REFINE,
    STATEMENT,
    WRAP_UP,
    Habit,
    Reply,
    line,
    opening,
    question,
    say,
    station,
    transition,
)
from coach.sandbox.journey import suggest, write_statement
from coach.sandbox.looking import on_screen
from coach.sandbox.stickers import AFTER_STICKERS
from coach.sandbox.talk import Talk

_PICTURES = ("generate_identity_image", "revise_identity_image")
_SHOWN = ("show_identity_versions", "compare_identity_images")


def _there(talk: Talk) -> bool:
    """Whether the last picture came: then its answer names a version."""
    return any(done.name in _PICTURES and re.search(r"\bv\d+[a-z]*\b", done.answer) for done in talk.done)


def _doubt(talk: Talk) -> str:
    """The sentence that the new picture may not look like the person, if that was measured, or ``""``."""
    answers = " ".join(done.answer for done in talk.done if done.name in _PICTURES)
    found = re.search(r"in words for the user: (It may not look like you.*?) Ask them", answers)
    return found[1] if found else ""


def _not_shown(talk: Talk) -> bool:
    """Whether what they asked to see is not to be seen."""
    asked = [done.answer.lower() for done in talk.done if done.name in _SHOWN]
    return bool(asked) and not any("on the user's screen" in answer for answer in asked)


def _pressed(talk: Talk, tool: str) -> bool:
    """Whether the person's yes to a tool was carried out."""
    return any(done.name == tool and done.carried_out for done in talk.done)


def _suggested(talk: Talk) -> int:
    """How many names were put on the list."""
    return min(len(talk.identities), sum(done.name == "create_identity" for done in talk.done))


def _waits(talk: Talk) -> bool:
    return any("waits for" in done.answer for done in talk.done)


def _known_here(talk: Talk) -> bool:
    return station(talk) != "anywhere" and not talk.called(*NAMING)


AFTER: tuple[Habit, ...] = (
    Habit(
        phase=PICTURE,
        when=lambda t: any(done.declined for done in t.done),
        then=say("declined"),
    ),
    Habit(when=lambda t: any(done.declined for done in t.done), then=say("no_then", at="anywhere")),
    # what may still be called, when a phase has just begun or a yes was given
    Habit(
        phase=PICTURE,
        when=lambda t: _pressed(t, "accept_identity_visualization"),
        then=lambda t: Reply(calls=transition(t, WRAP_UP)),
    ),
    Habit(phase=BRAINSTORM, when=lambda t: t.entered and not t.identities, then=suggest),
    Habit(phase=STATEMENT, when=lambda t: t.entered and not t.tag("statement"), then=write_statement),
    # what is said
    Habit(
        phase=BRAINSTORM,
        when=lambda t: _suggested(t) > 1,
        then=say("suggested"),
    ),
    Habit(
        phase=STATEMENT,
        when=lambda t: t.called("write_i_am_statement") and bool(t.tag("statement")),
        then=say("read"),
    ),
    Habit(when=lambda t: t.entered, then=lambda t: Reply(say=opening(t))),
    Habit(phase=BRAINSTORM, then=say("changed")),
    Habit(phase=GET_TO_KNOW, when=lambda t: t.called("save_note"), then=say("second")),
    Habit(phase=REFINE, when=lambda t: t.called("save_note"), then=say("sits")),
    Habit(phase=REFINE, when=lambda t: t.called("rename_identity", "focus_identity"), then=say("changed")),
    Habit(phase=PICTURE, when=lambda t: t.called(*_PICTURES) and _waits(t), then=say("waits", at="anywhere")),
    Habit(phase=PICTURE, when=lambda t: t.called(*_PICTURES) and not _there(t), then=say("failed")),
    Habit(
        phase=PICTURE,
        when=lambda t: bool(_doubt(t)),
        then=lambda t: Reply(say=line(t, "doubted", measured=_doubt(t))),
    ),
    Habit(phase=PICTURE, when=lambda t: t.called("revise_identity_image"), then=say("revised")),
    Habit(phase=PICTURE, when=lambda t: t.called("generate_identity_image"), then=say("shown")),
    Habit(
        phase=PICTURE,
        when=lambda t: t.called("write_visualization") and not t.photo and bool(t.tag("visualization")),
        then=say("photo"),
    ),
    Habit(phase=PICTURE, when=_waits, then=say("button")),
    *AFTER_STICKERS,
    Habit(when=_not_shown, then=say("answered", at="anywhere")),
    Habit(phase=PICTURE, when=lambda t: t.called(*_SHOWN) and bool(on_screen(t)), then=say("again")),
    Habit(phase=PICTURE, when=lambda t: t.called(*_SHOWN), then=say("several")),
    Habit(phase=WRAP_UP, when=lambda t: t.called(*_SHOWN), then=say("seen")),
    Habit(when=_waits, then=say("waits", at="anywhere")),
    Habit(phase=WRAP_UP, when=lambda t: t.called("save_note"), then=say("goodbye")),
    Habit(when=_known_here, then=lambda t: Reply(say=question(t))),
    Habit(then=lambda t: Reply(say=line(t, "answered", at="anywhere"))),
)
