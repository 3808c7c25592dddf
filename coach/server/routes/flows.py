"""Flows of pictures: drawn, quoted, run, and watched as events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile, status
from fastapi.sse import EventSourceResponse

from coach.errors import InputRefused
from coach.flows import Flow, quote_flow
from coach.flows.sources import check_own, own_pictures
from coach.server.caller import SignedIn
from coach.server.routes._events import DECLARED, After, Key, Listens
from coach.server.routes._flows import FlowIn, FlowOut, Listed, QuoteOut, QuotesOut, UploadOut
from coach.server.routes._pictures import Show, Shown
from coach.server.running import Here
from coach.server.runs import Run, reference
from coach.store import FlowRow, RunRow
from coach.store.intake import MAX_BYTES
from coach.studio import Reference, add_mask, add_upload
from coach.studio.mask import MASK_BYTES
from coach.studio.masks import handle_of
from coach.studio.uploads import find_upload

router = APIRouter(prefix="/api/v1/flows", tags=["flows"])


async def _mine(flow_id: str, caller: SignedIn, here: Here) -> FlowRow:
    return await here.runs.flows.get(caller.user_id, flow_id)


Mine = Annotated[FlowRow, Depends(_mine)]


async def _begun(run: Run, mine: Mine, here: Here, key: Key = None) -> RunRow:
    await here.rates.turn(mine.user_id)
    return await here.runs.begin(mine, run, key=key)


Begun = Annotated[RunRow, Depends(_begun)]


@router.post("/", status_code=status.HTTP_201_CREATED)
async def draw(flow: FlowIn, caller: SignedIn, here: Here, show: Shown) -> FlowOut:
    """Begin a flow, empty or with what is drawn already."""
    await check_own(here.store, caller.user_id, flow.graph)
    row = await here.runs.flows.add(
        caller.user_id, flow.graph.model_dump(mode="json"), title=flow.title or "", tenant=caller.tenant
    )
    return await _whole(row, here, show)


@router.get("/")
async def mine(caller: SignedIn, here: Here) -> list[Listed]:
    """Your flows, the one last changed first."""
    return [Listed.of(row) for row in await here.runs.flows.list(caller.user_id)]


@router.get("/{flow_id}/")
async def one(mine: Mine, here: Here, show: Shown) -> FlowOut:
    """One flow."""
    return await _whole(mine, here, show)


@router.put("/{flow_id}/")
async def change(flow: FlowIn, mine: Mine, here: Here, show: Shown) -> FlowOut:
    """Draw it anew. A run that is under way goes on as it was."""
    await check_own(here.store, mine.user_id, flow.graph, before=Flow.model_validate(mine.graph))
    graph = flow.graph.model_dump(mode="json")
    return await _whole(
        await here.runs.flows.change(mine.user_id, mine.id, graph, title=flow.title), here, show
    )


@router.delete("/{flow_id}/", status_code=status.HTTP_204_NO_CONTENT)
async def remove(mine: Mine, here: Here) -> None:
    """Delete a flow and what was seen of its runs. The pictures that were made stay."""
    await here.runs.flows.remove(mine.user_id, mine.id)


@router.get("/{flow_id}/quote/")
async def quote(
    mine: Mine,
    here: Here,
    show: Shown,
    node: Annotated[str | None, Query(max_length=64, description="Only this node and what it needs.")] = None,
) -> QuotesOut:
    """What a run would cost at worst, and which pictures are there already. Nothing is paid."""
    found = await quote_flow(
        Flow.model_validate(mine.graph),
        studio=here.runs.studio,
        store=here.store,
        user_id=mine.user_id,
        node=node,
        again=mine.again,
    )
    return QuotesOut(micros=found.micros, nodes=[QuoteOut.of(each, show) for each in found.nodes])


@router.post("/{flow_id}/runs/", **DECLARED)
async def run(listens: Listens, begun: Begun) -> EventSourceResponse:
    """Run a node with what it needs, or all, and follow what comes of it, until `done`.

    What did not change since it was made costs nothing. It goes on when you go away; `GET …/events/` shows it
    again, from any point.
    """
    return listens.to(begun.flow_id, work=begun)


@router.get("/{flow_id}/events/", **DECLARED)
async def events(mine: Mine, after: After, listens: Listens) -> EventSourceResponse:
    """Everything that happened in the runs of a flow, and then what happens, for as long as you listen."""
    return listens.to(mine.id, after)


@router.post("/{flow_id}/uploads/", status_code=status.HTTP_201_CREATED)
async def upload(
    mine: Mine,
    here: Here,
    show: Shown,
    image: Annotated[UploadFile | None, File(description="A JPEG, PNG, WebP or HEIC of 20 MB.")] = None,
    upload: Annotated[str | None, Form(max_length=64, description="Instead of it, one kept before.")] = None,
    mask: Annotated[UploadFile | None, File(description="Where it may change: a PNG of its size.")] = None,
) -> UploadOut:
    """Keep a picture to work from, or the part of one that may change. The same picture is kept once."""
    if (image is None) == (upload is None):
        raise InputRefused("Send a picture as `image`, or the id of one as `upload`.", field="image")
    if image is None:
        kept = Reference(kind="upload", id=upload or "")
    else:
        # One byte more than is taken: the intake then says that it is too large.
        kept = await add_upload(here.store, mine.user_id, await image.read(MAX_BYTES + 1))
    blob = await find_upload(here.store, mine.user_id, kept.id)
    hole = None
    if mask is not None:
        hole = handle_of(await add_mask(here.store, mine.user_id, kept, await mask.read(MASK_BYTES)))
    return UploadOut.model_validate(show({"upload": kept.id, "blob": blob, "mask": hole}))


async def _whole(row: FlowRow, here: Here, show: Show) -> FlowOut:
    flow = Flow.model_validate(row.graph)
    pictures = await own_pictures(here.store, row.user_id, flow)
    told = {node_id: show(reference(source)) for node_id, source in pictures.items()}
    listed = Listed.of(row).model_dump()
    return FlowOut.model_validate({**listed, "graph": flow, "again": row.again, "pictures": told})
