"""Actions by the person's own hand: a call is their yes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coach._calls import Limits
from coach._run import problems_of, taken
from coach.action import Action
from coach.context import Context
from coach.errors import Conflict, InputRefused, NotFound, PictureError, StoreUnavailable
from coach.pending import CallRecord
from coach.server.caller import Caller, SignedIn
from coach.server.did import Pressed, press_id
from coach.server.doubt import with_doubt
from coach.server.problems import Problem, of_error, problem
from coach.server.routes._events import Key
from coach.server.routes._pictures import Show, Shown
from coach.server.routes.identities import IdentityOut
from coach.server.running import Here, Running
from coach.text import clean
from coach.turn import open_turn

router = APIRouter(prefix="/api/v1/actions", tags=["actions"])

_STATUS = {"retry": 422, "refused": 409}
"""What is answered when an action ends so; for what is ours to mend, 500."""

_NOT_RUN = "It was not run: it is not to be had where the conversation is now."
_CUT_OFF = "This is still under way, or was cut off. Look at what there is before you ask for it once more."
_PHASE = "It leads to another phase: name the conversation that is to go there, as `conversation_id`."
_STOPPING = "The server is stopping. Ask again in a moment, with the same key."


class ActionIn(BaseModel):
    """An action to run."""

    model_config = ConfigDict(extra="forbid")

    action: str = Field(max_length=64, examples=["generate_identity_image"])
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="What it takes. `id` is taken for `identity_id`.",
        examples=[{"identity_id": "i1", "prompt": "A visionary entrepreneur presenting solutions"}],
    )
    conversation_id: str | None = Field(
        default=None,
        max_length=64,
        description="The conversation it happens in: whoever watches it sees it, and the coach speaks on. "
        "Left out: in none.",
    )


class ActionOut(BaseModel):
    """What came of an action that was run."""

    state: str = Field(examples=["done"])
    say: str = Field(description="What a model would read of it.")
    data: dict[str, Any] | None = Field(
        description="What an application gets. A picture in it has a link, `url`, for `url_seconds`."
    )
    identity: IdentityOut | None = Field(description="The identity it was about, as it is now.")


@router.post("/", response_model=ActionOut)
async def act(
    asked: ActionIn, caller: SignedIn, here: Here, show: Shown, key: Key = None
) -> ActionOut | Problem:
    """Run an action and wait for its end. The same key is the same outcome, however often it is sent.

    Without a conversation it runs in the first phase that allows it.
    """
    action = here.coach.actions.get(asked.action)
    if action is None:
        raise NotFound("action", asked.action)
    arguments = _arguments(action, asked.params)
    await here.rates.turn(caller.user_id)
    if asked.conversation_id is None:
        ended = await _alone(here, caller, action, arguments, key)
    else:
        ended = await _within(here, caller, asked, arguments, key)
    if ended.state != "done":
        return await _not_done(here, caller.user_id, arguments, ended)
    return ActionOut(
        state=ended.state,
        say=ended.say,
        data=None if ended.data is None else show(ended.data),
        identity=await _identity(here, caller.user_id, arguments, ended.data or {}, show),
    )


def _arguments(action: Action[..., Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What an action takes, in the words of its own parameters.

    Raises:
        RequestValidationError: It does not fit.
        InputRefused: It is nested too deeply.
    """
    given, known = dict(params), action.params.model_fields
    if "identity_id" in known and "id" not in known and "id" in given:
        given = {"identity_id": given.pop("id")} | given
    try:
        return taken(action, clean(given))
    except ValidationError as error:
        told = [each | {"loc": ("body", "params", *each["loc"])} for each in problems_of(error)]
        raise RequestValidationError(told) from None
    except RecursionError:
        raise InputRefused("`params` is nested too deeply.") from None


async def _alone(
    here: Running, caller: Caller, action: Action[..., Any], arguments: Mapping[str, Any], key: str | None
) -> CallRecord:
    """Run it outside of a conversation."""
    phases = here.coach.phases.values()
    phase = next((phase.name for phase in phases if action.name in phase.actions), None)
    if phase is None:
        raise Conflict(f"No phase of this coach allows `{action.name}`.")
    who = Context(user_id=caller.user_id, tenant=caller.tenant, phase=phase)
    turn = await open_turn(here.coach, who, Limits(), asks=False)
    call_id = press_id(key or uuid4().hex)
    async for _ in turn.press(action.name, arguments, call_id=call_id):
        pass  # nobody watches: what counts is what is on record
    record = await _recorded(here, caller.user_id, "", call_id)
    if not record.is_of(action.name, arguments):
        raise Conflict("This key was used for something else; send a new one.")
    if record.next is not None:
        raise Conflict(_PHASE)
    return record


async def _within(
    here: Running, caller: Caller, asked: ActionIn, arguments: Mapping[str, Any], key: str | None
) -> CallRecord:
    """Run it as a turn of its conversation, as its button does, and wait for the turn's end."""
    user_id, conversation_id = caller.user_id, asked.conversation_id or ""
    pressed = Pressed(type="press", action=asked.action, arguments=dict(arguments))
    turn = await here.talks.begin(user_id, conversation_id, pressed, key=key)
    ended = [some[-1].kind async for some in here.live.watch(user_id, conversation_id, work=turn)]
    if ended[-1:] != ["done"]:
        raise StoreUnavailable(_STOPPING)
    return await _recorded(here, user_id, conversation_id, press_id(turn.id))


async def _recorded(here: Running, user_id: str, conversation_id: str, call_id: str) -> CallRecord:
    """How a call ended that was to be run."""
    record = await here.coach.journal.find(user_id, conversation_id, call_id)
    if record is None:
        raise Conflict(_NOT_RUN)
    if record.state == "running":
        raise Conflict(await with_doubt(_CUT_OFF, here.coach, record))
    return record


async def _not_done(here: Running, user_id: str, arguments: Mapping[str, Any], ended: CallRecord) -> Problem:
    """What is answered instead, with the sentence of whoever refused."""
    ref = arguments.get("identity_id")
    if ended.state == "retry" and isinstance(ref, str):
        await here.store.identities.get(user_id, ref)  # what is not there is 404, as in a path
    data = ended.data or {}
    if "paid" in data:
        return of_error(PictureError(data["code"], paid=data["paid"], say=ended.say))
    return problem(_STATUS.get(ended.state, 500), ended.state, ended.say)


async def _identity(
    here: Running, user_id: str, arguments: Mapping[str, Any], data: Mapping[str, Any], show: Show
) -> IdentityOut | None:
    """The identity an action was about: the one it was given, or the one it gave."""
    for ref in (arguments.get("identity_id"), data.get("identity_id"), data.get("id")):
        if isinstance(ref, str):
            with suppress(NotFound):
                identity = await here.store.identities.get(user_id, ref)
                return await IdentityOut.read(here.store, identity, show)
    return None
