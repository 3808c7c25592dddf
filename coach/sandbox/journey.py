"""What the scripted coach does when the person has spoken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coach.sandbox import listen
from coach.sandbox.habit import (
    BRAINSTORM,
    GET_TO_KNOW,
    PICTURE,
    REFINE,
    STATEMENT,
    WRAP_UP,
    Habit,
    Reply,
    call,
    line,
    naming,
    picking,
    question,
    say,
    station,
    this_identity,
    transition,
)
from coach.sandbox.ideas import idea_of, ideas_for
from coach.sandbox.looking import LOOKING, focus
from coach.sandbox.stickers import STICKERS
from coach.sandbox.talk import Identity, Talk

NOTE_LENGTH = 400

KNOWN = (
    "set_user_name",
    "remember_name",
    "save_note",
    "create_identity",
    "rename_identity",
    "merge_identities",
    "archive_identity",
    "focus_identity",
    "accept_identity",
    "accept_identity_refinement",
    "write_i_am_statement",
    "accept_i_am_statement",
    "write_visualization",
    "generate_identity_image",
    "revise_identity_image",
    "show_identity_versions",
    "compare_identity_images",
    "accept_identity_visualization",
    "create_sticker_spec",
    "generate_sticker_now",
    "transition_phase",
)


def _note(talk: Talk) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return (("save_note", {"text": talk.said[:NOTE_LENGTH]}),)


def _noted_here(talk: Talk) -> bool:
    return any(done.name == "save_note" for done in talk.done_here)


def stranger(talk: Talk) -> str:
    """A tool this script knows nothing of, when the person names it in words."""
    low = talk.said.lower()
    strangers = (tool for tool in talk.tools if tool not in KNOWN)
    return next(
        (tool for tool in strangers if all(word in low for word in re.split(r"[_-]+", tool.lower()))), ""
    )


def suggest(talk: Talk) -> Reply:
    """Put three ideas on the list."""
    ideas = ideas_for("\n".join([*talk.notes, talk.heard]))[:3]
    return Reply(calls=tuple(("create_identity", {"name": i.name, "note": i.because}) for i in ideas))


def write_statement(talk: Talk) -> Reply:
    """Write the statement that belongs to the identity, or the person's own."""
    identity = talk.current
    idea = idea_of(identity.name, talk.heard) if identity else None
    text = listen.own_statement(talk.said) if talk.tag("statement") else ""
    text = text or (idea.statement if idea else "")
    return call("write_i_am_statement", **this_identity(talk), statement=text)


def _merge(talk: Talk) -> Reply:
    several = picking(talk)
    name = listen.proposed(talk.said) or " and ".join(one.name for one in several[:2])
    return call("merge_identities", identity_ids=[one.handle for one in several], name=name[:80])


def _others(talk: Talk) -> list[Identity]:
    return [one for one in picking(talk) if talk.current is None or one.handle != talk.current.handle]


def _who(talk: Talk) -> str:
    return "hello" if station(talk) == "anywhere" else "explain"


def _beyond(talk: Talk) -> Reply:
    return Reply(say=f"{line(talk, 'beyond', at='anywhere')} {question(talk)}")


def _generic(talk: Talk) -> Reply:
    curious = talk.phase in (GET_TO_KNOW, REFINE, WRAP_UP)
    return Reply(say=(line(talk, "more", at="anywhere") + " " if curious else "") + question(talk))


