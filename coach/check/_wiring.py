"""Checks of actions and context keys beyond their files: their schemas, and the services they ask for."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from coach.action import Action
from coach.check._draft import Draft
from coach.check._finding import Finding, closest, finding
from coach.check._python import parameter_line, relative
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
                fix = f"Give it to `load(…, {need}=…)`. {closest(need, services)}".strip()
                message = f"`{thing.name}` asks for the service `{need}`, which nobody provides"
                yield finding("A010", file, line, message, fix)


def place(folder: Path, thing: Action[..., Any] | ContextKey[..., Any]) -> tuple[str, int]:
    """The file and line of an action's or a context key's function."""
    file = relative(folder, inspect.unwrap(thing.handler).__code__.co_filename)
    if file is None:
        return f"{'actions' if isinstance(thing, Action) else 'context'}/{thing.name}.py", 1
    return file, thing.signature.line
