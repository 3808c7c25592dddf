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
from pathlib import Path

from coach.check._finding import finding
from coach.errors import FolderError

ANCHOR = "coach_folders"


def locate(source: str | Path) -> tuple[Path, str]:
    """Find a coach folder.

    Args:
        source: A path (a ``Path``, or text with a slash, a backslash or a leading dot), or a package's name.
            A name that is no coach package, but a coach folder right here, is that folder.

    Returns:
        The folder and the package its modules belong to.

    Raises:
        FolderError: There is no coach folder.
    """
    if isinstance(source, str) and not _is_path(source):
        try:
            return _of_package(source), source
        except FolderError:
            if not (Path(source) / "prompts").is_dir():
                raise
    folder = Path(source).expanduser().resolve()
    if not folder.is_dir():
        raise _nothing(folder, "there is no such folder", "Write one with `coach new NAME`.")
    return _with_prompts(folder), _package_of(folder)


def _is_path(source: str) -> bool:
    return not source or source[0] in ".~" or "/" in source or "\\" in source


def _nothing(folder: Path, message: str, fix: str) -> FolderError:
    return FolderError(folder, [finding("F001", ".", 1, message, fix)])


def _with_prompts(folder: Path) -> Path:
    if not (folder / "prompts").is_dir():
        raise _nothing(folder, "it has no `prompts/`", "Write a coach folder with `coach new NAME`.")
    return folder


def _of_package(name: str) -> Path:
    here = Path(name)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if f"{name}.".startswith(f"{exc.name}."):
            fix = f"Install it, or write `./{name}` when you mean a folder."
            raise _nothing(here, f"there is no package `{name}`", fix) from exc
        raise _nothing(here, f"it imports `{exc.name}`, which does not exist", "Install it.") from exc
    except Exception as exc:
        fix = f"Try `python -c 'import {name}'`."
        raise _nothing(here, f"importing `{name}` raises {type(exc).__name__}", fix) from exc
    folders = [Path(path) for path in getattr(module, "__path__", ())]
    if not folders:
        raise _nothing(here, f"`{name}` is a module and no folder", "Name the package that holds `prompts/`.")
    return _with_prompts(next((one for one in folders if (one / "prompts").is_dir()), folders[0])).resolve()


def _package_of(folder: Path) -> str:
    """The package of a folder: known by its path and by the Python in it.

    Python keeps a module once it is imported. With the code in the name, a folder that changed, or another
    one at the same path, is imported anew, while a coach that is loaded already keeps what it has.
    """
    from coach import reference

    if folder == reference.FOLDER.resolve():
        return reference.__name__
    digest = hashlib.sha256(str(folder).encode())
    for path in sorted((*folder.glob("actions/**/*.py"), *folder.glob("context/**/*.py"))):
        digest.update(f"\0{path.relative_to(folder)}\0".encode())
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