SPOKEN: tuple[Habit, ...] = (
    Habit(when=lambda t: bool(stranger(t)), then=lambda t: call(stranger(t))),
    Habit(
        when=lambda t: bool(
            re.search(r"\bare you (?:an? )?(?:ai|human|real|bot|machine|robot)", t.said.lower())
        ),
        then=lambda t: Reply(say=f"{line(t, 'ai', at='anywhere')} {question(t)}"),
    ),
    Habit(when=lambda t: listen.leaves(t.said), then=say("farewell", at="anywhere")),
    # introduction, wherever there is a tool that takes a name
    Habit(
        when=lambda t: bool(naming(t) and not t.name and listen.name_in(t.said)),
        then=lambda t: Reply(calls=((naming(t), {"name": listen.name_in(t.said)}), *transition(t))),
    ),
    Habit(
        phase="introduction",
        when=lambda t: bool(t.name) and not listen.asks(t.said),
        then=lambda t: Reply(calls=transition(t)),
    ),
    # get_to_know_you
    Habit(
        phase=GET_TO_KNOW,
        when=lambda t: listen.tells(t.said) and len(t.notes) >= 1,
        then=lambda t: Reply(calls=(*_note(t), *transition(t))),
    ),
    Habit(phase=GET_TO_KNOW, when=lambda t: listen.tells(t.said), then=lambda t: Reply(calls=_note(t))),
    Habit(
        phase=GET_TO_KNOW,
        when=lambda t: len(t.notes) >= 2 and listen.agrees(t.said),
        then=lambda t: Reply(calls=transition(t)),
    ),
    # identity_brainstorming
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(re.search(r"\b(?:merge|combine|both)\b", t.said.lower())) and len(picking(t)) > 1,
        then=_merge,
    ),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(re.search(r"\b(?:remove|drop|delete|archive)\b", t.said.lower()) and picking(t)),
        then=lambda t: call("archive_identity", identity_id=picking(t)[0].handle),
    ),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(listen.proposed(t.said)) and not picking(t),
        then=lambda t: call("create_identity", name=listen.proposed(t.said), note=None),
    ),
    Habit(phase=BRAINSTORM, when=lambda t: not t.identities, then=suggest),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(picking(t)),
        then=lambda t: Reply(
            calls=(("accept_identity", {"identity_id": picking(t)[0].handle}), *transition(t))
        ),
    ),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: t.current is not None and listen.agrees(t.said),
        then=lambda t: Reply(calls=(("accept_identity", this_identity(t)), *transition(t))),
    ),
    # identity_refinement
    Habit(
        phase=REFINE,
        when=lambda t: bool(listen.proposed(t.said)),
        then=lambda t: call("rename_identity", **this_identity(t), name=listen.proposed(t.said)),
    ),
    Habit(
        phase=REFINE,
        when=lambda t: listen.agrees(t.said),
        then=lambda t: Reply(calls=(("accept_identity_refinement", this_identity(t)), *transition(t))),
    ),
    Habit(phase=REFINE, when=lambda t: bool(_others(t)) and _noted_here(t), then=focus),
    Habit(
        phase=REFINE,
        when=lambda t: listen.tells(t.said) and not _noted_here(t),
        then=lambda t: Reply(calls=_note(t)),
    ),
    Habit(phase=REFINE, when=lambda t: listen.tells(t.said), then=say("sits")),
    # i_am_statement
    Habit(phase=STATEMENT, when=lambda t: not t.tag("statement"), then=write_statement),
    Habit(
        phase=STATEMENT,
        when=lambda t: listen.agrees(t.said),
        then=lambda t: Reply(calls=(("accept_i_am_statement", this_identity(t)), *transition(t))),
    ),
    Habit(phase=STATEMENT, when=lambda t: bool(listen.own_statement(t.said)), then=write_statement),
    Habit(phase=STATEMENT, when=lambda t: not listen.asks(t.said), then=say("theirs")),
    # identity_visualization, and pictures in wrap_up
    *LOOKING,
    # sticker, and the way there
    *STICKERS,
    # wrap_up
    Habit(
        phase=WRAP_UP,
        when=lambda t: bool(re.search(r"\b(?:another|new|different) identity\b", t.said.lower())),
        then=lambda t: Reply(calls=transition(t, BRAINSTORM)),
    ),
    Habit(
        phase=WRAP_UP,
        when=lambda t: ("picture" in t.said.lower() and listen.wishes(t.said)) or listen.goes_back(t.said),
        then=lambda t: Reply(calls=transition(t, PICTURE)),
    ),
    Habit(
        phase=WRAP_UP,
        when=lambda t: listen.tells(t.said) and not _noted_here(t),
        then=lambda t: Reply(calls=_note(t)),
    ),
    Habit(phase=WRAP_UP, when=_noted_here, then=say("after")),
    # anywhere
    Habit(
        when=lambda t: listen.wonders(t.said),
        then=lambda t: Reply(say=f"{line(t, _who(t), at='anywhere')} {question(t)}"),
    ),
    Habit(when=lambda t: listen.asks(t.said), then=_beyond),
    Habit(phase="anywhere", when=lambda t: listen.agrees(t.said), then=lambda t: Reply(calls=transition(t))),
    Habit(then=_generic),
)
