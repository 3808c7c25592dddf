"""Checks of templates: they parse, they include what exists, they use what their front matter names."""

from __future__ import annotations

from collections.abc import Iterator

from coach._uses import Trouble, Use
from coach.check._draft import Draft
from coach.check._finding import Finding, closest, finding, meant
from coach.check._pages import Page
from coach.check._types import missing


def syntax(draft: Draft) -> Iterator[Finding]:
    """P006: every template can be compiled."""
    for name, page in draft.pages.items():
        if (problem := draft.prompts.problem(name)) is not None:
            fix = "Correct the line; see jinja2's Template Designer documentation."
            message = f"it {problem.problem.rstrip('.')}"
            yield finding("P006", page.file, problem.line or 1, message, fix)


def includes(draft: Draft) -> Iterator[Finding]:
    """P006 to P009: every include names a file that is there and no circle; every tag can be followed."""
    for trouble in draft.prompts.examine(*draft.pages).troubles:
        yield _trouble(draft, trouble)


def _trouble(draft: Draft, trouble: Trouble) -> Finding:
    file = f"prompts/{trouble.template}"
    if trouble.kind == "missing":
        fix = closest(trouble.name, draft.pages) + " A name starts below `prompts/`."
        return finding("P006", file, trouble.line, f"there is no `{trouble.name}` to include", fix)
    if trouble.kind == "circle":
        message = f"the includes of `{trouble.name}` lead back to it, or nest too deep"
        return finding("P009", file, trouble.line, message, "Put what both need into a file of its own.")
    if trouble.kind == "dynamic":
        fix = "Write the name in quotes; choose between several with `{% if %}`."
        return finding("P007", file, trouble.line, "what it includes is only known while rendering", fix)
    if trouble.kind == "no context":
        fix = "Leave `without context` out."
        return finding("P007", file, trouble.line, "what it includes would see no values", fix)
    fix = (
        "Prompts have `if`, `for`, `set`, `include` and filters; put what is used twice in a file of its own."
    )
    return finding("P008", file, trouble.line, f"prompts do not have the tag `{trouble.name}`", fix)


def undeclared(draft: Draft) -> Iterator[Finding]:
    """P012: every value a prompt uses is named in its front matter, or in that of ``coach.md``."""
    for page in draft.prose() if draft.coach else ():
        declared = {*page.names("context"), *draft.common}
        unheard = draft.undeclared(page) - meant(declared, draft.context_names)
        for (template, name), lines in _lines(draft, page).items():
            if name in unheard:
                is_key = name in draft.context_names
                near = "" if is_key else closest(name, declared | draft.context_names)
                also = f" (also on line {', '.join(map(str, lines[1:]))})" if lines[1:] else ""
                what = "is a context key, but not" if is_key else "is not"
                message = f"`{name}` {what} in the `context` of {page.file}{also}"
                fix = near or "Add it there, or do without it."
                yield finding("P012", f"prompts/{template}", lines[0], message, fix)


def unused(draft: Draft) -> Iterator[Finding]:
    """P013: every context key a prompt names is used in it or in what it includes."""
    for page in draft.prose():
        if not draft.whole(page.template):
            continue
        used = {use.name for use in draft.prompts.variables(page.template)}
        used |= meant(draft.undeclared(page), page.names("context"))
        for name in page.names("context"):
            if name not in used and name in draft.context_names:
                line = page.line("context", name)
                message = f"the prompt never uses the context key `{name}`"
                yield finding("P013", page.file, line, message, "Remove it: it is asked in vain.")


def attributes(draft: Draft) -> Iterator[Finding]:
    """P016: every attribute a prompt uses is one that the context key's return type has."""
    for page in draft.prose():
        yield from wrong_attributes(draft, page)


def wrong_attributes(draft: Draft, page: Page) -> Iterator[Finding]:
    """P016, of one prompt."""
    for use in draft.prompts.variables(page.template):
        key = draft.context.get(use.name)
        wrong = missing(key.signature.returns, use.path) if key and key.signature.returns else None
        if wrong is not None:
            yield _no_attribute(use, *wrong)


def _no_attribute(use: Use, index: int, known: list[str]) -> Finding:
    owner = Use(template=use.template, line=use.line, name=use.name, path=use.path[:index])
    fix = closest(use.path[index], known) or "It is a plain value: use it as it is."
    message = f"`{owner}` has no `{use.path[index]}`"
    return finding("P016", f"prompts/{use.template}", use.line, message, fix)


def _lines(draft: Draft, page: Page) -> dict[tuple[str, str], list[int]]:
    """Where a prompt uses what: the lines by file and name."""
    lines: dict[tuple[str, str], list[int]] = {}
    for use in sorted(draft.prompts.variables(page.template)):
        known = lines.setdefault((use.template, use.name), [])
        if use.line not in known:
            known.append(use.line)
    return lines
