"""Prompts: jinja2 templates in ``prompts/``, rendered from plain data and versioned by their content.

A prompt file is one text: there are no role markers in it, and nothing a person wrote is ever a template.
``{% include "_rules.md" %}`` names a file from ``prompts/`` on, wherever it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

from jinja2 import Template, TemplateNotFound, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError

from coach._environment import MOST_TEXT, PromptEnvironment, TooMuch, rounds
from coach._plain import plain
from coach._uses import Found, Trouble, Use, Walker
from coach.errors import PromptError

COACH = "coach.md"
"""The template that precedes every phase."""

_DEEPEST = 100
_ENDLESS = "something in it nests too deep or is too long"


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A prompt as it goes out.

    Attributes:
        text: The text.
        version: The first 8 hex digits of a SHA-256 over the files it was made from.
    """

    text: str
    version: str


class Prompts:
    """The prompts of a coach folder.

    Args:
        sources: Their bodies by name, e.g. ``phases/wrap_up.md``; the lines of front matter left empty, so
            that line numbers are those of the file.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = dict(sources)
        self._environment = PromptEnvironment(self.sources)
        self._compiled: dict[str, Template] = {}
        self._versions: dict[tuple[str, ...], str] = {}
        self._trees: dict[str, nodes.Template] = {}
        self._found: dict[tuple[str, ...], Found] = {}

    def compile(self) -> None:
        """Compile every template now, so that none is compiled while somebody waits.

        Raises:
            PromptError: One has a syntax error.
        """
        for name in self.sources:
            self._template(name)
            self.version(name)

    def render(self, template: str, values: Mapping[str, Any]) -> Rendered:
        """Render one template.

        Args:
            template: Its name, e.g. ``images/identity.md``.
            values: Plain data: text, numbers, ``None``, lists, dicts, dataclasses, pydantic models.

        Raises:
            PromptError: There is no such template, it uses something ``values`` does not have, it has no end
                (more than 20,000 rounds of loops or 1,000,000 characters), or a value is no plain data. The
                message names file and line and holds no value.
        """
        return Rendered(text=self._text(template, _plain_values(values)), version=self.version(template))

    def system(self, template: str, values: Mapping[str, Any]) -> Rendered:
        """Render a phase: ``coach.md``, an empty line, the phase's own template. See :meth:`render`."""
        data = _plain_values(values)
        text = f"{self._text(COACH, data)}\n\n{self._text(template, data)}"
        return Rendered(text=text, version=self.version(COACH, template))

    def variables(self, template: str) -> frozenset[Use]:
        """What a template uses, followed through its includes.

        Raises:
            PromptError: There is no such template.
        """
        if template not in self.sources:
            raise PromptError(f"There is no prompt `prompts/{template}`.")
        return frozenset(self.examine(template).uses)

    def examine(self, *templates: str) -> Found:
        """What templates use and include, and where an include cannot be followed."""
        if templates not in self._found:
            walker = Walker(self._tree_or_none, self.sources.__contains__, self._environment.globals)
            for template in templates:
                try:
                    walker.walk(template)
                except RecursionError:
                    walker.found.troubles.add(
                        Trouble(template=template, line=1, kind="circle", name=template)
                    )
                    break
            self._found[templates] = walker.found
        return self._found[templates]

    def problem(self, template: str) -> PromptError | None:
        """Why a template is none, or ``None`` when it can be compiled."""
        try:
            self._template(template)
        except PromptError as exc:
            return exc
        return None

    def tree(self, template: str) -> nodes.Template:
        """The syntax tree of a template.

        Raises:
            jinja2.TemplateSyntaxError: It has none.
        """
        if template not in self._trees:
            try:
                tree = self._environment.parse(self.sources[template], template)
            except (RecursionError, ValueError) as exc:
                raise TemplateSyntaxError(_ENDLESS, 1, template) from exc
            if _is_deep(tree):
                raise TemplateSyntaxError(_ENDLESS, 1, template)
            self._trees[template] = tree
        return self._trees[template]

    def version(self, *templates: str) -> str:
        """The first 8 hex digits of a SHA-256 over templates and all they include."""
        if templates not in self._versions:
            digest = hashlib.sha256()
            for name in sorted(self.examine(*templates).templates):
                digest.update(f"{name}\0{self.sources.get(name, '')}\0".encode())
            self._versions[templates] = digest.hexdigest()[:8]
        return self._versions[templates]

    def _tree_or_none(self, template: str) -> nodes.Template | None:
        try:
            return self.tree(template) if template in self.sources else None
        except TemplateSyntaxError:
            return None

    def _template(self, name: str) -> Template:
        if name not in self._compiled:
            if name not in self.sources:
                raise PromptError(f"There is no prompt `prompts/{name}`.")
            try:
                self.tree(name)
                self._compiled[name] = self._environment.get_template(name)
            except TemplateSyntaxError as exc:
                problem = f"is no valid template: {exc.message}."
                raise PromptError(problem, file=f"prompts/{exc.name}", line=exc.lineno) from exc
            except Exception as exc:  # from Python's own compiler, which has limits of its own
                raise PromptError(
                    f"is no valid template: {_ENDLESS}.", file=f"prompts/{name}", line=1
                ) from exc
        return self._compiled[name]

    def _text(self, name: str, data: Mapping[str, Any]) -> str:
        template = self._template(name)
        try:
            return _bounded(template.generate(data, **rounds())).strip()
        except Exception as exc:
            raise self._failed(name, exc) from exc

    def _failed(self, name: str, exc: Exception) -> PromptError:
        """Where and why, from the names in the template: the exception's own text may hold a value."""
        file, line = f"prompts/{name}", 1
        for frame, number in walk_tb(exc.__traceback__):
            if frame.f_code.co_filename.startswith("prompts/"):
                file, line = frame.f_code.co_filename, number
        here = {
            str(use)
            for use in self.examine(name).uses
            if (f"prompts/{use.template}", use.line) == (file, line)
        }
        names = " It uses " + ", ".join(f"`{use}`" for use in sorted(here)) + "." if here else ""
        return PromptError(f"cannot be rendered: {_reason(exc)}.{names}", file=file, line=line)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: a quarter of its bytes in UTF-8, rounded up.

    An estimate for comparing and for budgets, the rule of thumb that OpenAI's help pages give for English;
    the provider counts with its model's own tokenizer.
    """
    return -(-len(text.encode()) // 4)


def _reason(exc: Exception) -> str:
    match exc:
        case TooMuch():
            return str(exc.message)
        case UndefinedError():
            return "a value is missing"
        case SecurityError():
            return "it reaches for something prompts may not use"
        case TemplateNotFound():
            return "it includes a file that does not exist"
    return f"it raised {type(exc).__name__}"


def _bounded(pieces: Iterable[str]) -> str:
    """A text in one piece, unless it is longer than any prompt."""
    kept: list[str] = []
    room = MOST_TEXT
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TooMuch(f"it is longer than {MOST_TEXT:,} characters")
        kept.append(piece)
    return "".join(kept)


def _is_deep(tree: nodes.Template) -> bool:
    """Whether a tree has more levels than Python follows when it is compiled and walked."""
    level: list[nodes.Node] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
    return bool(level)


def _plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in values.items():
        try:
            data[name] = value if type(value) is str else plain(value)
        except TypeError as exc:
            raise PromptError(f"The value `{name}` cannot be put into a prompt: {exc}.") from exc
    return data
