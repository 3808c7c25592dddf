"""Text from outside, made fit to be stored and shown to a model."""

from __future__ import annotations

from typing import Any

from coach.errors import InputRefused

LONGEST_MESSAGE = 16_000
"""Characters of one message of a person; about ten printed pages."""


def clean(value: Any) -> Any:
    """Remove what no database and no provider takes: NUL characters and lone surrogates, at any depth.

    Raises:
        RecursionError: The value is nested deeper than Python follows.
    """
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean(inner) for inner in value]
    return value


def message_text(text: str) -> str:
    """A person's message as it is kept.

    Raises:
        InputRefused: It is empty or longer than :data:`LONGEST_MESSAGE`.
    """
    kept: str = clean(text).strip()
    if not kept:
        raise InputRefused("The message is empty. Write something first.")
    if len(kept) > LONGEST_MESSAGE:
        raise InputRefused(f"The message is longer than {LONGEST_MESSAGE:,} characters. Send it in parts.")
    return kept
