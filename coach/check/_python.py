"""Reading ``actions/`` and ``context/``: importing every file, and saying where and why that fails."""

from __future__ import annotations

import ast
import importlib
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from linecache import getline
from pathlib import Path
from traceback import walk_tb
from types import FunctionType
from typing import Any

from coach._signature import Reason, SignatureError
from coach.action import Action
from coach.check._files import printable, syntax_tree, unreadable
from coach.check._finding import Finding, finding
from coach.context import ContextKey

log = logging.getLogger("coach")

_NOT_IN = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the files of a folder define, and which codes speak of it."""

    folder: str
    what: str
    type: type[Any]
    decorator: str
    misnamed: str
    broken: str
    reasons: dict[Reason, str]


ACTIONS = Kind(
    folder="actions",
    what="action",
    type=Action,
    decorator="@action",
    misnamed="A001",
    broken="A007",
    reasons={
        "docstring": "A002",
        "description": "A003",
        "async": "A004",
        "schema": "A005",
        "parameters": "A006",
        "person": "A006",
        "decorator": "A006",
        "returns": "A006",
        "alias": "A008",
        "data": "A009",
    },
)
CONTEXT = Kind(
    folder="context",
    what="context key",
    type=ContextKey,
    decorator="@context_key",
    misnamed="C001",
    broken="C004",
    reasons=dict.fromkeys(ACTIONS.reasons, "C002"),
)


@dataclass(kw_only=True)
class Modules:
    """What the Python files of one folder gave.

    Attributes:
        found: What they define, by name.
        files: The names that were looked for, found or not.
        findings: What is wrong with them.
    """

    found: dict[str, Any] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def read_modules(folder: Path, package: str, kind: Kind) -> Modules:
    """Import every file of ``actions/`` or ``context/`` whose name begins with a letter or digit."""
    modules = Modules()
    for path in sorted((folder / kind.folder).glob("[!.]*.py")):
        if not path.name.startswith("_"):
            modules.files.add(printable(path.stem))
        if (problem := unreadable(path)) is not None:
            file, fix = f"{kind.folder}/{printable(path.name)}", "Look at the file and its rights."
            modules.findings.append(finding(kind.broken, file, 1, problem, fix))
        elif not path.name.startswith("_"):
            _read_module(folder, f"{package}.{kind.folder}.{path.stem}", path, kind, modules)
    return modules


def _read_module(folder: Path, name: str, path: Path, kind: Kind, modules: Modules) -> None:
    try:
        names = dict(vars(importlib.import_module(name)))
    except BaseException as exc:
        if isinstance(exc, KeyboardInterrupt) and not _raises_it(folder, exc):
            raise
        log.debug("%s/%s cannot be imported", kind.folder, path.name, exc_info=exc)
        modules.findings.append(_broken(folder, path, exc, kind))
        return
    modules.findings.extend(_misnamed(names, name, path.stem, kind))
    thing: Any = names.get(path.stem)
    if _is(thing, kind) and thing.name == path.stem:
        modules.found[path.stem] = thing


def _raises_it(folder: Path, exc: KeyboardInterrupt) -> bool:
    """Whether a line of the folder's own raises it; the one of Ctrl-C comes from no ``raise``."""
    filename, line = [(frame.f_code.co_filename, line) for frame, line in walk_tb(exc.__traceback__)][-1]
    return relative(folder, filename) is not None and "raise" in getline(filename, line)


def _is(thing: Any, kind: Kind) -> bool:
    """Whether a file defines it. Its type is asked and not the thing, which may lie or raise."""
    return issubclass(type(thing), kind.type)


def _misnamed(names: dict[str, Any], module: str, stem: str, kind: Kind) -> Iterator[Finding]:
    """A file defines one thing, of the file's name."""
    file, found = f"{kind.folder}/{stem}.py", names.get(stem)
    defined = [thing for thing in names.values() if _is(thing, kind) and thing.handler.__module__ == module]
    for thing in defined:
        if thing.name != stem:
            yield finding(
                kind.misnamed,
                file,
                thing.signature.line,
                f"the file defines the {kind.what} `{thing.name}`, not `{stem}`",
                f"Move it to {kind.folder}/{thing.name}.py, or rename the function.",
            )
    if type(found) is FunctionType:
        line = found.__code__.co_firstlineno
        fix = f"Write `{kind.decorator}` above it."
        yield finding(kind.misnamed, file, line, f"`{stem}` is a plain function and no {kind.what}", fix)
    elif not defined and not _is(found, kind):
        name = stem if stem.isidentifier() else "a_python_name"
        code = f"`{kind.decorator}` and `async def {name}(ctx: Context)`"
        fix = f"Write {code}, or begin a helper's name with `_`."
        yield finding(kind.misnamed, file, 1, f"the file defines no {kind.what} `{stem}`", fix)


