"""Checks of the way through the phases."""

from __future__ import annotations

from collections.abc import Iterator

from coach.check._draft import Draft
from coach.check._finding import Finding, finding, meant


def unreachable(draft: Draft) -> Iterator[Finding]:
    """P021: every phase can be reached from the first.

    A phase with broken front matter may lead anywhere, so nothing is said while there is one.
    """
    first = str(draft.coach.front.get("first")) if draft.coach else ""
    if first not in draft.phases or not draft.settled:
        return
    reached, to_visit = set[str](), [first]
    while to_visit:
        name = to_visit.pop()
        if name in draft.phases and name not in reached:
            reached.add(name)
            to_visit.extend({*draft.phases[name].next} | meant(draft.phases[name].next, draft.phases))
    for phase, page in draft.sound_phases():
        if phase.name not in reached:
            fix = "Name it in the `next` of a phase that comes before it, or remove the file."
            yield finding("P021", page.file, 1, f"no way leads from `{first}` to `{phase.name}`", fix)


def dead_ends(draft: Draft) -> Iterator[Finding]:
    """P022: every phase can be left, or says that it is an end.

    ``next = []`` says so. Leaving ``next`` out, or naming only the phase itself, says nothing: an error. A
    phase that leads on but allows no action can only be left by the host application: a warning.
    """
    for phase, page in draft.sound_phases():
        if "next" not in page.front:
            fix = "Write which phases may follow, or `next = []` where the conversation ends."
            yield finding("P022", page.file, 1, "the phase does not say what may follow it", fix)
        elif phase.next and set(phase.next) == {phase.name}:
            fix = "Name another phase, or write `next = []` where the conversation ends."
            line = page.line("next")
            yield finding("P022", page.file, line, "the phase leads only to itself", fix)
        elif phase.next and not phase.actions:
            message = "the phase leads on, but allows no action that could leave it"
            fix = "Allow one that returns `Result(…, next=…)`, unless the host moves on."
            line = page.line("next")
            yield finding("P022", page.file, line, message, fix, severity="warning")
