"""What the scripted coach does when the person has spoken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coach.sandbox import listen
from coach.sandbox.habit import Habit, Reply, line, naming, picture_state, question, say, station, transition
from coach.sandbox.ideas import idea_of, ideas_for
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
    "transition_phase",
)


def _id(talk: Talk) -> dict[str, Any]:
    return {"identity_id": talk.current.handle if talk.current else None}


def _call(tool: str, /, **arguments: Any) -> Reply:
    return Reply(calls=((tool, arguments),))


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
    return _call("write_i_am_statement", **_id(talk), statement=text or (idea.statement if idea else ""))


def _merge(talk: Talk) -> Reply:
    several = listen.chosen(talk.said, talk.identities)
    name = listen.proposed(talk.said) or " and ".join(one.name for one in several[:2])
    return _call("merge_identities", identity_ids=[one.handle for one in several], name=name[:80])


def _picked(talk: Talk) -> list[Identity]:
    return listen.chosen(talk.said, talk.identities)


def _focus(talk: Talk) -> Reply:
    return _call("focus_identity", identity_id=_picked(talk)[0].handle)


def _others(talk: Talk) -> list[Identity]:
    return [one for one in _picked(talk) if talk.current is None or one.handle != talk.current.handle]


def _scene(talk: Talk) -> Reply:
    identity = talk.current
    own = talk.said if listen.tells(talk.said) and not listen.shrugs(talk.said) else ""
    scene = own or (idea_of(identity.name, talk.heard).scene if identity else "")
    return _call("write_visualization", **_id(talk), visualization=scene)


def _another(talk: Talk) -> Reply:
    described = talk.said if len(talk.said.split()) > 8 else None
    return _call("generate_identity_image", **_id(talk), prompt=described)


def _version(talk: Talk) -> str:
    """The picture the person speaks of, or ``""``."""
    if named := re.search(r"\bv\d+[a-z]*\b", talk.said.lower()):
        return named[0]
    place = listen.counted(talk.said, len(talk.versions))
    return "" if place is None else talk.versions[place]


def _keep(talk: Talk) -> Reply:
    version = _version(talk) or talk.versions[-1]
    return _call("accept_identity_visualization", **_id(talk), version=version)


def _who(talk: Talk) -> str:
    return "hello" if station(talk) == "anywhere" else "explain"


def _beyond(talk: Talk) -> Reply:
    return Reply(say=f"{line(talk, 'beyond', at='anywhere')} {question(talk)}")


def _generic(talk: Talk) -> Reply:
    curious = talk.phase in (GET_TO_KNOW, REFINE, WRAP_UP)
    return Reply(say=(line(talk, "more", at="anywhere") + " " if curious else "") + question(talk))


def _is(state: str, talk: Talk) -> bool:
    return picture_state(talk) == state


GET_TO_KNOW, BRAINSTORM, REFINE = "get_to_know_you", "identity_brainstorming", "identity_refinement"
STATEMENT, PICTURE, WRAP_UP = "i_am_statement", "identity_visualization", "wrap_up"

SPOKEN: tuple[Habit, ...] = (
    Habit(when=lambda t: bool(stranger(t)), then=lambda t: _call(stranger(t))),
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
        when=lambda t: bool(re.search(r"\b(?:merge|combine|both)\b", t.said.lower())) and len(_picked(t)) > 1,
        then=_merge,
    ),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(re.search(r"\b(?:remove|drop|delete|archive)\b", t.said.lower()) and _picked(t)),
        then=lambda t: _call("archive_identity", identity_id=_picked(t)[0].handle),
    ),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(listen.proposed(t.said)) and not _picked(t),
        then=lambda t: _call("create_identity", name=listen.proposed(t.said), note=None),
    ),
    Habit(phase=BRAINSTORM, when=lambda t: not t.identities, then=suggest),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: bool(_picked(t)),
        then=lambda t: Reply(
            calls=(("accept_identity", {"identity_id": _picked(t)[0].handle}), *transition(t))
        ),
    ),
    Habit(
        phase=BRAINSTORM,
        when=lambda t: t.current is not None and listen.agrees(t.said),
        then=lambda t: Reply(calls=(("accept_identity", _id(t)), *transition(t))),
    ),
    # identity_refinement
    Habit(
        phase=REFINE,
        when=lambda t: bool(listen.proposed(t.said)),
        then=lambda t: _call("rename_identity", **_id(t), name=listen.proposed(t.said)),
    ),
    Habit(
        phase=REFINE,
        when=lambda t: listen.agrees(t.said),
        then=lambda t: Reply(calls=(("accept_identity_refinement", _id(t)), *transition(t))),
    ),
    Habit(phase=REFINE, when=lambda t: bool(_others(t)) and _noted_here(t), then=_focus),
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
        then=lambda t: Reply(calls=(("accept_i_am_statement", _id(t)), *transition(t))),
    ),
    Habit(phase=STATEMENT, when=lambda t: bool(listen.own_statement(t.said)), then=write_statement),
    Habit(phase=STATEMENT, when=lambda t: not listen.asks(t.said), then=say("theirs")),
    # identity_visualization
    Habit(phase=PICTURE, when=lambda t: _is("which", t) and bool(_picked(t)), then=_focus),
    Habit(
        phase=PICTURE,
        when=lambda t: t.current is not None and t.current.stage == "visualized" and listen.agrees(t.said),
        then=lambda t: Reply(calls=transition(t, "wrap_up")),
    ),
    Habit(phase=PICTURE, when=lambda t: _is("scene", t) and not listen.asks(t.said), then=_scene),
    Habit(phase=PICTURE, when=lambda t: _is("no_photo", t) and not listen.asks(t.said), then=say("no_photo")),
    Habit(
        phase=PICTURE,
        when=lambda t: _is("ready", t) and listen.agrees(t.said),
        then=lambda t: _call("generate_identity_image", **_id(t), prompt=None),
    ),
    Habit(phase=PICTURE, when=lambda t: _is("ready", t) and listen.wishes(t.said), then=_scene),
    Habit(
        phase=PICTURE,
        when=lambda t: bool(
            _version(t) and re.search(r"\b(?:prefer|keep|take|better|accept)\b", t.said.lower())
        ),
        then=_keep,
    ),
    Habit(
        phase=PICTURE,
        when=lambda t: (
            t.can("compare_identity_images")
            and bool(t.versions and re.search(r"\b(?:side by side|compare|next to)\b", t.said.lower()))
        ),
        then=lambda t: _call("compare_identity_images", **_id(t), versions=None),
    ),
    Habit(
        phase=PICTURE,
        when=lambda t: (
            t.can("show_identity_versions")
            and bool(t.versions and re.search(r"\bshow\b.*\b(?:again|all|once more)\b", t.said.lower()))
        ),
        then=lambda t: _call("show_identity_versions", **_id(t), version=_version(t) or None),
    ),
    Habit(phase=PICTURE, when=lambda t: _is("look", t) and listen.wants_another(t.said), then=_another),
    Habit(
        phase=PICTURE,
        when=lambda t: _is("look", t) and listen.wishes(t.said),
        then=lambda t: _call("revise_identity_image", **_id(t), change=t.said, version=None),
    ),
    Habit(phase=PICTURE, when=lambda t: _is("look", t) and listen.agrees(t.said), then=_keep),
    Habit(phase=PICTURE, when=lambda t: _is("look", t) and listen.denies(t.said), then=say("off")),
    # wrap_up
    Habit(
        phase=WRAP_UP,
        when=lambda t: bool(re.search(r"\b(?:another|new|different) identity\b", t.said.lower())),
        then=lambda t: Reply(calls=transition(t, BRAINSTORM)),
    ),
    Habit(
        phase=WRAP_UP,
        when=lambda t: "picture" in t.said.lower() and listen.wishes(t.said),
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
