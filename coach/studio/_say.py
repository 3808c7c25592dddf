"""What a person is told of the likeness of their picture: what was measured, and never more."""

from __future__ import annotations

from coach.studio.generation import Generation
from coach.studio.judge import Judgement

_SAY = {
    "strong": "The face was compared with your photo: a strong likeness.",
    "fair": "The face was compared with your photo: a fair likeness, so it may not look quite like you yet.",
    "no": "It may not look like you yet: the face was compared with your photo and is not alike enough.",
    "cannot judge": "Whether it looks like you could not be judged:",
    "not measured": "Likeness was not measured.",
}
_SKIN = {
    "strong": "a strong likeness, but the skin came out {} than there.",
    "fair": "a fair likeness, and the skin came out {} than there.",
    "no": "it is not alike enough, and the skin came out {} than there.",
}
_OTHER = "It may not look like you yet: the face was compared with your photo; "
_OUTSIDE = "{:.0%} outside the marked part had changed; that was put back."
_BETTER = "It was made twice, and this is the better of the two."
_UNSURE = "A second try did not arrive, and may have been charged."
_SEEN = 0.005
"""A share that is one percent when it is rounded."""


def say_likeness(judged: Judgement | None, second: Generation | None) -> str | None:
    """One to three sentences for the person; ``None``: there is nothing to say of the face, nor of a mask.

    Args:
        judged: How the picture that is shown was judged.
        second: The second try, when there was one.
    """
    said = []
    if judged is not None:
        if judged.skin in ("lighter", "darker") and judged.likeness in _SKIN:
            said.append(_OTHER + _SKIN[judged.likeness].format(judged.skin))
        elif judged.likeness is not None:
            said.append(_SAY[judged.likeness])
        if judged.likeness == "cannot judge":
            said.append(judged.why)
        if judged.outside is not None and judged.outside >= _SEEN:
            said.append(_OUTSIDE.format(judged.outside))
    if second is not None and second.state == "done":
        said.append(_BETTER)
    elif second is not None and second.paid == "unknown":
        said.append(_UNSURE)
    return " ".join(said) or None
