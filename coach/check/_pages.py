"""Reading ``prompts/``: every file, its front matter and its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach.check._finding import Finding, closest, finding
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
        starts = [
            number for number, line in enumerate(lines, 1) if re.match(rf"\s*[\"']?{name}[\"']?\s*=", line)
        ]
        if not starts:
            return 1
        quoted = re.compile(rf"""["']{re.escape(value)}["']""")
        after = range(starts[0], len(lines) + 1)
        return next((number for number in after if value and quoted.search(lines[number - 1])), starts[0])

    def names(self, field: str) -> tuple[str, ...]:
        """The names a front-matter field lists, each once."""
        return tuple(dict.fromkeys(self.front.get(field, ())))


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
        template = path.relative_to(folder / "prompts").as_posix()
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
    file, text, source = f"prompts/{template}", "", ""
    front: dict[str, Any] = {}
    problems: list[Finding] = []
    try:
        text = source = path.read_text("utf-8-sig")
        front, body, line = read_front_matter(text)
        # A comment as long as the front matter keeps the body on its lines.
        source = body if line == 1 else "{#" + "\n" * (line - 2) + "#}\n" + body
        problems.extend(_fields(Page(template=template, text=text, front=front, source="", sound=True)))
    except FrontMatterError as exc:
        fix = 'It is TOML between two lines `+++`, e.g. `actions = ["save_note"]`.'
        problems.append(finding("P001", file, exc.line, str(exc), fix))
        source = ""
    except (OSError, UnicodeDecodeError):
        problems.append(
            finding("P001", file, 1, "the file cannot be read as UTF-8 text", "Save it as UTF-8.")
        )
    findings.extend(problems)
    sound = not any(problem.code == "P001" for problem in problems)
    return Page(template=template, text=text, front=front if sound else {}, source=source, sound=sound)


def _fields(page: Page) -> Iterator[Finding]:
    """Every field is known and of its type, and a phase has front matter at all."""
    is_phase = page.template.startswith("phases/") and "/_" not in page.template
    known = _PHASE_FIELDS if is_phase else _COACH_FIELDS if page.template == COACH else {}
    if is_phase and not page.front:
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
    if is_phase and "actions" not in page.front:
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
