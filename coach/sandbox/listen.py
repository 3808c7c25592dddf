"""What the person means, as far as a few patterns can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coach.sandbox.talk import Identity

_YES = re.compile(
    r"^(?:oh,? |well,? |hm+,? )?(?:yes|yeah|yep|sure|ok|okay|please|gladly|ready|let's|do it|exactly|right"
    r"|fine|good|of course|absolutely|perfect|go on|go ahead|continue|next)\b"
    r"|\bshow (?:me|it)(?: the picture| it)?(?: now)?(?:,? please)?\W*$"
    r"|^(?:please )?make it(?: now)?(?:,? please)?\W*$"
    r"|\b(?:i am ready|i'm ready|sits well|fits|is mine|love it"
    r"|(?:that|this|it)(?:'s| is) (?:me|mine|it|right)|i accept|keep (?:it|this))\b"
)
_BUT = re.compile(r"\b(?:but|not|no|don't|doesn't|isn't|wait|instead|except|never)\b")
_CHANGE = re.compile(
    r"\b(?:change|make (?!it(?: now)?(?:,? please)?\W*$)(?:it|me|the|my|this|that|v\d\w*|version|picture)"
    r"|brighter|darker|warmer|remove|add|should be|what if|replace|swap)\b"
)
_WISH = re.compile(
    rf"{_CHANGE.pattern}|\b(?:could|can you|instead|more|less|without|different|rather|wish|not quite|prefer"
    r"|would like)\b"
)
_PLACE = r"(?:first|second|third|last|1st|2nd|3rd|earlier|previous|original|other)"
_PICTURES = r"(?:ones|versions|pictures|images)"
_SOME = (
    rf"(?:v\d+[a-z]*|(?:version|picture|image|number) (?:\d+[a-z]*|one|two|three)|{_PLACE} (?:{_PICTURES}"
    rf"|one|version|picture|image)|{_PLACE}(?= again|,| please|\W*$)|{_PICTURES}|all of (?:it|them)"
    r"|(?:all|them|it|that|this|the picture|the image|the one before)(?= again| once more|,? please|\W*$))"
)
_SEE = re.compile(
    r"\b(?:show|(?:want|like|love) to (?:see|look at)|(?:can|could|may) i (?:see|look at)"
    rf"|let me (?:see|look at)|^(?:please )?(?:see|list))\b(?: \w+){{0,3}}? {_SOME}(?!\w)"
    r"|\bshow me(?: again)?,?(?: please)?\W*$"
    r"|\b(?:which|what|how many)\b.*\b(?:(?:are|is) there|do (?:i|we|you) have|have (?:i|we|you)|so far)\W*$"
)
_OTHER = re.compile(r"\b(?:another|new|different|(?<!once )more)\b")
_BACK = re.compile(
    r"^(?:(?:no|oh|hm+|please|can|could|would|you|we|i|i'd|let's|let|us|me|want|like|to|just|ok|okay|sorry"
    r"|wait|then|actually)[\s,.!]+)*(?:undo|revert|(?:go|take (?:it|that|this|me)|get) back|back to)\b"
)
_ANEW = re.compile(
    r"\b(?:another (?:one|picture)|new one|new picture|start over|from scratch|try again|once more)\b"
)
_SHRUG = re.compile(
    r"\b(?:don't know|do not know|no idea|not sure|you choose|you decide|surprise me|up to you)\b"
)
_ORDINALS = {
    0: "first|1st|number one|original",
    1: "second|2nd|number two",
    2: "third|3rd|number three",
    -1: "last",
}
_NO = re.compile(r"\b(?:no|not|isn't|nothing|wrong|off|somebody else|someone else)\b")
_BYE = re.compile(r"^(?:good ?bye|bye|see you|farewell|that is all|that's all)\b")
_HELP = re.compile(
    r"\b(?:who are you|what is this|what happens|what now|what can you do|what do you mean|what are we doing"
    r"|how does (?:this|it) work|help me)\b"
)
_CALLED = re.compile(
    r"\b(?:i am|i'm|my name is|my name's|call me|name is|it's|this is|they call me)\s+(?:called\s+)?"
    r"([^\W\d_][\w'\u2019-]*(?:\s+[A-Z][\w'\u2019-]*){0,2})",
    re.IGNORECASE,
)
_NO_NAME = (
    "hello",
    "hi",
    "hey",
    "yes",
    "no",
    "ok",
    "okay",
    "good",
    "fine",
    "well",
    "not",
    "here",
    "ready",
    "sure",
    "thanks",
    "what",
    "who",
    "why",
    "the",
    "a",
)


def agrees(text: str) -> bool:
    """A yes without a but."""
    low = text.lower().strip()
    return bool(_YES.search(low)) and not _BUT.search(low) and not wishes(text)


def wishes(text: str) -> bool:
    """A wish for something to be otherwise."""
    return bool(_WISH.search(text.lower()))


def changes(text: str) -> bool:
    """What is to be otherwise is said, and not only that something is."""
    return bool(_CHANGE.search(text.lower()))


def wants_to_see(text: str) -> bool:
    """A wish to see what there is already: one of the pictures, or all of them."""
    low = text.lower().strip()
    return bool(_SEE.search(low)) and not changes(text) and not _OTHER.search(low)


def goes_back(text: str) -> bool:
    """A wish for how it was before, and for nothing else."""
    found = _BACK.search(low := text.lower().strip())
    return found is not None and not wishes(low[found.end() :].replace("instead", ""))


def wants_another(text: str) -> bool:
    """A wish for a quite different one."""
    return bool(_ANEW.search(text.lower()))


def shrugs(text: str) -> bool:
    """No wish of their own: the coach shall choose."""
    return bool(_SHRUG.search(text.lower()))


def denies(text: str) -> bool:
    """A no."""
    return bool(_NO.search(text.lower()))


def leaves(text: str) -> bool:
    """A goodbye."""
    return bool(_BYE.search(text.lower().strip()))


def wonders(text: str) -> bool:
    """A question about the coach or what the two of them do here."""
    return bool(_HELP.search(text.lower()))


def asks(text: str) -> bool:
    """A question."""
    return text.rstrip().endswith("?")


def tells(text: str) -> bool:
    """Something about themselves: more than a word or two, and no question."""
    return len(re.findall(r"\w+", text)) >= 4 and not asks(text)


def name_in(text: str) -> str:
    """What the person wants to be called, or ``""``."""
    if found := _CALLED.search(text):
        name = found[1].strip()
        return "" if name.split()[0].lower() in _NO_NAME else _capital(name)
    words = re.findall(r"[^\W\d_][\w'\u2019-]*", text)
    if asks(text) or not 1 <= len(words) <= 3:
        return ""
    names = [word for word in words if word.lower() not in _NO_NAME]
    return _capital(" ".join(names)) if names else ""


def chosen(text: str, identities: Sequence[Identity]) -> list[Identity]:
    """The identities the person speaks of: by name, by handle, or as the first, the second…"""
    low = text.lower()
    named = [one for one in identities if one.name.lower() in low or re.search(rf"\b{one.handle}\b", low)]
    if named:
        return named
    if (place := counted(text, len(identities))) is not None:
        return [identities[place]]
    parts = [(one, _overlap(one.name, low)) for one in identities]
    best = max(parts, key=lambda part: part[1], default=None)
    return [best[0]] if best and best[1] else []


def counted(text: str, among: int) -> int | None:
    """Which of so many things is meant by "the first", "the last"; from 0, or -1 for the last."""
    found = (place for place, words in _ORDINALS.items() if re.search(rf"\b(?:{words})\b", text.lower()))
    return next((place for place in found if place < among and among), None)


def proposed(text: str) -> str:
    """A name of the person's own for an identity, or ``""``."""
    found = re.search(
        r"(?:call (?:it|myself)|rather be|rename (?:it|this) to|name it|add|how about|what about)\s+"
        r"(?:an?\s+|the\s+)?[\"“'\u2018]?([^\"”'\u2019.!?,]{3,60})",
        text,
        re.IGNORECASE,
    )
    return _capital(found[1].strip()) if found else ""


def own_statement(text: str) -> str:
    """A sentence of the person's own that begins with "I am", or ``""``."""
    found = re.search(r"\bI(?: am|'m|\u2019m) .{8,500}", text, re.DOTALL)
    return found[0].strip().strip('"“”') if found and not asks(text) else ""


def _overlap(name: str, low: str) -> int:
    return sum(len(word) > 3 and word in low for word in re.findall(r"\w+", name.lower()))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
