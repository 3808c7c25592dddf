"""What an operator sees of everybody: how it stands and what it costs, nothing of what is said or shown."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Self, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from coach.errors import NotFound
from coach.server.caller import Operator
from coach.server.running import Here
from coach.store.everybody import Talk, talks
from coach.store.pages import MOST, Page
from coach.studio import Books, GateState
from coach.studio.books import By, Line, Spending

router = APIRouter(prefix="/api/v1/operator", tags=["operator"])

T = TypeVar("T")

PageAfter = Annotated[
    str | None, Query(max_length=300, description="The `next` of the page before; left out: the first page.")
]
Most = Annotated[int, Query(alias="limit", ge=1, le=MOST, description="How many rows a page has at most.")]


class PageOut(BaseModel, Generic[T]):
    """Some rows of a list, the newest first."""

    items: list[T]
    next: str | None = Field(description="Where the next page begins. Null: this is the last one.")


class Settled(BaseModel):
    """What the operator found out at the picture service."""

    model_config = ConfigDict(extra="forbid")

    charged: bool = Field(description="Whether the service charged for it.")
    micros: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000_000,
        description="What it charged, in millionths of a US dollar. Left out: the quote is taken.",
        examples=[42000],
    )

    @model_validator(mode="after")
    def _charged(self) -> Self:
        if self.micros is not None and not self.charged:
            raise ValueError("an amount goes with `charged` only")
        return self


def _page(page: Page[Any]) -> PageOut[Any]:
    return PageOut(items=list(page.rows), next=page.next)


@router.get("/conversations/")
async def conversations(
    operator: Operator, here: Here, after: PageAfter = None, most: Most = MOST
) -> PageOut[Talk]:
    """Everybody's conversations, without their words."""
    return _page(await talks(here.store.database, after=after, most=most))


@router.get("/generations/")
async def generations(
    operator: Operator, here: Here, after: PageAfter = None, most: Most = MOST
) -> PageOut[Line]:
    """Every picture that was asked for: its state, its cost, what the service calls it."""
    return _page(await Books(here.store.database).lines(after=after, most=most))


@router.get("/doubts/")
async def doubts(operator: Operator, here: Here, after: PageAfter = None, most: Most = MOST) -> PageOut[Line]:
    """The pictures that may have been charged. Look each up at the service by its request id."""
    return _page(await Books(here.store.database).lines(in_doubt=True, after=after, most=most))


@router.post("/doubts/{generation_id}/settle/")
async def settle(generation_id: str, found: Settled, operator: Operator, here: Here) -> Line:
    """Settle what is in doubt by hand: what is held is spent or free then. Its history says who did it."""
    books = Books(here.store.database, here.spool)
    row = await books.settle(generation_id, charged=found.charged, micros=found.micros, who=operator.user_id)
    return Line.of(row)


@router.get("/spend/")
async def spend(
    operator: Operator,
    here: Here,
    by: Annotated[By, Query(description="What makes a line.")] = "day",
    after: PageAfter = None,
    most: Most = MOST,
) -> PageOut[Spending]:
    """What pictures cost and hold, in the order of the day, person, tenant or model."""
    found = await Books(here.store.database).spending(by, after=after, most=most + 1)
    lines = found[:most]
    return PageOut(items=lines, next=lines[-1].of if len(found) > most else None)


@router.get("/queue/")
async def queue(operator: Operator, here: Here) -> GateState:
    """How it stands in front of the picture service, in this process."""
    if here.studio is None:
        raise NotFound("picture service", here.coach.name)
    return here.studio.gate.state()
