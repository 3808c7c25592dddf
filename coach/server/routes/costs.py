"""What the person's pictures cost."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from coach.server.caller import SignedIn
from coach.server.running import Here
from coach.studio import Books, Budgets, Generation
from coach.studio.costs import Left, costs_of
from coach.studio.faults import fault

router = APIRouter(prefix="/api/v1/users/me", tags=["person"])


class Doubt(BaseModel):
    """A picture that may have been charged and did not arrive. Nothing asks for it again by itself."""

    generation_id: str
    at: datetime = Field(description="Since when nobody knows.")
    quote_micros: int | None = Field(description="What is held for it. Null: its price was not known.")
    request_id: str | None = Field(description="What the picture service calls it.")
    say: str = Field(
        description="A sentence for the person.",
        examples=["The picture service did not answer in time. It may have been charged."],
    )

    @classmethod
    def of(cls, row: Generation) -> Doubt:
        """What is told of a generation that is in doubt."""
        return cls(
            generation_id=row.id,
            at=row.updated_at,
            quote_micros=row.quote_micros,
            request_id=row.request_id,
            say=fault(row.error_code or "interrupted", paid="unknown").say,
        )


class CostsOut(BaseModel):
    """What was spent, is held, and is left, in millionths of a US dollar."""

    spent_micros: int = Field(description="What their pictures cost in all.", examples=[420000])
    held_micros: int = Field(description="What those hold that are being made or in doubt.", examples=[0])
    today_micros: int = Field(description="What was spent today (UTC).", examples=[40000])
    limits: list[Left] = Field(description="Their own budgets, where such are set.")
    used_up: bool = Field(
        description="Whether nothing is left of a budget, also of one that others spend from. "
        "Then no picture is made."
    )
    doubts: list[Doubt]


@router.get("/costs/")
async def costs(caller: SignedIn, here: Here) -> CostsOut:
    """What your pictures cost, what is left, and what may have been charged without arriving."""
    database, user_id = here.store.database, caller.user_id
    budgets = here.studio.budgets if here.studio else Budgets()
    found = await costs_of(database, budgets, user_id, tenant=caller.tenant)
    doubts = [Doubt.of(row) for row in await Books(database).in_doubt(user_id)]
    return CostsOut(**vars(found), doubts=doubts)
