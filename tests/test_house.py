"""The rules of the house that a machine can see."""

import ast
import inspect
import json
import re
import subprocess
import sys
from types import FunctionType

import coach
from tests._tree import ROOT, python_files, tracked

HEAVY = {
    *("PIL", "alembic", "boto3", "httpx2", "jinja2", "openai", "rich", "sqlalchemy", "starlette", "typer"),
    *("uvicorn", "agents", "anthropic", "fastapi", "langchain", "langchain_core", "mcp", "pydantic_ai"),
}
PLACES = re.compile(r"(?<![\w.-])/(?:work|root|farm)/")
REGISTRIES = re.compile(r"\b(?:pypi|pythonhosted|deb\.debian|registry\.(?:npmjs|yarnpkg))\.(?:org|com)\b")


def text_of(path: str) -> str:
    """The text of a tracked file; of a picture, nothing."""
    try:
        return (ROOT / path).read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_python_file_has_300_lines() -> None:
    long = {path: count for path in python_files() if (count := text_of(path).count("\n")) >= 300}
    assert not long, "split by what they know, not by size"


def test_no_file_names_a_machine_path_or_a_package_registry() -> None:
    assert PLACES.search("see /" + "work/main") and REGISTRIES.search("https://pypi" + ".org/simple")
    named = [
        f"{path}:{number} {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if PLACES.search(line) or REGISTRIES.search(line)
    ]
    assert not named


def test_every_public_dataclass_is_keyword_only() -> None:
    positional = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("coach", "actions", "context")
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and is_positional(node)
    ]
    assert not positional, "@dataclass(frozen=True, kw_only=True)"


def is_positional(node: ast.ClassDef) -> bool:
    """Whether it is a dataclass whose fields can be given by position."""
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    return any(
        re.match(r"(dataclasses\.)?dataclass\b", mark) and "kw_only=True" not in mark for mark in marks
    )


def test_the_public_names_are_sorted_and_none_is_left_out() -> None:
    imported = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(text_of("coach/__init__.py")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("coach.")
        for alias in node.names
    }
    # Their order is ruff's affair (RUF022).
    assert sorted(coach.__all__) == sorted(imported)


def test_every_public_class_and_function_says_what_it_is() -> None:
    public = {name: getattr(coach, name) for name in coach.__all__}
    silent = [
        name
        for name, value in public.items()
        if (inspect.isclass(value) or inspect.isroutine(value)) and not says_something(value)
    ]
    assert not silent


def says_something(value: type | FunctionType) -> bool:
    """Whether it has a docstring of its own: none inherited, none that ``@dataclass`` made."""
    said = vars(value).get("__doc__") if isinstance(value, type) else value.__doc__
    return bool(said) and not said.startswith(f"{value.__name__}(")


def test_importing_the_library_loads_no_heavy_package() -> None:
    code = "import coach, json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(done.stdout))
