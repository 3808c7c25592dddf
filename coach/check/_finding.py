"""Findings of a check, and every code they can have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning"]

CODES: dict[str, tuple[Severity, str]] = {
    "F001": ("error", "there is no coach folder"),
    "P001": ("error", "front matter cannot be read"),
    "P002": ("error", "front matter has a field that means nothing"),
    "P003": ("error", "a phase does not say which actions it allows"),
    "P004": ("error", "two files are the same phase"),
    "P005": ("error", "coach.md is missing or does not name a first phase that exists"),
    "P006": ("error", "a template has a syntax error or includes what does not exist"),
    "P007": ("error", "an include is only known while rendering, or sees no values"),
    "P008": ("error", "a template uses a tag of jinja that prompts do not have"),
    "P009": ("error", "templates include each other in a circle"),
    "P010": ("error", "a phase names an action that does not exist"),
    "P011": ("error", "a prompt names a context key that does not exist"),
    "P012": ("error", "a template uses a value that its front matter does not name"),
    "P013": ("warning", "a context key is named and never used"),
    "P014": ("error", "the prose and the allowed actions disagree"),
    "P015": ("error", "a phase asks for a yes to an action it does not allow"),
    "P016": ("error", "a template uses an attribute that the context key's type does not have"),
    "P017": ("warning", "a template cannot be rendered with values its context keys may give"),
    "P020": ("error", "a phase leads to one that does not exist"),
    "P021": ("error", "a phase cannot be reached"),
    "P022": ("error", "a phase cannot be left"),
    "A001": ("error", "a file in actions/ does not define the action it is named after"),
    "A002": ("error", "an action has no docstring"),
    "A003": ("error", "a parameter has no description"),
    "A004": ("error", "an action is not async"),
    "A005": ("error", "an action's parameters have no strict schema"),
    "A006": ("error", "an action's signature or decorator is wrong"),
    "A007": ("error", "a file in actions/ cannot be imported"),
    "A008": ("error", "a parameter has an alias"),
    "A009": ("error", "an action's data cannot be written down"),
    "A010": ("error", "a service is asked for that nobody provides"),
    "A011": ("warning", "an action is allowed in no phase"),
    "A012": ("error", "an action leads to a phase that does not exist"),
    "A013": ("error", "an action has a question that nobody is asked"),
    "A014": ("warning", "a yes that may cost money is bound to the arguments alone"),
    "C001": ("error", "a file in context/ does not define the context key it is named after"),
    "C002": ("error", "a function cannot be a context key"),
    "C003": ("warning", "a context key is used by no prompt"),
    "C004": ("error", "a file in context/ cannot be imported"),
    "C005": ("error", "a context key gives what no prompt can show"),
    "T001": ("warning", "a rendered prompt is longer than the budget"),
}
"""Every code with its usual severity and what it stands for. Errors stop :func:`coach.load`."""


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One thing that is wrong with a coach folder.

    Attributes:
        file: The file, relative to the folder.
        line: The line in it, counted from 1.
        code: One of :data:`CODES`; it stays the same when the words change.
        severity: ``"error"`` stops the coach from being loaded.
        message: What is wrong.
        fix: A way out.
    """

    file: str
    line: int
    code: str
    severity: Severity
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.code} {self.message}. {self.fix}"


def finding(
    code: str, file: str, line: int, message: str, fix: str, *, severity: Severity | None = None
) -> Finding:
    """A finding with its code's usual severity, unless another is given."""
    usual, _ = CODES[code]
    return Finding(code=code, severity=severity or usual, file=file, line=line, message=message, fix=fix)


def meant(names: Iterable[str], known: Collection[str], *, cutoff: float = 0.6) -> set[str]:
    """What those of ``names`` that are not ``known`` are probably meant to be.

    Whoever names a thing wrongly has not left it out: one mistake is one finding.
    """
    unknown = (name for name in names if name not in known)
    return {near for name in unknown for near in get_close_matches(name, known, 1, cutoff)}


def closest(name: str, names: Iterable[str]) -> str:
    """A way out for a misspelt name: the closest of ``names``, or all of them, or ``""`` without any."""
    known = sorted(names)
    near = get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean `{near[0]}`?"
    return "There are: " + ", ".join(f"`{one}`" for one in known) + "." if known else ""
