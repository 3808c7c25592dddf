"""Checks of the prose: what it tells the model to call is what the model may call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from coach.action import Action
from coach.check._draft import Draft
from coach.check._finding import Finding, finding, meant
from coach.prompt import COACH
from coach.schema import SchemaError

_IN_BACKTICKS = re.compile(r"`([A-Za-z_]\w*)(?:\([^`\n]*\))?`")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_TAG = re.compile(r"""</?([A-Za-z]\w*)|quoted\(\s*["'](\w+)""")
_NEAR = 0.85
"""How alike a name in backticks and an action's are, when the one is meant to be the other."""


@dataclass(frozen=True, kw_only=True, order=True)
class _Mention:
    file: str
    line: int
    name: str


def not_allowed(draft: Draft) -> Iterator[Finding]:
    """P014: a phase's prose names no action that the phase does not allow."""
    for phase, page in draft.sound_phases():
        allowed = {*phase.actions} | meant(phase.actions, draft.action_names)
        for mention in _mentions(draft, page.template):
            if mention.name in draft.action_names and mention.name not in allowed:
                message = f"the prose names `{mention.name}`, which the phase `{phase.name}` does not allow"
                fix = f"Add it to the `actions` of {page.file}, or reword the sentence."
                yield finding("P014", mention.file, mention.line, message, fix)


def not_mentioned(draft: Draft) -> Iterator[Finding]:
    """P014, a warning: every action a phase allows is named in its prose or in that of ``coach.md``."""
    common, known = _names(draft, COACH) if draft.coach else set(), _known(draft)
    for phase, page in draft.sound_phases():
        if not (draft.whole(page.template) and draft.whole(COACH)):
            continue
        mentioned = common | _names(draft, page.template)
        mentioned |= meant(mentioned - known, draft.action_names, cutoff=_NEAR)
        for name in phase.actions:
            if name not in mentioned and name in draft.action_names:
                message = f"the prompt never names the action `{name}`, which it allows"
                fix = f"Say when to call `{name}`, in backticks, or remove it from `actions`."
                line = page.line("actions", name)
                yield finding("P014", page.file, line, message, fix, severity="warning")


def not_everywhere(draft: Draft) -> Iterator[Finding]:
    """P014, a warning: ``coach.md`` precedes every phase, so what it names is allowed in every phase."""
    for mention in _mentions(draft, COACH) if draft.coach else ():
        without = [phase.name for phase, _ in draft.sound_phases() if mention.name not in phase.actions]
        if mention.name in draft.action_names and without:
            message = f"`{mention.name}` is named before every phase, but not allowed in {', '.join(without)}"
            fix = "Allow it there, or name it in the phases that do."
            yield finding("P014", mention.file, mention.line, message, fix, severity="warning")


def misspelt(draft: Draft) -> Iterator[Finding]:
    """P014, a warning: a name in backticks that looks like an action's and is nothing at all."""
    known = _known(draft)
    for page in draft.prose():
        for mention in _mentions(draft, page.template):
            if _SNAKE.fullmatch(mention.name) and mention.name not in known:
                near = meant([mention.name], draft.action_names, cutoff=_NEAR)
                fix = f"Write actions/{mention.name}.py, or name what there is."
                fix = f"Did you mean `{near.pop()}`?" if near else fix
                message = f"there is no action `{mention.name}`"
                yield finding("P014", mention.file, mention.line, message, fix, severity="warning")


def _known(draft: Draft) -> set[str]:
    """The names that stand for something: what there is or is asked for, and what prompts show."""
    names = draft.action_names | draft.context_names | draft.phases.keys()
    for page in draft.prose():
        names |= {name for field in ("actions", "context", "next", "confirm") for name in page.names(field)}
    for page in draft.pages.values():
        names |= {name for tag in _TAG.findall(page.source) for name in tag}
    for use in draft.prompts.examine(*draft.pages).uses:
        names |= {use.name, *use.path}
    for action in draft.actions.values():
        names |= {*action.params.model_fields, *_words(action)}
    return names


def _words(action: Action[..., Any]) -> list[str]:
    """Every word of what the model sees of an action's parameters: their names and fixed values too."""
    try:
        return re.findall(r"\w+", json.dumps(action.schema))
    except SchemaError:
        return []


def _names(draft: Draft, template: str) -> set[str]:
    return {mention.name for mention in _mentions(draft, template)}


def _mentions(draft: Draft, template: str) -> Iterator[_Mention]:
    """Every name in backticks in a template and what it includes; comments are no prose."""
    for name in sorted(draft.prompts.examine(template).templates):
        try:
            tree = draft.prompts.tree(name)
        except TemplateSyntaxError:
            continue
        for begins, text in _texts(tree):
            for found in _IN_BACKTICKS.finditer(text):
                line = begins + text.count("\n", 0, found.start())
                yield _Mention(file=f"prompts/{name}", line=line, name=found[1])


def _texts(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Every text a template writes, with its line: between expressions, and in quotes inside them."""
    yield from ((data.lineno, data.data) for data in tree.find_all(nodes.TemplateData))
    consts = tree.find_all(nodes.Const)
    yield from ((const.lineno, const.value) for const in consts if isinstance(const.value, str))
