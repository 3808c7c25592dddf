"""Checks by trying: every phase is rendered with sample values, and with the values one easily forgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import UndefinedError

from coach.check._draft import Draft
from coach.check._finding import Finding, finding
from coach.check._pages import BUDGET, Page
from coach.check._sample import sample, variants
from coach.check._templates import wrong_attributes
from coach.errors import PromptError
from coach.phase import Phase
from coach.prompt import estimate_tokens


def trials(draft: Draft) -> Iterator[Finding]:
    """P017, T001: a phase can be rendered with whatever its context keys may give, and is not too long."""
    if draft.coach is None or not _is_ready(draft, draft.coach):
        return
    for phase, page in draft.sound_phases():
        if not _is_ready(draft, page):
            continue
        values = {name: sample(draft.context[name]) for name in _keys(draft, phase)}
        try:
            text = draft.prompts.system(phase.template, values).text
        except PromptError as exc:
            yield _cannot(page, exc, "with sample values it")
            continue
        yield from _too_long(draft, page, text)
        yield from _forgotten(draft, phase, page, values)


def _is_ready(draft: Draft, page: Page) -> bool:
    """Whether nothing else is known to be wrong with what would be rendered."""
    return (
        all(name in draft.context for name in page.names("context"))
        and draft.whole(page.template)
        and not draft.undeclared(page)
        and not any(wrong_attributes(draft, page))
    )


def _keys(draft: Draft, phase: Phase) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*draft.common, *phase.context)))


def _too_long(draft: Draft, page: Page, text: str) -> Iterator[Finding]:
    budget = draft.coach.front.get("budget", BUDGET) if draft.coach else BUDGET
    tokens = estimate_tokens(text)
    if tokens > budget:
        message = f"the rendered prompt has about {tokens:,} tokens, more than the budget of {budget:,}"
        fix = "Shorten it, or raise `budget` in prompts/coach.md."
        yield finding("T001", page.file, 1, message, fix)


def _forgotten(draft: Draft, phase: Phase, page: Page, values: dict[str, Any]) -> Iterator[Finding]:
    for name in values:
        for other in variants(draft.context[name]):
            try:
                draft.prompts.system(phase.template, values | {name: other})
            except PromptError as exc:
                what = "nothing" if other is None else "an empty list"
                yield _cannot(page, exc, f"when `{name}` is {what} it")


def _cannot(page: Page, exc: PromptError, when: str) -> Finding:
    file, line = exc.file or page.file, exc.line or 1
    missing = isinstance(exc.__cause__, UndefinedError)
    fix = "Put what may be missing inside `{% if … %}`." if missing else "Correct the line, or shorten it."
    return finding("P017", file, line, f"{when} {exc.problem.rstrip('.')}", fix)
