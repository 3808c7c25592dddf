"""The jinja2 environment prompts are rendered in.

What a template writes is text; what a value brings is data. Data is never a template, cannot close a fence
and reaches nothing behind it: the sandbox is immutable, an undefined name is an error, and every value has
its ``<`` and ``>`` replaced unless the template's author says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def light(value: Any) -> str:
    """What everything a template prints goes through: a value as text that can neither open nor close a tag.

    Its ``<`` and ``>`` are replaced; ``&`` and quotes stay as they were written, and ``None`` prints as
    nothing. What :func:`quoted` made is left as it is.
    """
    if value is None or isinstance(value, Markup):
        return value or ""
    text = str(value)
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
        self.filters["quoted"] = quoted
        del self.globals["lipsum"]

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
