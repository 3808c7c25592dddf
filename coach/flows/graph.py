"""A flow: nodes of text, pictures and pictures to be made, and what goes from which into which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from coach.errors import InputRefused, NotFound
from coach.studio.capabilities import Capabilities
from coach.studio.planner import PROMPT_LENGTH
from coach.text import clean

MOST_NODES = 200
"""The most nodes of a flow: each picture among them is paid for."""

MOST_EDGES = 2_000
"""The most connections of a flow."""

NodeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["cat"])]
Text = Annotated[str, AfterValidator(clean)]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
MaskHandle = Annotated[str, Field(pattern=r"^m-[0-9a-f]{8}$", examples=["m-3fa9c1d2"])]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TextData(_Part):
    """Words for the pictures it goes into."""

    text: Text = Field(default="", examples=["A cute cat wearing a hat"])


class ImageData(_Part):
    """A picture that is there: one that was uploaded, or one that was made before. Neither: still to come.

    Attributes:
        upload: What :func:`coach.add_upload` gave.
        version: The id of a version.
    """

    upload: UploadId | None = None
    version: str | None = Field(default=None, min_length=1, max_length=64)


class TransformData(_Part):
    """A picture to be made, of all that goes into it.

    Attributes:
        instructions: What to show or to change; the texts that go into it follow.
        upload: A picture of its own to work from, before those that go into it.
        size, quality, background, output_format: As :func:`coach.edit_image` takes them.
        keep_faces: Whether faces, logos and fine details of the pictures must stay as they are.
        mask: Where its first picture may change: the handle (:func:`coach.studio.masks.handle_of`) of what
            :func:`coach.add_mask` gave.
        n: How many pictures; the first of them goes on.
    """

    instructions: Text = Field(default="", examples=["Make it look like a painting"])
    upload: UploadId | None = None
    size: str | None = Field(default=None, max_length=20, examples=["1024x1536"])
    quality: str | None = Field(default=None, max_length=20, examples=["high"])
    background: str | None = Field(default=None, max_length=20, examples=["transparent"])
    output_format: str | None = Field(default=None, max_length=20, examples=["png"])
    keep_faces: bool = False
    mask: MaskHandle | None = None
    n: int = Field(default=1, ge=1, le=10)


class _Node(_Part):
    id: NodeId
    title: Annotated[str, AfterValidator(clean)] = Field(default="", max_length=200)
    x: float = 0.0
    y: float = 0.0


class TextNode(_Node):
    """Words."""

    type: Literal["text"] = "text"
    data: TextData = TextData()


class ImageNode(_Node):
    """A picture that is there."""

    type: Literal["image"] = "image"
    data: ImageData = ImageData()


class TransformNode(_Node):
    """A picture to be made."""

    type: Literal["transform"] = "transform"
    data: TransformData = TransformData()


Node = Annotated[TextNode | ImageNode | TransformNode, Field(discriminator="type")]


class Edge(_Part):
    """What is in one node goes into another: only into pictures that are to be made."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    source: NodeId = Field(alias="from")
    target: NodeId = Field(alias="to")


class Flow(_Part):
    """A flow, checked. It need not be complete: what is missing is told when it is run.

    Attributes:
        nodes: In any order.
        edges: In the order in which texts are joined and pictures go along.

    Raises:
        pydantic.ValidationError: A value has the wrong form.
        InputRefused: The parts do not go together; ``field`` names the node and what is wrong of it.
    """

    nodes: tuple[Node, ...] = Field(default=(), max_length=MOST_NODES)
    edges: tuple[Edge, ...] = Field(default=(), max_length=MOST_EDGES)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for check in (_check_ids, _check_edges, _check_cycles, _check_pictures, _check_words):
            check(self)
        return self

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def sources(self) -> Mapping[str, Sequence[str]]:
        """What goes into each node, by their ids, in the order of the edges."""
        into: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            into[edge.target].append(edge.source)
        return into

    def into(self, node_id: str) -> list[Node]:
        """What goes into a node, in the order of the edges."""
        return [self.by_id[source] for source in self.sources[node_id]]

    def transform(self, node_id: str) -> TransformNode:
        """A picture to be made.

        Raises:
            NotFound: There is no such node.
            InputRefused: It is another kind of node.
        """
        node = self.by_id.get(node_id)
        if node is None:
            raise NotFound("node", node_id)
        if not isinstance(node, TransformNode):
            raise refused(node_id, "type", "makes no picture; choose one of type transform", ("transform",))
        return node

    def order(self, node_id: str | None = None) -> list[TransformNode]:
        """The pictures to be made, each after those it is made from.

        Args:
            node_id: Only this one and what it needs; ``None``: all.

        Raises: as :meth:`transform`.
        """
        if node_id is not None:
            self.transform(node_id)
        needed = self._sorted() if node_id is None else self._needed(node_id)
        return [node for each in needed if isinstance(node := self.by_id[each], TransformNode)]

    def _needed(self, node_id: str) -> list[str]:
        wanted, look = {node_id}, [node_id]
        while look:
            new = set(self.sources[look.pop()]) - wanted
            wanted |= new
            look += new
        return [each for each in self._sorted() if each in wanted]

    def _sorted(self) -> list[str]:
        return list(TopologicalSorter(self.sources).static_order())


