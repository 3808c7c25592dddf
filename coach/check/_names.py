"""Checks of names: everything a front matter names exists, everything that exists is named."""

from __future__ import annotations

from collections.abc import Iterator

from coach.check._draft import Draft
from coach.check._finding import Finding, closest, finding, meant
from coach.prompt import COACH


def first_phase(draft: Draft) -> Iterator[Finding]:
    """P005: ``coach.md`` names the phase a conversation begins in."""
    page = draft.coach
    if page is None:
        return
    first = page.front.get("first")
    if first is None:
        fix = 'Write `first = "…"` between two lines `+++` at its top.'
        yield finding("P005", page.file, 1, "it does not name the first phase", fix)
    elif first not in draft.phases:
        fix = closest(first, draft.phases) or "Write prompts/phases/" + first + ".md."
        yield finding(
            "P005", page.file, page.line("first"), f"there is no phase `{first}` to begin with", fix
        )


def unknown(draft: Draft) -> Iterator[Finding]:
    """P010, P011, P020: every action, context key and phase that front matter names has its file."""
    refers = (
        ("actions", "P010", "action", draft.action_names, "actions/{}.py"),
        ("context", "P011", "context key", draft.context_names, "context/{}.py"),
        ("next", "P020", "phase", set(draft.phases), "prompts/phases/{}.md"),
    )
    for page in draft.prose():
        for field, code, what, known, home in refers:
            for name in page.names(field):
                if name not in known:
                    fix = closest(name, known) or f"Write {home.format(name)}."
                    line = page.line(field, name)
                    yield finding(code, page.file, line, f"there is no {what} `{name}`", fix)


def confirmed_actions(draft: Draft) -> Iterator[Finding]:
    """P015: a phase asks for a yes only to actions it allows."""
    for phase, page in draft.sound_phases():
        for name in phase.confirm:
            if name not in phase.actions:
                message = f"`confirm` names `{name}`, which the phase does not allow"
                fix = "Add it to `actions`, or remove it from `confirm`."
                yield finding("P015", page.file, page.line("confirm", name), message, fix)


def idle_actions(draft: Draft) -> Iterator[Finding]:
    """A011: every action is allowed somewhere."""
    allowed = {name for phase in draft.phases.values() for name in phase.actions}
    allowed |= meant(allowed, draft.action_names)
    for name, action in draft.actions.items():
        if name not in allowed and draft.settled:
            fix = "Name it in the `actions` of a phase, or begin the file's name with `_`."
            message = f"no phase allows the action `{name}`"
            yield finding("A011", f"actions/{name}.py", action.signature.line, message, fix)


def idle_context_keys(draft: Draft) -> Iterator[Finding]:
    """C003: every context key is named by a phase or by ``coach.md``."""
    named = {name for phase in draft.phases.values() for name in phase.context} | set(draft.common)
    named |= meant(named, draft.context_names)
    for name, key in draft.context.items():
        if name not in named and draft.settled:
            fix = f"Name it in the `context` of a phase or of prompts/{COACH}, or remove the file."
            message = f"no prompt uses the context key `{name}`"
            yield finding("C003", f"context/{name}.py", key.signature.line, message, fix)
