"""What a template uses, read from its syntax tree and followed through its includes.

Prompts are made of text, ``if``, ``for``, ``set``, filters and ``include``. Of what else jinja has nothing is
followed: it is :class:`Trouble`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from jinja2 import nodes
from jinja2.visitor import NodeVisitor

ITEM = "[]"
"""In a path: one of the items of a list."""

_SAME_ITEMS = frozenset({"list", "rejectattr", "reverse", "selectattr", "sort", "unique"})
_ONE_ITEM = frozenset({"first", "last", "random"})

_TAGS: dict[type[nodes.Node], str] = {
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.With: "with",
    nodes.AssignBlock: "set … endset",
    nodes.ScopedEvalContextModifier: "autoescape",
}
"""The tags of jinja that prompts do not have."""

Kind = Literal["circle", "dynamic", "missing", "no context", "tag"]
Source = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, order=True)
class Use:
    """A template uses a value.

    Attributes:
        template: The template it stands in; another one than was asked about when that includes it.
        line: The line in its file, counted from 1.
        name: The value's name.
        path: The attributes that are followed from it, e.g. ``("name",)``; ``"[]"`` is an item of a list.
    """

    template: str
    line: int
    name: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.path)).replace(f".{ITEM}", ITEM)


@dataclass(frozen=True, kw_only=True, order=True)
class Trouble:
    """A template does what cannot work or cannot be followed.

    Attributes:
        kind: It includes what includes it (``"circle"``), what is only known while rendering (``"dynamic"``),
            what is not there (``"missing"``) or without the values (``"no context"``), or has a ``"tag"``
            that prompts do not.
        name: What is included, or the tag.
    """

    template: str
    line: int
    kind: Kind
    name: str = ""


@dataclass(kw_only=True)
class Found:
    """What was found in a template and all it includes."""

    uses: set[Use] = field(default_factory=set)
    troubles: set[Trouble] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)


class Walker(NodeVisitor):
    """Walks one template and what it includes.

    Args:
        parse: The syntax tree of a template by name; ``None`` when there is no such template or it cannot
            be parsed (``known`` tells which).
        known: Whether there is such a template.
        given: The names every template has without being given them.
    """

    def __init__(
        self,
        parse: Callable[[str], nodes.Template | None],
        known: Callable[[str], bool],
        given: Iterable[str],
    ) -> None:
        self.found = Found()
        self._parse, self._known = parse, known
        self._scope: dict[str, Source | None] = dict.fromkeys(given)
        self._inside: list[str] = []
        self._walked: set[tuple[str, frozenset[tuple[str, Source | None]]]] = set()

    def walk(self, template: str) -> None:
        """Follow a template. One that was followed with the same names gives nothing new."""
        tree = self._parse(template)
        self.found.templates.add(template)
        walk = (template, frozenset(self._scope.items()))
        if tree is None or walk in self._walked:
            return
        self._walked.add(walk)
        self._inside.append(template)
        self.visit(tree)
        self._inside.pop()

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> None:
        if (tag := _TAGS.get(type(node))) is None:
            super().visit(node)
        else:
            self._trouble(node, "tag", tag)

    def visit_Name(self, node: nodes.Name) -> None:
        self._use(self._source(node), node)

    def visit_Getattr(self, node: nodes.Getattr) -> None:
        self._visit_step(node)

    def visit_Getitem(self, node: nodes.Getitem) -> None:
        self.visit(node.arg)
        self._visit_step(node)

    def visit_Call(self, node: nodes.Call) -> None:
        called = node.node
        # The last step of `notes.items()` is a method, not a field.
        self.visit(called.node if isinstance(called, nodes.Getattr) else called)
        for child in (*node.args, *node.kwargs):
            self.visit(child)

    def visit_For(self, node: nodes.For) -> None:
        self.visit(node.iter)
        with self._inner():
            self._bind(node.target, _item(self._source(node.iter)))
            self._scope["loop"] = None
            for inner in (*filter(None, [node.test]), *node.body):
                self.visit(inner)
        with self._inner():
            for inner in node.else_:
                self.visit(inner)

    def visit_Assign(self, node: nodes.Assign) -> None:
        self.visit(node.node)
        self._bind(node.target, self._source(node.node))

    def visit_Include(self, node: nodes.Include) -> None:
        if not (isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)):
            self._trouble(node, "dynamic")
        elif not self._known(node.template.value):
            self._trouble(node, "missing", node.template.value)
        elif node.template.value in self._inside:
            self._trouble(node, "circle", node.template.value)
        elif not node.with_context:
            self._trouble(node, "no context")
        else:
            with self._inner():
                self.walk(node.template.value)

    def _visit_step(self, node: nodes.Getattr | nodes.Getitem) -> None:
        source = self._source(node)
        if source is None:
            self.visit(node.node)
        self._use(source, node)

    @contextmanager
    def _inner(self) -> Iterator[None]:
        """A scope of its own."""
        outer, self._scope = self._scope, dict(self._scope)
        yield
        self._scope = outer

    def _bind(self, target: nodes.Node, source: Source | None) -> None:
        if isinstance(target, nodes.Name):
            self._scope[target.name] = source
        elif isinstance(target, nodes.Tuple):
            for part in target.items:
                self._bind(part, None)

    def _source(self, node: nodes.Node) -> Source | None:
        """The value an expression stands for, as a path from a name; ``None`` when it is computed."""
        if isinstance(node, nodes.Name):
            return self._scope.get(node.name, (node.name, ()))
        if isinstance(node, nodes.Filter) and node.node is not None:
            source = self._source(node.node)
            return _item(source) if node.name in _ONE_ITEM else source if node.name in _SAME_ITEMS else None
        if not isinstance(node, (nodes.Getattr, nodes.Getitem)):
            return None
        source = self._source(node.node)
        step = node.attr if isinstance(node, nodes.Getattr) else _key(node.arg)
        return None if source is None else (source[0], (*source[1], step))

    def _use(self, source: Source | None, node: nodes.Node) -> None:
        if source is not None:
            name, path = source
            self.found.uses.add(Use(template=self._inside[-1], line=node.lineno, name=name, path=path))

    def _trouble(self, node: nodes.Node, kind: Kind, name: str = "") -> None:
        self.found.troubles.add(Trouble(template=self._inside[-1], line=node.lineno, kind=kind, name=name))


def _item(source: Source | None) -> Source | None:
    return None if source is None else (source[0], (*source[1], ITEM))


def _key(arg: nodes.Expr) -> str:
    return arg.value if isinstance(arg, nodes.Const) and isinstance(arg.value, str) else ITEM
