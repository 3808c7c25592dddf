"""Reading ``prompts/``: every file, its front matter and its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coach.check._files import LARGEST, printable, unreadable
from coach.check._finding import Finding, closest, finding, meant
from coach.phase import FrontMatterError, Phase, read_front_matter
from coach.prompt import COACH

BUDGET = 8_000
"""Estimated tokens a phase's whole prompt may have, unless ``coach.md`` says otherwise with ``budget``."""

_PHASE_FIELDS: Mapping[str, type] = {
    "title": str,
    "actions": list,
    "context": list,
    "next": list,
    "confirm": list,
}
_COACH_FIELDS: Mapping[str, type] = {"first": str, "context": list, "budget": int}
_IN_WORDS = {str: "text", list: "a list of text", int: "a whole number"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """One file of ``prompts/``.

    Attributes:
        template: Its name among the prompts.
        text: The whole file.
        front: Its front matter; empty when it has none or it cannot be read.
        source: The body for the renderer, on the lines it has in the file.
        sound: Whether its front matter can be relied on.
    """

    template: str
    text: str
    front: Mapping[str, Any]
    source: str
    sound: bool

    @property
    def file(self) -> str:
        """The file, relative to the coach folder."""
        return f"prompts/{self.template}"

    def line(self, name: str, value: str = "") -> int:
        """The line of a front-matter field, or of one value in its list; the first when it is not there."""
        lines = self.text.split("\n")
        begins = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
        starts = [number for number, line in enumerate(lines, 1) if begins.match(line)]
        if not starts:
            return 1
        quoted = re.compile(rf"""["']{re.escape(value)}["']""")
        after = range(starts[0], len(lines) + 1)
        return next((number for number in after if value and quoted.search(lines[number - 1])), starts[0])

    def names(self, field: str) -> tuple[str, ...]:
        """The names a front-matter field lists, each once."""
        listed = self.front.get(field)
        return tuple(dict.fromkeys(listed)) if isinstance(listed, list) and _is(listed, list) else ()


@dataclass(kw_only=True)
class Pages:
    """All files of ``prompts/`` by template name, the phases among them, and what is wrong with them."""

    pages: dict[str, Page]
    phases: dict[str, Phase]
    findings: list[Finding]


def read_pages(folder: Path) -> Pages:
    """Read every markdown file below ``prompts/``."""
    read = Pages(pages={}, phases={}, findings=[])
    for path in sorted((folder / "prompts").rglob("*.md")):
        template = printable(path.relative_to(folder / "prompts").as_posix())
        if any(part.startswith(".") for part in template.split("/")):
            continue
        page = _page(path, template, read.findings)
        read.pages[template] = page
        if template.startswith("phases/") and not path.name.startswith("_"):
            read.findings.extend(_second(read.phases, path.stem, page))
            read.phases.setdefault(path.stem, _phase(path, page))
    if COACH not in read.pages:
        fix = 'Write it: what precedes every phase, with `first = "…"` in its front matter.'
        read.findings.append(finding("P005", f"prompts/{COACH}", 1, "the file is missing", fix))
    return read


def _page(path: Path, template: str, findings: list[Finding]) -> Page:
    page = Page(template=template, text="", front={}, source="", sound=False)
    if (problem := _unopened(path)) is not None:
        fix = "A prompt is a text file of a few pages. Look at this one and its rights."
        findings.append(finding("P001", page.file, 1, problem, fix))
        return page
    try:
        text = path.read_text("utf-8-sig")
        front, body, line = read_front_matter(text)
    except FrontMatterError as exc:
        fix = 'It is TOML between two lines `+++`, e.g. `actions = ["save_note"]`.'
        findings.append(finding("P001", page.file, exc.line, str(exc), fix))
    except (OSError, UnicodeDecodeError):
        problem = "the file cannot be read as UTF-8 text"
        findings.append(finding("P001", page.file, 1, problem, "Save it as UTF-8."))
    else:
        # A comment as long as the front matter keeps the body on its lines.
        source = body if line == 1 else "{#" + "\n" * (line - 2) + "#}\n" + body
        page = Page(template=template, text=text, front=front, source=source, sound=True)
        findings.extend(_fields(page))
        if not _is_reliable(page):
            page = replace(page, front={}, sound=False)
    return page


def _unopened(path: Path) -> str | None:
    if (problem := unreadable(path)) is not None:
        return problem
    return f"the file is larger than {LARGEST:,} bytes" if path.stat().st_size > LARGEST else None


def _is_phase(page: Page) -> bool:
    return page.template.startswith("phases/") and "/_" not in page.template


def _known(page: Page) -> Mapping[str, type]:
    """The fields its front matter may have, with their types."""
    return _PHASE_FIELDS if _is_phase(page) else _COACH_FIELDS if page.template == COACH else {}


def _misspelt(page: Page) -> set[str]:
    """The fields it does not have, but something nearly named like them."""
    known = _known(page)
    return meant(page.front, known) - page.front.keys()


def _is_reliable(page: Page) -> bool:
    """Whether no field is missing that it must have, misspelt or of another type."""
    known = _known(page)
    return (
        not _misspelt(page)
        and all(_is(value, known[name]) for name, value in page.front.items() if name in known)
        and (not _is_phase(page) or "actions" in page.front)
    )


def _fields(page: Page) -> Iterator[Finding]:
    """Every field is known and of its type, and a phase has front matter at all."""
    known = _known(page)
    if _is_phase(page) and not page.front:
        fix = "Begin it with `+++`, `actions = []`, `context = []`, `next = []`, `+++`."
        yield finding("P001", page.file, 1, "the phase has no front matter", fix)
        return
    for name, value in page.front.items():
        line = page.line(name)
        if name not in known:
            fix = closest(name, known) or "Front matter is for `coach.md` and phases; remove it here."
            yield finding("P002", page.file, line, f"`{name}` means nothing here", fix)
        elif not _is(value, known[name]):
            words = _IN_WORDS[known[name]]
            yield finding("P001", page.file, line, f"`{name}` is not {words}", f"Make it {words}.")
    if _is_phase(page) and "actions" not in page.front.keys() | _misspelt(page):
        fix = "Write `actions = []` when it allows none; leaving it out never means all."
        yield finding("P003", page.file, 1, "the phase does not say which actions it allows", fix)


def _is(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return type(value) is kind


def _second(phases: Mapping[str, Phase], name: str, page: Page) -> Iterator[Finding]:
    """No two files are the same phase, also not where upper and lower case are one."""
    for known, phase in phases.items():
        if known.lower() == name.lower():
            message = f"the phase `{name}` is also in prompts/{phase.template}"
            yield finding("P004", page.file, 1, message, "Rename one of the two files.")


def _phase(path: Path, page: Page) -> Phase:
    return Phase(
        name=path.stem,
        title=page.front.get("title", path.stem.replace("_", " ").capitalize()),
        actions=page.names("actions"),
        context=page.names("context"),
        next=page.names("next"),
        confirm=page.names("confirm"),
        path=path,
        template=page.template,
    )
