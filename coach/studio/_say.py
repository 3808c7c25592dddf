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
_SKIN = "The skin came out {} than in your photo, so it may not look like you yet."
_BETTER = "It was made twice, and this is the better of the two."
_UNSURE = "A second try did not arrive, and may have been charged."


def say_likeness(judged: Judgement | None, second: Generation | None) -> str | None:
    """One to three sentences for the person; ``None``: no face was to be kept, and there was one try.

    Args:
        judged: How the picture that is shown was judged.
        second: The second try, when there was one.
    """
    said = []
    if judged is not None:
        said.append(_SAY[judged.likeness])
        if judged.likeness == "cannot judge":
            said.append(judged.why)
        if judged.skin in ("lighter", "darker"):
            said.append(_SKIN.format(judged.skin))
    if second is not None and second.state == "done":
        said.append(_BETTER)
    elif second is not None and second.paid == "unknown":
        said.append(_UNSURE)
    return " ".join(said) or None
