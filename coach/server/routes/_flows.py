"""Flows as routes tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from coach.flows import Flow, Mode, NodeQuote
from coach.server.routes._pictures import Linked, MadeOut, Show
from coach.server.runs import failure, reference
from coach.server.told import picture
from coach.store import FlowRow

EXAMPLE = {
    "nodes": [
        {"id": "words", "type": "text", "data": {"text": "A cute cat wearing a hat"}},
        {"id": "drawn", "type": "transform", "x": 320, "data": {"quality": "medium"}},
    ],
    "edges": [{"from": "words", "to": "drawn"}],
}


class FlowIn(BaseModel):
    """A flow as it is drawn."""

    title: str | None = Field(default=None, max_length=200, examples=["A cat"])
    graph: Flow = Field(default_factory=Flow, examples=[EXAMPLE])


class Listed(BaseModel):
    """A flow in the list of them."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: FlowRow) -> Listed:
        """What is told of a flow in the list."""
        return cls(id=row.id, title=row.title, created_at=row.created_at, updated_at=row.updated_at)


class SourceOut(Linked):
    """A picture that goes along."""

    kind: Literal["upload", "version"]
    id: str


class FlowOut(Listed):
    """A flow."""

    graph: Flow
    again: dict[str, int] = Field(description="How often another picture of the same was wanted, by node.")
    pictures: dict[str, SourceOut] = Field(
        description="What is in a node itself, by node. What is gone is left out."
    )


class QuoteOut(BaseModel):
    """What a run of a node would cost."""

    id: str
    cached: bool = Field(description="Whether its pictures are there: then nothing is paid.")
    micros: int | None = Field(description="The most, in millionths of a US dollar. Null: not known.")
    mode: Mode | None = Field(description="Which way its pictures are made. Null: it cannot be run.")
    why: list[str] = Field(description="Why so, and what is chosen; one sentence each.")
    references: list[SourceOut] = Field(description="What is there by now of what they are made from.")
    pictures: list[MadeOut] = Field(description="Those that are there, the best first.")
    error: dict[str, Any] | None = Field(
        description="Why it cannot be run as it is.",
        examples=[
            {"code": "input_refused", "say": "The node 'drawn' has no words yet.", "field": "instructions"}
        ],
    )

    @classmethod
    def of(cls, quote: NodeQuote, show: Show) -> QuoteOut:
        """What is told of a node's quote."""
        told = {name: getattr(quote, name) for name in ("id", "cached", "micros", "mode")}
        told |= {
            "why": quote.why,
            "references": [reference(each) for each in quote.references],
            "pictures": [picture(each) for each in quote.pictures],
            "error": failure(quote.id, quote.error) if quote.error else None,
        }
        return cls.model_validate(show(told))


class QuotesOut(BaseModel):
    """What a run would cost."""

    micros: int | None = Field(
        description="The most, in millionths of a US dollar, of the nodes that can be run. Null: not known."
    )
    nodes: list[QuoteOut] = Field(description="Each after those it is made from.")


class UploadOut(Linked):
    """A picture to work from, and where it may change."""

    upload: str = Field(description="What a node has in its data as `upload`.")
    mask: str | None = Field(description="What it has as `mask`.", examples=["m-3fa9c1d2"])
