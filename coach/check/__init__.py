"""Proving a coach folder before it runs: every finding at once, each with a code, a file, a line, a way out.

Errors stop :func:`coach.load`; warnings do not. :data:`CODES` lists every code with its usual severity.
Two have both:

- P014 is an error where a phase's prose names an action that the phase does not allow, since the model would
  call it in vain. It is a warning where an allowed action is never named, where ``coach.md`` names one that
  some phase does not allow, and where a name in backticks looks like an action's and is none.
- P022 is an error where a phase has no ``next`` or leads only to itself; ``next = []`` says that the
  conversation ends there and is no finding. It is a warning where a phase leads on but allows no action: the
  host may move the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from coach.check import _graph, _names, _prose, _templates
from coach.check._draft import Draft, read
from coach.check._finding import CODES, Finding
from coach.check._offered import offered
from coach.check._sample import sample
from coach.check._trials import trials
from coach.check._wiring import moves, questions, schemas, showable, unbound, unprovided
from coach.errors import FolderError

__all__ = [
    "CODES",
    "Draft",
    "Finding",
    "check",
    "examine",
    "offered",
    "prove",
    "read",
    "sample",
    "unprovided",
]

_PROOFS: tuple[Callable[[Draft], Iterable[Finding]], ...] = (
    _names.first_phase,
    _names.unknown,
    _names.confirmed_actions,
    _names.idle_actions,
    _names.idle_context_keys,
    _graph.unreachable,
    _graph.dead_ends,
    _templates.syntax,
    _templates.includes,
    _templates.undeclared,
    _templates.unused,
    _templates.attributes,
    _prose.not_allowed,
    _prose.not_mentioned,
    _prose.not_everywhere,
    _prose.misspelt,
    schemas,
    moves,
    questions,
    unbound,
    showable,
)


def check(source: str | Path, *, services: Collection[str] | None = None) -> list[Finding]:
    """Check a coach folder.

    Args:
        source: A path or a package's name, as for :func:`coach.load`.
        services: The names of the services it will get; left out, who needs what is not checked.

    Returns:
        Everything that is wrong, by file and line. Empty: it is sound.
    """
    try:
        draft = read(source)
    except FolderError as exc:
        return list(exc.findings)
    return examine(draft, services=services)


def examine(draft: Draft, *, services: Collection[str] | None = None) -> list[Finding]:
    """Check a folder that was read: :func:`prove` it, then render every phase with values it may get."""
    return sorted({*prove(draft, services), *trials(draft)})


def prove(draft: Draft, services: Collection[str] | None = None) -> list[Finding]:
    """Run every check that can find an error on a folder that was read. See :func:`check`."""
    found = {finding for one in _PROOFS for finding in one(draft)}
    if services is not None:
        found.update(unprovided(draft.folder, draft.actions, draft.context, services))
    return sorted(found.union(draft.findings))
