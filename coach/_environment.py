"""The jinja2 environment prompts are rendered in.

What a template writes is text; what a value brings is data. Data is never a template, cannot close a fence
and reaches nothing behind it: the sandbox is immutable, an undefined name is an error, and every value has
its ``& < >`` replaced unless the template's author says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, nodes
from jinja2.compiler import CodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def light(value: Any) -> str:
    """What everything a template prints goes through: markup stays, the rest has ``& < >`` replaced.

    Quotes stay readable, unlike with jinja's own escaping; ``None`` prints as nothing.
    """
    if type(value) is str:
        text = value
    elif value is None or isinstance(value, Markup):
        return value or ""
    else:
        text = str(value)
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
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


class _OnceEscaped(CodeGenerator):
    """Sends what a template prints through :func:`light` alone.

    Jinja calls its own ``escape`` on top, which only costs time: half of a rendering. These three methods are
    the ones jinja's ``NativeCodeGenerator`` overrides for its purposes.
    """

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        const = node.as_const(frame.eval_ctx)
        return str(const) if isinstance(node, nodes.TemplateData) else light(const)

    def _output_child_pre(self, node: nodes.Expr, frame: Any, finalize: Any) -> None:
        self.write(finalize.src)

    def _output_child_post(self, node: nodes.Expr, frame: Any, finalize: Any) -> None:
        self.write(")")


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Renders the given sources; each is compiled once and never looked at again.

    Args:
        sources: The templates' texts by name, lines as in their files.
    """

    code_generator_class = _OnceEscaped

    def __init__(self, sources: Mapping[str, str]) -> None:
        super().__init__(
            loader=_Sources(sources),
            undefined=StrictUndefined,
            autoescape=True,
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