def texts_of(flow: Flow, node: TransformNode) -> Iterator[str]:
    """The instructions of a node and the texts that go into it, without those that are empty."""
    given = [each.data.text for each in flow.into(node.id) if isinstance(each, TextNode)]
    return (text for each in (node.data.instructions, *given) if (text := each.strip()))


def prompt_of(flow: Flow, node: TransformNode) -> str:
    """What a picture is asked for with; ``""``: nothing says so yet."""
    return "\n\n".join(texts_of(flow, node))


@cache
def most_references() -> int:
    """The most pictures that any model takes along."""
    return max(model.references for model in Capabilities.load().models.values())


def _check_ids(flow: Flow) -> None:
    for node_id, count in Counter(node.id for node in flow.nodes).items():
        if count > 1:
            raise refused(node_id, "id", "is there twice; give each node an id of its own")


def _check_edges(flow: Flow) -> None:
    seen = set()
    for edge in flow.edges:
        for end, name in ((edge.source, "from"), (edge.target, "to")):
            if end not in flow.by_id:
                raise InputRefused(
                    f"An edge goes `{name}` {end!r}, and there is no such node.", field=f"edges.{name}"
                )
        if not isinstance(flow.by_id[edge.target], TransformNode):
            problem = f"takes nothing in; {edge.source!r} can only go into a node of type transform"
            raise refused(edge.target, "type", problem, ("transform",))
        if edge in seen:
            raise refused(edge.target, "edges", f"has two edges from {edge.source!r}; leave one of them out")
        seen.add(edge)


def _check_cycles(flow: Flow) -> None:
    try:
        flow._sorted()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise refused(
            error.args[1][0], "edges", f"is made from itself: {circle}; take one edge out"
        ) from None


def _check_pictures(flow: Flow) -> None:
    for node in flow.nodes:
        if isinstance(node, ImageNode) and node.data.upload and node.data.version:
            raise refused(node.id, "data.version", "has an upload and a version; leave one of them out")
        if not isinstance(node, TransformNode):
            continue
        given = [each for each in flow.into(node.id) if not isinstance(each, TextNode)]
        count = len(given) + (node.data.upload is not None)
        if count > most_references():
            problem = f"has {count} pictures to work from; no model takes more than {most_references()}"
            raise refused(node.id, "edges", problem, (f"0 to {most_references()}",))


def _check_words(flow: Flow) -> None:
    for node in flow.nodes:
        if isinstance(node, TextNode):
            _check_length(node.id, "data.text", node.data.text)
        elif isinstance(node, TransformNode):
            _check_length(node.id, "data.instructions", prompt_of(flow, node))


def _check_length(node_id: str, name: str, text: str) -> None:
    if len(text) > PROMPT_LENGTH:
        problem = f"has {len(text):,} characters, with the texts that go into it; shorten them"
        raise refused(node_id, name, problem, (f"at most {PROMPT_LENGTH} characters",))


def refused(node_id: str, name: str, problem: str, allowed: tuple[str, ...] = ()) -> InputRefused:
    """The error about something of a node."""
    field = f"nodes.{node_id}.{name}"
    return InputRefused(f"The node {node_id!r} {problem}.", field=field, allowed=allowed)
