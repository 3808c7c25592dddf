"""A coach folder as it was read, before it is proved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach.action import Action
from coach.check._finding import Finding
from coach.check._locate import ANCHOR, locate
from coach.check._pages import Page, read_pages
from coach.check._python import ACTIONS, CONTEXT, read_modules
from coach.context import ContextKey
from coach.phase import Phase
from coach.prompt import COACH, Prompts


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything a coach folder holds.

    Attributes:
        folder: The folder.
        package: The package its modules belong to.
        actions: The actions that could be imported.
        action_names: These and those whose file is there but broken.
        context: The context keys that could be imported.
        context_names: These and those whose file is there but broken.
        pages: The files of ``prompts/`` by template name.
        phases: The phases by name; those with broken front matter allow and know nothing.
        prompts: The templates.
        findings: What could not be read.
    """

    folder: Path
    package: str
    actions: dict[str, Action[..., Any]]
    action_names: set[str]
    context: dict[str, ContextKey[..., Any]]
    context_names: set[str]
    pages: dict[str, Page]
    phases: dict[str, Phase]
    prompts: Prompts
    findings: list[Finding]

    @property
    def coach(self) -> Page | None:
        """The page ``coach.md``, when it is there and its front matter can be read."""
        page = self.pages.get(COACH)
        return page if page and page.sound else None

    @property
    def common(self) -> tuple[str, ...]:
        """The context keys of ``coach.md``: every phase knows them."""
        return self.coach.names("context") if self.coach else ()

    @property
    def name(self) -> str:
        """The folder's name, or the last part of its package's."""
        return self.folder.name if self.package.startswith(ANCHOR) else self.package.rpartition(".")[2]

    def whole(self, template: str) -> bool:
        """Whether a template and all it includes can be found and compiled."""
        found = self.prompts.examine(template)
        return not found.troubles and not any(map(self.prompts.problem, found.templates))

    def undeclared(self, page: Page) -> set[str]:
        """The values a prompt uses that neither its front matter nor that of ``coach.md`` names."""
        used = {use.name for use in self.prompts.variables(page.template)}
        return used - {*page.names("context"), *self.common}

    @property
    def settled(self) -> bool:
        """Whether all front matter can be relied on, so that what no phase names is named nowhere."""
        return self.coach is not None and all(page.sound for page in self.pages.values())

    def sound_phases(self) -> list[tuple[Phase, Page]]:
        """The phases whose front matter can be relied on."""
        pairs = [(phase, self.pages[phase.template]) for phase in self.phases.values()]
        return [(phase, page) for phase, page in pairs if page.sound]

    def prose(self) -> list[Page]:
        """What a conversation is led by, where its front matter can be relied on: phases and ``coach.md``."""
        return [*(page for _, page in self.sound_phases()), *([self.coach] if self.coach else [])]


def read(source: str | Path) -> Draft:
    """Read a coach folder; see :func:`coach.load` for what ``source`` may be.

    Raises:
        FolderError: There is no coach folder at all. Everything else is in ``findings``.
    """
    folder, package = locate(source)
    actions = read_modules(folder, package, ACTIONS)
    context = read_modules(folder, package, CONTEXT)
    pages = read_pages(folder)
    return Draft(
        folder=folder,
        package=package,
        actions=actions.found,
        action_names=actions.files,
        context=context.found,
        context_names=context.files,
        pages=pages.pages,
        phases=pages.phases,
        prompts=Prompts({name: page.source for name, page in pages.pages.items()}),
        findings=[*actions.findings, *context.findings, *pages.findings],
    )
