"""Where a coach folder is and what its modules are called.

A folder loaded by its path becomes a package of its own under an empty parent, and the ordinary import system
does the rest: relative imports, pickles and bytecode work, ``sys.path`` is not touched, and an action file
called ``json.py`` harms nobody.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from os import fsencode
from pathlib import Path

from coach.check._files import printable
from coach.check._finding import finding
from coach.check._offered import GROUP, offered
from coach.errors import FolderError

ANCHOR = "coach_folders"


def locate(source: str | Path) -> tuple[Path, str]:
    """Find a coach folder.

    Args:
        source: A path (a ``Path``, or text with a slash, a backslash or a leading dot), the name an installed
            package offers one under, or a package's name. A name that is none of these, but a coach folder
            right here, is that folder.

    Returns:
        The folder and the package its modules belong to.

    Raises:
        FolderError: There is no coach folder.
    """
    if isinstance(source, str) and not _is_path(source):
        package = _offer(source) or source
        try:
            return _of_package(package), package
        except FolderError:
            if not (Path(source) / "prompts").is_dir():
                raise
    try:
        folder = Path(source).expanduser().resolve()
        there = folder.is_dir()
    except (OSError, ValueError, RuntimeError):  # a name no file can have, or links in a circle
        there = False
    if not there:
        raise _nothing(source, "there is no such folder", "Write one with `coach new NAME`.")
    return _with_prompts(folder, source), _package_of(folder)


def _is_path(source: str) -> bool:
    return not source or source[0] in ".~" or "/" in source or "\\" in source


def _offer(name: str) -> str | None:
    """The package that an installed distribution offers under a name."""
    packages = [] if "." in name else offered().get(name, [])  # a dotted name can only be a package's
    if len(packages) > 1:
        listed = " and ".join(f"`{package}`" for package in packages)
        fix = "Name the package that you mean."
        raise _nothing(name, f"{listed} are both offered under this name (entry points `{GROUP}`)", fix)
    return packages[0] if packages else None


def _nothing(source: str | Path, message: str, fix: str) -> FolderError:
    return FolderError(Path(source), [finding("F001", printable(str(source)) or ".", 1, message, fix)])


def _with_prompts(folder: Path, source: str | Path) -> Path:
    if not (folder / "prompts").is_dir():
        inside = folder / folder.name  # where `coach new --package` puts it
        fix = "Write a coach folder with `coach new NAME`."
        if (inside / "prompts").is_dir():
            fix = f"The coach folder is inside: {printable(str(source))}/{printable(inside.name)}."
        raise _nothing(source, "it has no `prompts/`", fix)
    return folder


def _of_package(name: str) -> Path:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if f"{name}.".startswith(f"{exc.name}."):
            fix = f"Install it, or write `./{name}` when you mean a folder."
            raise _nothing(name, f"there is no package `{name}`", fix) from exc
        raise _nothing(name, f"it imports `{exc.name}`, which does not exist", "Install it.") from exc
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        fix = f"Try `python -c 'import {name}'`."
        raise _nothing(name, f"importing `{name}` raises {type(exc).__name__}", fix) from exc
    folders = [Path(path) for path in getattr(module, "__path__", ())]
    if not folders:
        raise _nothing(name, f"`{name}` is a module and no folder", "Name the package that holds `prompts/`.")
    folder = next((one for one in folders if (one / "prompts").is_dir()), folders[0])
    return _with_prompts(folder, name).resolve()


def _package_of(folder: Path) -> str:
    """The package of a folder: known by its path and by the Python in it.

    Python keeps a module once it is imported. With the code in the name, a folder that changed, or another
    one at the same path, is imported anew, while a coach that is loaded already keeps what it has.
    """
    from coach import reference

    if folder == reference.FOLDER.resolve():
        return reference.__name__
    digest = hashlib.sha256(fsencode(folder))
    for path in sorted((*folder.glob("actions/**/*.py"), *folder.glob("context/**/*.py"))):
        digest.update(b"\0" + fsencode(path.relative_to(folder)) + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"")
    name = f"{ANCHOR}.{re.sub(r'[^0-9A-Za-z]', '_', folder.name)}_{digest.hexdigest()[:8]}"
    _anchor(ANCHOR, [])
    _anchor(name, [str(folder)])
    importlib.invalidate_caches()
    return name


def _anchor(name: str, search: list[str]) -> None:
    """Have an empty package whose modules are searched for in ``search``."""
    if name in sys.modules:
        return
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = search
    sys.modules[name] = module_from_spec(spec)
