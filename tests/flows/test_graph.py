"""Flows are checked as they are drawn: what is wrong is told by node and field."""

from typing import Any

import pytest
from pydantic import ValidationError

from coach.errors import InputRefused, NotFound
from coach.flows import Flow
from coach.flows.graph import MOST_NODES, most_references, prompt_of
from coach.flows.sources import Source
from coach.flows.wanted import wanted
from coach.studio import Reference
from coach.studio.planner import PROMPT_LENGTH
from tests.server._flows import graph, image, text, transform

UPLOAD, MASK = "a" * 64, "m-3fa9c1d2"


def drawn(*nodes: dict[str, Any], edges: str = "") -> Flow:
    return Flow.model_validate(graph(*nodes, edges=edges))


MANY = [image(f"i{number}", UPLOAD) for number in range(most_references() + 1)]
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown source": (graph(transform("a"), edges="b>a"), "edges.from", "no such node"),
    "an unknown target": (graph(transform("a"), edges="a>b"), "edges.to", "no such node"),
    "the same id twice": (graph(text("a", ""), transform("a")), "nodes.a.id", "is there twice"),
    "an edge into words": (
        graph(text("t", ""), transform("a"), edges="a>t"),
        "nodes.t.type",
        "takes nothing",
    ),
    "an edge into a picture": (
        graph(image("i", None), text("t", ""), edges="t>i"),
        "nodes.i.type",
        "takes nothing in",
    ),
    "the same edge twice": (
        graph(text("t", ""), transform("a"), edges="t>a t>a"),
        "nodes.a.edges",
        "two edges from 't'",
    ),
    "a circle": (
        graph(transform("a"), transform("b"), transform("c"), edges="a>b b>c c>a"),
        "nodes.a.edges",
        "made from itself",
    ),
    "too many pictures": (
        graph(*MANY, transform("a"), edges=" ".join(f"{node['id']}>a" for node in MANY)),
        "nodes.a.edges",
        "no model takes more than",
    ),
    "too many words": (
        graph(text("t", "x" * (PROMPT_LENGTH + 1))),
        "nodes.t.data.text",
        "32,001 characters",
    ),
    "too many words together": (
        graph(text("t", "x" * PROMPT_LENGTH), transform("a", "y"), edges="t>a"),
        "nodes.a.data.instructions",
        "32,003 characters",
    ),
    "an upload and a version": (
        graph(image("i", UPLOAD, version="v")),
        "nodes.i.data.version",
        "an upload and a version",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_go_together_is_told_by_node_and_field(name: str) -> None:
    wrong, field, said = WRONG[name]
    with pytest.raises(InputRefused, match=said) as refused:
        Flow.model_validate(wrong)
    assert refused.value.field == field


def test_what_has_the_wrong_form_is_refused() -> None:
    many = [text(f"t{number}", "") for number in range(MOST_NODES + 1)]
    for wrong in (
        graph(*many),
        graph(image("i", "../../secret")),
        graph(transform("a", n=11)),
        graph(transform("a", seize="1024x1024")),
        graph(transform("a/b")),
        graph({"id": "a", "type": "video", "data": {}}),
    ):
        with pytest.raises(ValidationError):
            Flow.model_validate(wrong)


def test_a_flow_is_written_as_it_is_read() -> None:
    flow = drawn(text("t", "a cat"), image("i", UPLOAD), transform("a", "as a painting"), edges="t>a i>a")
    assert Flow.model_validate(flow.model_dump(mode="json")) == flow
    assert flow.model_dump(mode="json")["edges"][0] == {"from": "t", "to": "a"}


def test_words_are_joined_in_the_order_of_the_edges() -> None:
    flow = drawn(
        text("one", "a cat\0"), text("two", "  "), text("three", "in Rome"), transform("a", "Draw"),
        edges="three>a two>a one>a",
    )  # fmt: skip
    assert prompt_of(flow, flow.transform("a")) == "Draw\n\nin Rome\n\na cat\N{REPLACEMENT CHARACTER}"


def test_a_node_needs_what_goes_into_it_and_nothing_else() -> None:
    flow = drawn(*map(transform, "fedcba"), edges="a>b b>c a>d d>c c>e")
    order = [node.id for node in flow.order()]
    assert all(order.index(edge.source) < order.index(edge.target) for edge in flow.edges)
    assert {node.id for node in flow.order("c")} == set("abcd") and flow.order("c")[-1].id == "c"
    assert [node.id for node in flow.order("f")] == ["f"]
    with pytest.raises(NotFound):
        flow.order("x")
    with pytest.raises(InputRefused) as refused:
        drawn(text("t", "")).order("t")
    assert refused.value.field == "nodes.t.type" and refused.value.allowed == ("transform",)


def test_the_mode_follows_from_what_goes_along() -> None:
    def mode(given: int, **data: Any) -> str:
        flow = drawn(transform("a", "A cat", **data))
        mask = Reference(kind="mask", id=UPLOAD) if "mask" in data else None
        sources = [Source.to_come((8, 8))] * given
        node = flow.transform("a")
        return wanted(flow, node, sources, mask=mask, size=(8, 8), again=0, previews=0).mode

    assert [mode(0), mode(1), mode(2)] == ["generate", "edit", "compose"]
    assert [mode(0, background="transparent"), mode(1, background="transparent")] == ["transparent", "edit"]
    assert [mode(given, keep_faces=True) for given in (0, 1, 2)] == ["generate", *["high_fidelity"] * 2]
    assert mode(2, mask=MASK, keep_faces=True) == "inpaint"
    with pytest.raises(InputRefused, match="no picture to change"):
        mode(0, mask=MASK)