def _broken(folder: Path, path: Path, exc: BaseException, kind: Kind) -> Finding:
    file, line = _place(folder, path, exc)
    if not os.access(path, os.R_OK):
        return finding(kind.broken, file, 1, "it cannot be read", "Look at the file and its rights.")
    match exc:
        case SignatureError():
            line = parameter_line(folder / file, exc.parameter, exc.line) or line
            return finding(kind.reasons[exc.reason], file, line, str(exc), _FIXES[exc.reason])
        case SyntaxError():
            return finding(kind.broken, file, line, f"it is no Python: {exc.msg}", "Correct the line.")
        case ValueError() if b"\0" in path.read_bytes():  # a SyntaxError from Python 3.11.4 on
            return finding(kind.broken, file, line, "it is no Python: it has null bytes", "Correct the line.")
        case ModuleNotFoundError():
            missing = str(exc.name).rpartition(f".{kind.folder}.")[2]
            fix = "Install it, or write `from ._helper import …` for a file beside this one."
            return finding(kind.broken, file, line, f"it imports `{missing}`, which does not exist", fix)
        case ImportError() if name := _NOT_IN.match(str(exc)):
            message = f"it imports `{name[1]}` from `{name[2]}`, which has no such name"
            return finding(kind.broken, file, line, message, "Correct the name.")
        case NameError() | AttributeError() if exc.name:
            return finding(
                kind.broken, file, line, f"it uses `{exc.name}`, which is not there", "Correct the name."
            )
    fix = "`coach check --traceback` shows where."
    return finding(kind.broken, file, line, f"importing it raises {type(exc).__name__}", fix)


_FIXES: dict[Reason, str] = {
    "async": "Work that blocks goes through `asyncio.to_thread`.",
    "docstring": "Write one sentence: when to use it, and what it does.",
    "description": "The model reads it to know what to give.",
    "schema": "Use `str`, `int`, `float`, `bool`, `Literal`, lists and pydantic models.",
    "parameters": "The context first, then services, then after `*` what the model gives.",
    "person": "Every store is asked with `ctx.user_id`.",
    "decorator": "Correct what the decorator is given, or leave it out.",
    "returns": "`Result(say=…)` is what the model reads; `data=` is for the application.",
    "alias": "Rename the parameter, and leave `alias` and `validation_alias` out of its `Field`.",
    "data": "Return a pydantic model, a dataclass, or text, numbers, lists and dicts of these.",
}


def _place(folder: Path, path: Path, exc: BaseException) -> tuple[str, int]:
    """The last line inside the folder that was being run when it failed."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(exc.__traceback__)]
    if isinstance(exc, SyntaxError) and exc.filename:
        places.append((exc.filename, exc.lineno or 1))
    for filename, line in reversed(places):
        if (inside := relative(folder, filename)) is not None:
            return inside, line
    return path.relative_to(folder).as_posix(), 1


def relative(folder: Path, filename: str) -> str | None:
    """A file of ``actions/`` or ``context/`` as findings name it; ``None`` for any other file.

    Of the reference coach the folder holds the whole library, in a checkout.
    """
    if any(Path(filename).is_relative_to(folder / part) for part in (ACTIONS.folder, CONTEXT.folder)):
        return Path(filename).relative_to(folder).as_posix()
    return None


def parameter_line(file: Path, name: str, line: int) -> int:
    """The line of a parameter of the function on or after ``line``; ``line`` itself when there is none."""
    if name:
        for node in ast.walk(syntax_tree(file)):
            if isinstance(node, ast.arg) and node.arg == name and node.lineno >= line:
                return node.lineno
    return line
