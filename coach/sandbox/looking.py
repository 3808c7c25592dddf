"""What the scripted coach does about pictures: it makes, changes, shows and keeps them."""

from __future__ import annotations

import re

from coach.sandbox import listen
from coach.sandbox.habit import (
    PICTURE,
    WRAP_UP,
    Habit,
    Reply,
    call,
    picking,
    picture_state,
    say,
    this_identity,
    transition,
)
from coach.sandbox.ideas import idea_of
from coach.sandbox.talk import Talk

_HANDLE = r"v\d+[a-z]*"
_SPOKEN = re.compile(rf"\b(?:({_HANDLE})|(?:version|picture|image|number) (\d+[a-z]*))\b")
_COUNTED = re.compile(
    r"\b(?:number (?:one|two|three)\b|(?:first|second|third|last|1st|2nd|3rd)"
    r"(?= (?:one|picture|version|image)\b|\s*(?:[,.:;!]|$)))"
)
"""A picture's place where something else can be the first too: "as the first snow falls"."""
_SEVERAL = re.compile(r"\b(?:all|ones|versions|pictures|images|them|which|how many)\b")
_EARLIER = re.compile(r"\b(?:before|previous|earlier)\b")
# As the reference coach's actions answer.
_ON_SCREEN = re.compile(rf"\b({_HANDLE}) is on the user's screen|on the user's screen as ({_HANDLE})\b")


def focus(talk: Talk) -> Reply:
    """Take up the identity the person speaks of."""
    return call("focus_identity", identity_id=picking(talk)[0].handle)


def on_screen(talk: Talk) -> str:
    """The picture the person saw last, or ``""``: none yet, or several at once."""
    for done in reversed(talk.done_ever):
        if done.arguments.get("identity_id") != this_identity(talk)["identity_id"]:
            continue
        if done.name == "accept_identity_visualization" and done.by == "person" and not done.declined:
            return talk.accepted
        if "on the user's screen" in done.answer.lower():
            found = _ON_SCREEN.search(done.answer)
            handle = (found[1] or found[2]) if found else ""
            return handle if handle in talk.versions else ""
    return ""


def before(talk: Talk) -> str:
    """What the picture on the screen was made from, or the one before it; ``""`` when it is the first."""
    here = on_screen(talk) or talk.versions[-1]
    at = talk.versions.index(here)
    return talk.parents.get(here, "") or (talk.versions[at - 1] if at else "")


def _named(talk: Talk) -> str:
    """The picture the person calls by its name, also one there is not, or ``""``."""
    found = _SPOKEN.search(talk.said.lower())
    if found is None:
        return ""
    return found[1] or (f"v{found[2]}" if f"v{found[2]}" in talk.versions else "")


def _counted(talk: Talk, text: str) -> str:
    place = listen.counted(text, len(talk.versions))
    return "" if place is None else talk.versions[place]


def _to_change(talk: Talk) -> str:
    counted = _COUNTED.search(talk.said.lower())
    return _named(talk) or (_counted(talk, counted[0]) if counted else "") or on_screen(talk)


def _pointed(talk: Talk) -> str:
    return _named(talk) or _counted(talk, talk.said)


def _to_show(talk: Talk) -> str:
    """One picture, or ``""`` for all."""
    low = talk.said.lower()
    if not _named(talk) and _SEVERAL.search(low):
        return ""
    earlier = before(talk) if _EARLIER.search(low) else ""
    return _pointed(talk) or earlier or on_screen(talk) or talk.versions[-1]


def _show(talk: Talk) -> Reply:
    return call("show_identity_versions", **this_identity(talk), version=_to_show(talk) or None)


def _go_back(talk: Talk) -> Reply:
    to = _pointed(talk) or before(talk)
    if not to:
        return say("nothing_before", at=PICTURE)(talk)
    return call("show_identity_versions", **this_identity(talk), version=to)


def _compare(talk: Talk) -> Reply:
    named = [each for each in re.findall(rf"\b{_HANDLE}\b", talk.said.lower()) if each in talk.versions]
    return call("compare_identity_images", **this_identity(talk), versions=named or None)


def _scene(talk: Talk) -> Reply:
    identity = talk.current
    own = talk.said if listen.tells(talk.said) and not listen.shrugs(talk.said) else ""
    scene = own or (idea_of(identity.name, talk.heard).scene if identity else "")
    return call("write_visualization", **this_identity(talk), visualization=scene)


def _another(talk: Talk) -> Reply:
    described = talk.said if len(talk.said.split()) > 8 else None
    return call("generate_identity_image", **this_identity(talk), prompt=described)


def _change(talk: Talk) -> Reply:
    version = _to_change(talk) or None
    return call("revise_identity_image", **this_identity(talk), change=talk.said, version=version)


def _keep(talk: Talk) -> Reply:
    version = _pointed(talk) or on_screen(talk) or talk.versions[-1]
    return call("accept_identity_visualization", **this_identity(talk), version=version)


def _is(state: str, talk: Talk) -> bool:
    return picture_state(talk) == state


def _compares(talk: Talk) -> bool:
    return bool(talk.versions and re.search(r"\b(?:side by side|compare|next to)\b", talk.said.lower()))


def _sees(talk: Talk) -> bool:
    return bool(talk.versions) and listen.wants_to_see(talk.said)


def _keeps(talk: Talk) -> bool:
    prefers = re.search(r"\b(?:prefer|keep|take|better|accept)\b", talk.said.lower())
    return bool(prefers and talk.versions and _pointed(talk)) and not listen.changes(talk.said)


LOOKING: tuple[Habit, ...] = (
    Habit(phase=PICTURE, when=lambda t: _is("which", t) and bool(picking(t)), then=focus),
    *(
        Habit(phase=phase, when=when, then=then)
        for phase in (PICTURE, WRAP_UP)
        for when, then in ((_compares, _compare), (_sees, _show))
    ),
    Habit(phase=PICTURE, when=lambda t: bool(t.versions) and listen.goes_back(t.said), then=_go_back),
    Habit(
        phase=PICTURE,
        when=lambda t: t.current is not None and t.current.stage == "visualized" and listen.agrees(t.said),
        then=lambda t: Reply(calls=transition(t, WRAP_UP)),
    ),
    Habit(phase=PICTURE, when=lambda t: _is("scene", t) and not listen.asks(t.said), then=_scene),
    Habit(phase=PICTURE, when=lambda t: _is("no_photo", t) and not listen.asks(t.said), then=say("no_photo")),
    Habit(
        phase=PICTURE,
        when=lambda t: _is("ready", t) and listen.agrees(t.said),
        then=lambda t: call("generate_identity_image", **this_identity(t), prompt=None),
    ),
    Habit(phase=PICTURE, when=lambda t: _is("ready", t) and listen.wishes(t.said), then=_scene),
    Habit(phase=PICTURE, when=_keeps, then=_keep),
    Habit(phase=PICTURE, when=lambda t: _is("look", t) and listen.wants_another(t.said), then=_another),
    Habit(phase=PICTURE, when=lambda t: _is("look", t) and listen.wishes(t.said), then=_change),
    Habit(
        phase=PICTURE,
        when=lambda t: _is("look", t) and listen.agrees(t.said) and not _sees(t),
        then=_keep,
    ),
    Habit(phase=PICTURE, when=lambda t: _is("look", t) and listen.denies(t.said), then=say("off")),
)
