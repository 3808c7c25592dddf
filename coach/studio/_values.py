"""Values an application gives by the picture service's own names: taken as they are, or refused by name."""

from __future__ import annotations

from collections.abc import Sequence

from coach.errors import InputRefused


def one_of(field: str, value: str, allowed: Sequence[str], *, on: str = "") -> str:
    """The value itself.

    Args:
        on: The model it is for, when it depends on that.

    Raises:
        InputRefused: It is none of those allowed.
    """
    if value in allowed:
        return value
    where = f" on {on}" if on else ""
    raise InputRefused(f"`{field}` can be {', '.join(allowed)}{where}.", field=field, allowed=allowed)


def within(field: str, value: int, least: int, most: int, *, why: str = "") -> int:
    """The value itself.

    Args:
        why: What else to say, a sentence with a space before it.

    Raises:
        InputRefused: It is smaller or larger.
    """
    if least <= value <= most:
        return value
    span = f"{least} to {most}" if least < most else f"{least}"
    raise InputRefused(f"`{field}` can be {span}.{why}", field=field, allowed=(span,))
