"""The person: their name, their photos, and what they agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from coach.errors import Conflict, NotFound
from coach.faces import PhotoReport
from coach.server.caller import SignedIn
from coach.server.routes._pictures import Linked, Show, Shown
from coach.server.running import Here, Running
from coach.store import CONSENT_TEXT, CONSENT_VERSION, Consent, Photo
from coach.store.consent import SUBJECTS, Subject
from coach.studio import PhotoCoach

router = APIRouter(prefix="/api/v1/users/me", tags=["person"])


class Findings(BaseModel):
    """What the photo coach says of a photo."""

    usable: bool = Field(description="Whether it serves as it is.")
    reason: str = Field(description="Why not, for programs; `ok` when it does.", examples=["too_dark"])
    say: str = Field(
        description="A sentence for the person.",
        examples=["It is too dark to see your face well. Please take one facing a window or a lamp."],
    )

    @classmethod
    def of(cls, report: PhotoReport) -> Findings:
        """What is told of a report."""
        return cls(usable=report.usable, reason=report.reason, say=report.say)


class PhotoOut(Linked):
    """A photo, as it is kept: upright and without metadata."""

    id: str = Field(examples=["0b9f8a3e-8d4e-4e5f-8f9c-1f2d3a4b5c6d"])
    primary: bool = Field(description="Whether pictures are made from this one first.")
    width: int = Field(description="Pixels.", examples=[1536])
    height: int = Field(description="Pixels.", examples=[2048])
    created_at: datetime
    findings: Findings | None = Field(description="Null: nobody has looked at it.")

    @classmethod
    def of(cls, photo: Photo, report: PhotoReport | None, show: Show) -> PhotoOut:
        """What is told of a photo."""
        return cls(
            id=photo.id,
            primary=photo.primary,
            width=photo.width,
            height=photo.height,
            created_at=photo.created_at,
            findings=None if report is None else Findings.of(report),
            **show({"blob": photo.blob}),
        )


class ConsentOut(BaseModel):
    """What the person agreed to, and what they can agree to. Without it no photo is read or sent."""

    active: bool = Field(description="Whether they agree now.")
    given_at: datetime | None = None
    statement: str | None = Field(default=None, description="What they declared and said.")
    text: str = Field(default=CONSENT_TEXT, description="What there is to agree to, to be shown to them.")
    text_version: str = Field(default=CONSENT_VERSION, description="Send it along with their yes.")
    subjects: Mapping[Subject, str] = Field(
        default=SUBJECTS, description="Who is in the photos, and what they declare with their yes."
    )

    @classmethod
    def of(cls, consent: Consent | None) -> ConsentOut:
        """What is told of a consent; ``None``: there is none."""
        if consent is None:
            return cls(active=False)
        return cls(active=True, given_at=consent.given_at, statement=consent.statement)


class Agreed(BaseModel):
    """Their yes."""

    model_config = ConfigDict(extra="forbid")

    statement: str = Field(
        min_length=1, max_length=1000, description="What they said or pressed.", examples=["I agree"]
    )
    subject: Subject = Field(
        default="self", description="Who is in the photos: themselves, or somebody who agreed to it."
    )
    text_version: str = Field(
        max_length=64, description="Of the text they were shown.", examples=[CONSENT_VERSION]
    )


class MeOut(BaseModel):
    """The person who asks."""

    user_id: str = Field(examples=["ann"])
    name: str | None = Field(description="How they like to be called.", examples=["Ann"])
    photos: list[PhotoOut] = Field(description="Oldest first, at most five.")
    consent: ConsentOut
    likeness_measured: bool = Field(description="Whether pictures are compared with their photos here.")


async def the_person(user_id: str, here: Running, show: Show) -> MeOut:
    """What is told of a person. Photos at which nobody has looked are looked at now, if they agreed."""
    looking = here.coach.service("photo_coach", PhotoCoach)
    photos = await here.store.photos.list(user_id)
    reports = await looking.seen(photos)
    name = None
    with suppress(NotFound):  # who is new has no row yet
        name = (await here.store.people.get(user_id)).name
    return MeOut(
        user_id=user_id,
        name=name,
        photos=[PhotoOut.of(photo, report, show) for photo, report in zip(photos, reports, strict=True)],
        consent=ConsentOut.of(await here.store.consents.active(user_id)),
        likeness_measured=looking.can_look,
    )


@router.get("/")
async def me(caller: SignedIn, here: Here, show: Shown) -> MeOut:
    """You: your photos, and what you agreed to."""
    return await the_person(caller.user_id, here, show)


@router.put("/consent/")
async def agree(yes: Agreed, caller: SignedIn, here: Here, show: Shown) -> MeOut:
    """Agree that pictures are made of you: to the text that `GET /users/me/` shows."""
    if yes.text_version != CONSENT_VERSION:
        raise Conflict("There is a newer text. Show it to the person, and ask them again.")
    await here.store.consents.give(caller.user_id, statement=yes.statement, subject=yes.subject)
    return await the_person(caller.user_id, here, show)


@router.delete("/consent/")
async def revoke(caller: SignedIn, here: Here, show: Shown) -> MeOut:
    """Take your agreement back: nothing more is sent, and your photos are deleted here. Safe to repeat.

    Pictures that were made stay; `DELETE /users/me/` erases everything.
    """
    await here.store.consents.revoke(caller.user_id)
    return await the_person(caller.user_id, here, show)
