"""Checks of actions and context keys beyond their files: what they take, ask for, give and lead to."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from coach.action import Action
from coach.check._draft import Draft
from coach.check._files import printable, syntax_tree
from coach.check._finding import Finding, closest, finding
from coach.check._python import parameter_line, relative
from coach.check._types import unplain
from coach.context import ContextKey
from coach.schema import SchemaError, strict_schema


def schemas(draft: Draft) -> Iterator[Finding]:
    """A005: every action's parameters can be expressed strictly."""
    for name, action in draft.actions.items():
        try:
            strict_schema(action.params)
        except SchemaError as exc:
            file, line = place(draft.folder, action)
            first = exc.path.split(".")[0].removesuffix("[]")
            line = parameter_line(draft.folder / file, first, line)
            fix = "A strict tool takes text, numbers, yes or no, fixed values, lists and models of these."
            yield finding("A005", file, line, f"{name}: {exc}", fix)


def moves(draft: Draft) -> Iterator[Finding]:
    """A012: a phase that a file of ``actions/`` writes out in ``Result(…, next="…")`` exists."""
    for path in sorted((draft.folder / "actions").glob("[!.]*.py")) if draft.phases else ():
        for name, line in _nexts(syntax_tree(path)):
            if name not in draft.phases:
                message = f"`next` names `{name}`, which is no phase"
                file = f"actions/{printable(path.name)}"
                yield finding("A012", file, line, message, closest(name, draft.phases))


def _nexts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The texts that a ``Result`` may have for ``next``, with their lines."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _makes_result(call):
            for word in call.keywords:
                yield from _literals(word.value) if word.arg == "next" else ()


def _makes_result(call: ast.Call) -> bool:
    made = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    return getattr(made, "attr", getattr(made, "id", "")) == "Result"


def _literals(value: ast.expr) -> Iterator[tuple[str, int]]:
    """The texts an expression may stand for, with their lines."""
    possible = [value]
    for one in possible:
        match one:
            case ast.Constant(value=str(text)):
                yield text, one.lineno
            case ast.IfExp():
                possible.extend((one.body, one.orelse))
            case ast.BoolOp():
                possible.extend(one.values)


def questions(draft: Draft) -> Iterator[Finding]:
    """A013: an action's question is asked: it is ``by="user"``, or a phase's ``confirm`` names it."""
    confirmed = {name for phase in draft.phases.values() for name in phase.confirm}
    for name, action in draft.actions.items():
        if action.ask and action.by != "user" and name not in confirmed and draft.settled:
            file, line = place(draft.folder, action)
            fix = 'Write `by="user"`, name it in the `confirm` of a phase, or leave `ask` out.'
            yield finding("A013", file, line, f"nobody is asked the question of `{name}`", fix)


def unbound(draft: Draft) -> Iterator[Finding]:
    """A014: an action that may cost money and needs a yes says what the yes is to."""
    confirmed = {name for phase in draft.phases.values() for name in phase.confirm}
    for name, action in draft.actions.items():
        if action.spends and action.terms is None and (action.by == "user" or name in confirmed):
            file, line = place(draft.folder, action)
            message = f"the person is not shown what a yes to `{name}` sends, or what it costs"
            fix = "Give the decorator `terms`: a function that says it, e.g. by `studio.terms`."
            yield finding("A014", file, line, message, fix)


def showable(draft: Draft) -> Iterator[Finding]:
    """C005: what a context key gives can become plain data."""
    for name, key in draft.context.items():
        if (wrong := unplain(key.signature.returns)) is not None:
            file, line = place(draft.folder, key)
            fix = "Give text, numbers, lists and dicts, dataclasses or pydantic models of these."
            yield finding("C005", file, line, f"`{name}` gives `{wrong}`, which no prompt can show", fix)


def unprovided(
    folder: Path,
    actions: Mapping[str, Action[..., Any]],
    context: Mapping[str, ContextKey[..., Any]],
    services: Collection[str],
) -> Iterator[Finding]:
    """A010: every service an action or a context key asks for is there."""
    things: list[Action[..., Any] | ContextKey[..., Any]] = [*actions.values(), *context.values()]
    for thing in things:
        file, line = place(folder, thing)
        for need in thing.needs:
            if need not in services:
                line = parameter_line(folder / file, need, line)
                ways = f"`load(…, {need}=…)`, `coach.open(…, {need}=…)`, `coach check --service {need}`"
                fix = f"Provide it: {ways}. {closest(need, services)}".strip()
                message = f"`{thing.name}` asks for the service `{need}`, which nobody provides"
                yield finding("A010", file, line, message, fix)


def place(folder: Path, thing: Action[..., Any] | ContextKey[..., Any]) -> tuple[str, int]:
    """The file and line of an action's or a context key's function."""
    file = relative(folder, inspect.unwrap(thing.handler).__code__.co_filename)
    if file is None:
        return f"{'actions' if isinstance(thing, Action) else 'context'}/{thing.name}.py", 1
    return file, thing.signature.line
