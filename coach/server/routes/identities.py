"""The person's identities and the pictures of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from coach.server.caller import SignedIn
from coach.server.routes._pictures import SheetOut, Show, Shown, VersionOut
from coach.server.running import Here
from coach.store import Identity, Node, Stage, Store
from coach.studio import Sheets

router = APIRouter(prefix="/api/v1/identities", tags=["identities"])


class IdentityOut(BaseModel):
    """Who a person chose to be. `ref` in a path is its id or its handle."""

    id: str
    handle: str = Field(examples=["i1"])
    name: str = Field(examples=["Night-sky guide"])
    note: str = Field(description="Where it comes from, in the coach's words.")
    statement: str | None = Field(examples=["I am a night-sky guide."])
    visualization: str | None = Field(description="What its picture shows, in words.")
    appearance: str | None = Field(description="What they wear in it, and how they carry themselves.")
    stage: Stage = Field(description="How far it has come.")
    current: bool = Field(description="Whether the conversation is about this one.")
    accepted: VersionOut | None = Field(description="The picture in which they see themselves.")
    images: list[VersionOut] = Field(description="All of its pictures, in the order they were made.")

    @classmethod
    async def read(cls, store: Store, identity: Identity, show: Show) -> IdentityOut:
        """What is told of an identity, with its pictures."""
        made = await store.versions.list(identity.user_id, identity.id)
        images = [VersionOut.of(version, show) for version in made]
        return cls(
            id=identity.id,
            handle=identity.handle,
            name=identity.name,
            note=identity.note,
            statement=identity.statement,
            visualization=identity.visualization,
            appearance=identity.appearance,
            stage=identity.stage,
            current=identity.current,
            accepted=next((image for image in images if image.accepted), None),
            images=images,
        )


class NodeOut(VersionOut):
    """A picture in the tree of an identity's versions."""

    parent: str | None = Field(description="The version it was made from.", examples=["v1"])
    depth: int = Field(description="How many changes away it is from a picture of the photos alone.")
    wish: str | None = Field(description="What was to change in its parent, or the scene of a first picture.")
    is_draft: bool = Field(description="Whether it was made quickly, to be finished when it is accepted.")
    cost_micros: int | None = Field(
        description="What its request cost, in millionths of a US dollar. Null: not known."
    )
    pictures: int = Field(description="How many pictures share that cost.", examples=[1])
    model: str = Field(description="The picture model.", examples=["gpt-image-2"])
    operation: str = Field(description="generate, edit, compose or inpaint.", examples=["edit"])

    @classmethod
    def at(cls, node: Node, show: Show) -> NodeOut:
        """What is told of a version and its place."""
        made = node.made
        return cls.of(
            node.version,
            show,
            parent=node.parent,
            depth=node.depth,
            wish=made.wish,
            is_draft=node.is_draft,
            cost_micros=made.actual_micros,
            pictures=made.pictures,
            model=made.model,
            operation=made.operation,
        )


@router.get("/")
async def identities(caller: SignedIn, here: Here, show: Shown) -> list[IdentityOut]:
    """Your identities with their pictures, in the order they were made; without those that were put away."""
    mine = await here.store.identities.list(caller.user_id)
    return [await IdentityOut.read(here.store, identity, show) for identity in mine]


@router.get("/{ref}/")
async def identity(ref: str, caller: SignedIn, here: Here, show: Shown) -> IdentityOut:
    """One of your identities, with its pictures."""
    return await IdentityOut.read(here.store, await here.store.identities.get(caller.user_id, ref), show)


@router.get("/{ref}/versions/")
async def versions(ref: str, caller: SignedIn, here: Here, show: Shown) -> list[NodeOut]:
    """The pictures of an identity as a tree, in the order they were made."""
    return [NodeOut.at(node, show) for node in await here.store.versions.tree(caller.user_id, ref)]


@router.get("/{ref}/compare/")
async def compare(
    ref: str,
    caller: SignedIn,
    here: Here,
    show: Shown,
    versions: Annotated[
        str,
        Query(
            max_length=400,
            description="Which pictures, in their order, by handle or id, with commas between; at most five. "
            "Left out: the newest.",
            examples=["v1,v2a"],
        ),
    ] = "",
) -> SheetOut:
    """Your photo and pictures of an identity side by side, each face at the same size. Costs nothing."""
    refs = [each for each in versions.split(",") if each]
    sheets = here.coach.service("sheets", Sheets)
    return SheetOut.of(await sheets.compare(caller.user_id, ref, refs), show)


@router.get("/{ref}/sheet/")
async def sheet(ref: str, caller: SignedIn, here: Here, show: Shown) -> SheetOut:
    """All pictures of an identity on one sheet, each joined with what it was made from. Costs nothing."""
    sheets = here.coach.service("sheets", Sheets)
    return SheetOut.of(await sheets.versions(caller.user_id, ref), show)
