"""Flows of pictures: a graph of texts, pictures and pictures to be made of them; what did not change is kept.

::

    cat = TextNode(id="cat", data=TextData(text="A cute cat wearing a hat"))
    flow = Flow(nodes=(cat, TransformNode(id="drawn")), edges=(Edge(source="cat", target="drawn"),))
    results = await run_flow(flow, studio=studio, store=store, ctx=Context(user_id="ann"))
    await store.blobs.get(results["drawn"].generated.versions[0].blob)
"""

from __future__ import annotations

from coach.flows.events import FlowEvent, NodeChanged, NodePictures, NodeState, SourceFailed
from coach.flows.graph import (
    Edge,
    Flow,
    ImageData,
    ImageNode,
    Node,
    TextData,
    TextNode,
    TransformData,
    TransformNode,
)
from coach.flows.quote import FlowQuote, NodeQuote, quote_flow
from coach.flows.run import NodeResult, run_flow
from coach.flows.sources import Source
from coach.flows.wanted import Mode

__all__ = [
    "Edge",
    "Flow",
    "FlowEvent",
    "FlowQuote",
    "ImageData",
    "ImageNode",
    "Mode",
    "Node",
    "NodeChanged",
    "NodePictures",
    "NodeQuote",
    "NodeResult",
    "NodeState",
    "Source",
    "SourceFailed",
    "TextData",
    "TextNode",
    "TransformData",
    "TransformNode",
    "quote_flow",
    "run_flow",
]
