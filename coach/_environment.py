"""The jinja2 environment prompts are rendered in.

What a template writes is text; what a value brings is data. Data is never a template, cannot close a fence
and reaches nothing behind it: the sandbox is immutable, an undefined name is an error, and every value has
its ``<`` and ``>`` replaced unless the template's author says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from coach.text import clean

MOST_ROUNDS = 20_000
"""Rounds of all loops and includes in one rendering: far more than any prompt has room for."""

MOST_TEXT = 1_000_000
"""Characters of one rendering, and of a text that is made by repeating another."""

_LARGEST = 10**18
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ROUNDS = "rounds left"  # a space, so that no template can name it
_COUNTED = "coach.counted"


def light(value: Any) -> str:
    """What everything a template prints goes through: a value as text that can neither open nor close a tag.

    Its ``<`` and ``>`` are replaced, and what cannot be seen is gone; ``&`` and quotes stay as they were
    written, and ``None`` prints as nothing. What :func:`quoted` made is left as it is.
    """
    if value is None or isinstance(value, Markup):
        return value or ""
    text: str = clean(str(value))
    if "<" in text or ">" in text:
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    return text


def quoted(value: Any, tag: str) -> Markup:
    """The filter ``quoted``: put a person's text between tags that it cannot close.

    Args:
        value: A text, or a list of texts that become one line each.
        tag: The tag's name: letters, digits, ``_`` and ``-``.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is not the name of a tag")
    text = "\n".join(map(light, value)) if isinstance(value, list) else light(value)
    return Markup(f"<{tag}>\n{text}\n</{tag}>")


class TooMuch(SecurityError):
    """A template would render for too long, or too much."""


def rounds() -> dict[str, list[int]]:
    """What a rendering needs among its values besides its own: how many rounds its loops may still have."""
    return {_ROUNDS: [MOST_ROUNDS]}


@pass_context
def _counted(context: Context, values: Any) -> list[Any]:
    """What every loop goes through, and every template once: its items, paid from the rounds left."""
    items, left = list(values), context[_ROUNDS]
    left[0] -= len(items)
    if left[0] < 0:
        raise TooMuch(f"its loops run more than {MOST_ROUNDS:,} times")
    return items


class _Counting(CodeGenerator):
    """Compiles templates so that they count their rounds."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        for loop in list(node.find_all(nodes.For)):
            loop.iter = _count(loop.iter)
        once = nodes.List([nodes.Const(None)], lineno=1)
        node.body.insert(0, nodes.ExprStmt(_count(once), lineno=1))
        node.set_environment(self.environment)
        super().visit_Template(node, frame)


def _count(values: nodes.Node) -> nodes.Filter:
    return nodes.Filter(values, _COUNTED, [], [], None, None, lineno=values.lineno)


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Renders the given sources; each is compiled once and never looked at again.

    Args:
        sources: The templates' texts by name, lines as in their files.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        super().__init__(
            loader=_Sources(sources),
            undefined=StrictUndefined,
            # Jinja's own escaping is for HTML: it would make `&amp;` and `&#39;` of a person's words.
            autoescape=False,
            finalize=light,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            auto_reload=False,
        )
        self.filters |= {"quoted": quoted, _COUNTED: _counted}
        del self.globals["lipsum"]

    code_generator_class = _Counting
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers; repeat a text or a list within bounds. A power can run for hours."""
        number = max((abs(one) for one in (left, right) if isinstance(one, int)), default=0)
        length = max((len(one) for one in (left, right) if isinstance(one, (str, list, tuple))), default=0)
        if operator == "**" or number > _LARGEST or number * length > MOST_TEXT:
            raise TooMuch("it calculates what is larger than any prompt needs")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``x.items`` is the field ``items`` of ``x`` when it has one, and a dict's method otherwise."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _Sources(BaseLoader):
    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool] | None]:
        if template not in self._sources:
            raise TemplateNotFound(template)
        return self._sources[template], f"prompts/{template}", None
