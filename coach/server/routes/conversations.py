"""The conversation: begun, gone on with turn by turn, and watched as events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, status
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from coach.server.caller import SignedIn
from coach.server.did import Did
from coach.server.routes.files import base_of
from coach.server.running import Here
from coach.server.told import shown
from coach.store import Conversation as Row
from coach.store.happenings import Happening
from coach.store.turns import TurnRow

router = APIRouter(prefix="/api/v1/conversations", tags=["conversation"])

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Yours: the same key is the same turn, however often it is sent.",
    ),
]


class ConversationOut(BaseModel):
    """A conversation."""

    id: str
    phase: str = Field(examples=["introduction"])
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> ConversationOut:
        """What is told of a conversation."""
        return cls(id=row.id, phase=row.phase, created_at=row.created_at, updated_at=row.updated_at)


async def _mine(conversation_id: str, caller: SignedIn, here: Here) -> Row:
    return await here.store.conversations.get(caller.user_id, conversation_id)


Mine = Annotated[Row, Depends(_mine)]


async def _begun(did: Did, mine: Mine, here: Here, key: Key = None) -> TurnRow:
    await here.rates.turn(mine.user_id)
    return await here.live.begin(mine.user_id, mine.id, did, key=key)


Begun = Annotated[TurnRow, Depends(_begun)]


@router.post("/", status_code=status.HTTP_201_CREATED)
async def start(caller: SignedIn, here: Here) -> ConversationOut:
    """Begin a conversation, in the coach's first phase."""
    row = await here.store.conversations.start(
        caller.user_id, tenant=caller.tenant, coach=here.coach.name, phase=here.coach.first_phase
    )
    return ConversationOut.of(row)


@router.get("/")
async def mine(caller: SignedIn, here: Here) -> list[ConversationOut]:
    """Your conversations with this coach, the one last spoken in first."""
    rows = await here.store.conversations.list(caller.user_id)
    return [ConversationOut.of(row) for row in rows if row.coach == here.coach.name]


@router.get("/{conversation_id}/")
async def one(mine: Mine) -> ConversationOut:
    """One conversation."""
    return ConversationOut.of(mine)


@router.post("/{conversation_id}/turns/", response_class=EventSourceResponse)
async def take_turn(begun: Begun, request: Request, here: Here) -> AsyncIterator[ServerSentEvent]:
    """Do something, and follow what comes of it, until `done`.

    It goes on when you go away; `GET …/events/` shows it again, from any point.
    """
    async for each in here.live.watch(begun.user_id, begun.conversation_id, turn=begun):
        yield _event(each, request, here)


@router.get("/{conversation_id}/events/", response_class=EventSourceResponse)
async def events(
    mine: Mine,
    request: Request,
    here: Here,
    after: Annotated[int, Query(ge=0, description="The id of the last event you have seen.")] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Everything that happened in a conversation, and then what happens, for as long as you listen."""
    if last_event_id is not None and last_event_id.isdecimal():
        after = max(after, int(last_event_id))
    async for each in here.live.watch(mine.user_id, mine.id, after):
        yield _event(each, request, here)


def _event(each: Happening, request: Request, here: Here) -> ServerSentEvent:
    data: dict[str, Any] = shown(each.data, here.links, base_of(request))
    return ServerSentEvent(id=str(each.seq), event=each.kind, data=data)
