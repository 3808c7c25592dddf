"""Imports point one way. Read from the syntax, so those inside functions and for types only count too."""

import ast
from collections.abc import Iterator
from importlib.util import resolve_name

import coach
from tests._tree import ROOT, python_files

SETTINGS = {"settings", "model"}
LIBRARY = {
    *("core", "faces", "fetch", "store", "studio", "flows", "flux", "stickers", "personas"),
    *("workers", "settings", "model", "conversation", "runtime"),
}
# A room is a package or module right below `coach`; whatever has no line here is the core. A room may always
# import itself.
MAY_IMPORT = {
    "core": {"core", "reference"},
    "faces": {"errors", "text", "_durable"},
    "fetch": {"errors"},
    "store": {"errors", "events", "pending", "text", "_durable"},
    "studio": {"core", "faces", "fetch", "store"},
    "flows": {"core", "store", "studio"},
    "flux": {"core", "store", "studio"},
    "stickers": {"core", "fetch", "store", "studio"},
    "personas": {"core", "faces", "store", "studio", "model"},
    "_services": {"core", "fetch", "studio"},
    "_runpod": {"core", "_services", "studio"},
    "settings": {"core", "_services", "_runpod", "faces", "store", "studio"},
    "model": {"core", "settings"},
    "conversation": {"core", "store", "studio", "settings", "model"},
    "workers": {"core", "store", "studio"},
    "runtime": {"core", "faces", "stickers", "store", "studio", "workers", *SETTINGS, "conversation"},
    "worker": {"core", "store", "studio", "workers", "settings", "runtime"},
    "adapters": {*LIBRARY, "coach"},
    "server": {*LIBRARY, "adapters", "coach"},
    "sandbox": {"studio.capabilities"},
    "reference": set[str](),
    "testing": {*LIBRARY, "sandbox"},
    "cli": {*LIBRARY, "adapters", "server", "sandbox", "testing", "worker", "coach"},
    "__main__": {"cli"},
    "coach": LIBRARY,
}


def imports_of(path: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, ``package.module.name`` for ``from package.module import name``.

    Relative ones become absolute in `coach`, and keep their dots in `actions` and `context`, which are loaded
    under other names.
    """
    package = path.rpartition("/")[0].replace("/", ".") if path.startswith("coach/") else ""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            module = resolve_name(module, package) if package else module
            dot = "" if module.endswith(".") else "."
            yield from ((node.lineno, f"{module}{dot}{alias.name}") for alias in node.names)


def names_of(target: str) -> set[str]:
    """What a rule may call the target: its room, ``"core"``, and what is inside the room."""
    parts = target.split(".")[1:]
    if not parts or (len(parts) == 1 and not is_module(parts[0])):
        return {"coach"}
    room = parts[0] if parts[0] in MAY_IMPORT else "core"
    return {room, *(".".join(parts[:end]) for end in range(1, len(parts) + 1))}


def is_module(name: str) -> bool:
    return (ROOT / "coach" / name).is_dir() or (ROOT / "coach" / f"{name}.py").is_file()


def room_of(path: str) -> str:
    if path == "coach/__init__.py":
        return "coach"
    first = path.split("/")[1].removesuffix(".py")
    return first if first in MAY_IMPORT else "core"


def test_a_room_imports_only_what_it_may() -> None:
    wrong = [
        f"{path}:{line} {target}: {room} may import {sorted(MAY_IMPORT[room])}"
        for path in python_files("coach")
        for room in [room_of(path)]
        for line, target in imports_of(path)
        if target.split(".")[0] == "coach" and not names_of(target) & (MAY_IMPORT[room] | {room})
    ]
    assert not wrong


def test_an_action_and_a_context_key_import_public_names_and_their_own_helpers() -> None:
    public = {"coach", *(f"coach.{name}" for name in coach.__all__)}
    wrong = [
        f"{path}:{line} {target}"
        for path in python_files("actions", "context")
        for line, target in imports_of(path)
        if (target.split(".")[0] == "coach" and target not in public)
        or (target.startswith(".") and not target.startswith("._"))
    ]
    assert not wrong


def test_the_rules_name_rooms_that_exist_and_are_used() -> None:
    rooms = {room_of(path) for path in python_files("coach")}
    assert rooms == MAY_IMPORT.keys()


def test_a_wrong_arrow_is_seen() -> None:
    assert not names_of("coach.sandbox.app.create_app") & MAY_IMPORT["core"]
    assert not names_of("coach.load") & MAY_IMPORT["store"]
    assert not names_of("coach.studio.studio.Studio") & MAY_IMPORT["sandbox"]
    assert names_of("coach.studio.capabilities.Model") & MAY_IMPORT["sandbox"]
    assert names_of("coach.errors.NotFound") & MAY_IMPORT["store"]
    assert names_of("coach._calls.Call") & MAY_IMPORT["core"]
