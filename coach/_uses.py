"""What a template uses, read from its syntax tree and followed through its includes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from jinja2 import nodes
from jinja2.visitor import NodeVisitor

ITEM = "[]"
"""In a path: one of the items of a list."""

_SAME_ITEMS = frozenset({"list", "rejectattr", "reverse", "selectattr", "sort", "unique"})
_ONE_ITEM = frozenset({"first", "last", "random"})

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
    """A template refers to another one in a way that cannot work or cannot be followed."""

    template: str
    line: int
    kind: Literal["dynamic", "missing", "no context"]
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
        self._scope: dict[str, Source | None] = dict.fromkeys((*given, "self"))
        self._given = dict(self._scope)
        self._inside: list[str] = []
        self._blind = False

    def walk(self, template: str) -> None:
        """Follow a template; one that is being followed already is not followed again."""
        tree = self._parse(template)
        self.found.templates.add(template)
        if tree is None or template in self._inside:
            return
        self._inside.append(template)
        self.visit(tree)
        self._inside.pop()

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
            self._visit_all(filter(None, [node.test]), node.body)
        with self._inner():
            self._visit_all(node.else_)

    def visit_Assign(self, node: nodes.Assign) -> None:
        self.visit(node.node)
        self._bind(node.target, self._source(node.node))

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> None:
        with self._inner():
            self._visit_all(node.body)
        self._bind(node.target, None)

    def visit_With(self, node: nodes.With) -> None:
        self._visit_all(node.values)
        with self._inner():
            for target, value in zip(node.targets, node.values, strict=True):
                self._bind(target, self._source(value))
            self._visit_all(node.body)

    def visit_Macro(self, node: nodes.Macro) -> None:
        self._scope[node.name] = None
        self._function(node.args, node.defaults, node.body)

    def visit_CallBlock(self, node: nodes.CallBlock) -> None:
        self.visit(node.call)
        self._function(node.args, node.defaults, node.body)

    def visit_Block(self, node: nodes.Block) -> None:
        with self._inner():
            self._scope["super"] = None
            self._visit_all(node.body)

    def visit_Include(self, node: nodes.Include) -> None:
        self._follow(node, blind=not node.with_context, optional=node.ignore_missing)

    def visit_Extends(self, node: nodes.Extends) -> None:
        self._follow(node)

    def visit_Import(self, node: nodes.Import) -> None:
        self._follow(node, blind=not node.with_context)
        self._scope[node.target] = None

    def visit_FromImport(self, node: nodes.FromImport) -> None:
        self._follow(node, blind=not node.with_context)
        for name in node.names:
            self._scope[name if isinstance(name, str) else name[1]] = None

    def _visit_step(self, node: nodes.Getattr | nodes.Getitem) -> None:
        source = self._source(node)
        if source is None:
            self.visit(node.node)
        self._use(source, node)

    def _visit_all(self, *groups: Iterable[nodes.Node]) -> None:
        for group in groups:
            for node in group:
                self.visit(node)

    def _function(self, args: list[nodes.Name], defaults: list[nodes.Expr], body: list[nodes.Node]) -> None:
        self._visit_all(defaults)
        with self._inner():
            names = [arg.name for arg in args]
            self._scope.update(dict.fromkeys((*names, "caller", "varargs", "kwargs")))
            self._visit_all(body)

    def _follow(
        self,
        node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends,
        *,
        blind: bool = False,
        optional: bool = False,
    ) -> None:
        names = _constants(node.template)
        if names is None:
            self._trouble(node, "dynamic")
            return
        known = [name for name in names if self._known(name)]
        if not known and not optional:
            self._trouble(node, "missing", ", ".join(names))
        with self._inner(blind=blind):
            for name in known:
                self.walk(name)

    @contextmanager
    def _inner(self, *, blind: bool = False) -> Iterator[None]:
        """A scope of its own; a ``blind`` one sees nothing of the outer ones."""
        outer, was_blind = self._scope, self._blind
        self._scope, self._blind = dict(self._given if blind else outer), was_blind or blind
        yield
        self._scope, self._blind = outer, was_blind

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
        if source is None:
            return
        name, path = source
        if self._blind:
            self._trouble(node, "no context", name)
        else:
            self.found.uses.add(Use(template=self._inside[-1], line=node.lineno, name=name, path=path))

    def _trouble(
        self, node: nodes.Node, kind: Literal["dynamic", "missing", "no context"], name: str = ""
    ) -> None:
        self.found.troubles.add(Trouble(template=self._inside[-1], line=node.lineno, kind=kind, name=name))


def _item(source: Source | None) -> Source | None:
    return None if source is None else (source[0], (*source[1], ITEM))


def _key(arg: nodes.Expr) -> str:
    return arg.value if isinstance(arg, nodes.Const) and isinstance(arg.value, str) else ITEM


def _constants(expression: nodes.Expr) -> list[str] | None:
    """The names an include is written with; ``None`` when they are only known while rendering."""
    parts = expression.items if isinstance(expression, (nodes.Tuple, nodes.List)) else [expression]
    if all(isinstance(part, nodes.Const) and isinstance(part.value, str) for part in parts):
        return [part.value for part in parts if isinstance(part, nodes.Const)]
    return None
