"""The conversation: begun, gone on with turn by turn, and watched as events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, Field

from coach.server.caller import SignedIn
from coach.server.did import Did
from coach.server.routes._events import DECLARED, After, Key, Listens
from coach.server.running import Here
from coach.store import Conversation as Row
from coach.store.titles import titles
from coach.store.turns import TurnRow

router = APIRouter(prefix="/api/v1/conversations", tags=["conversation"])


class ConversationOut(BaseModel):
    """A conversation."""

    id: str
    title: str = Field(
        description="Whom it led to, else how it began, in somebody's words. Empty: nothing was said yet.",
        examples=["Night-sky guide"],
    )
    phase: str = Field(examples=["introduction"])
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row, titles: Mapping[str, str]) -> ConversationOut:
        """What is told of a conversation."""
        told = {name: getattr(row, name) for name in ("id", "phase", "created_at", "updated_at")}
        return cls(title=titles.get(row.id, ""), **told)


async def _mine(conversation_id: str, caller: SignedIn, here: Here) -> Row:
    return await here.store.conversations.get(caller.user_id, conversation_id)


Mine = Annotated[Row, Depends(_mine)]


async def _begun(did: Did, mine: Mine, here: Here, key: Key = None) -> TurnRow:
    await here.rates.turn(mine.user_id)
    return await here.talks.begin(mine.user_id, mine.id, did, key=key)


Begun = Annotated[TurnRow, Depends(_begun)]


@router.post("/", status_code=status.HTTP_201_CREATED)
async def start(caller: SignedIn, here: Here) -> ConversationOut:
    """Begin a conversation, in the coach's first phase."""
    row = await here.store.conversations.start(
        caller.user_id, tenant=caller.tenant, coach=here.coach.name, phase=here.coach.first_phase
    )
    return ConversationOut.of(row, {})


@router.get("/")
async def mine(caller: SignedIn, here: Here) -> list[ConversationOut]:
    """Your conversations with this coach, the one last spoken in first."""
    rows = await here.store.conversations.list(caller.user_id)
    called = await titles(here.store.database, caller.user_id)
    return [ConversationOut.of(row, called) for row in rows if row.coach == here.coach.name]


@router.get("/{conversation_id}/")
async def one(mine: Mine, here: Here) -> ConversationOut:
    """One conversation."""
    return ConversationOut.of(mine, await titles(here.store.database, mine.user_id))


@router.post("/{conversation_id}/turns/", **DECLARED)
async def take_turn(listens: Listens, begun: Begun) -> EventSourceResponse:
    """Do something, and follow what comes of it, until `done`.

    It goes on when you go away; `GET …/events/` shows it again, from any point.
    """
    return listens.to(begun.conversation_id, work=begun)


@router.get("/{conversation_id}/events/", **DECLARED)
async def events(mine: Mine, after: After, listens: Listens) -> EventSourceResponse:
    """Everything that happened in a conversation, and then what happens, for as long as you listen."""
    return listens.to(mine.id, after)
