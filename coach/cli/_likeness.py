"""How like the person a picture is, in the words of a table and of a line."""

from __future__ import annotations


def likeness(band: str | None, skin: str | None) -> str:
    """``strong``, or ``strong, skin darker``: as unlike the person as another face.

    Args:
        band: The likeness as it was judged; ``None``: it was not.
        skin: What became of the skin's colour, as :class:`coach.studio.judge.Judgement` has it.
    """
    said = band or "not judged"
    return f"{said}, skin {skin}" if skin in ("lighter", "darker") else said
