"""What happens in a turn, as it is kept and shown: a name and plain data for each event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from coach.events import (
    Event,
    Finished,
    PhaseChanged,
    Preview,
    Progress,
    Say,
    Started,
    Stopped,
    Waiting,
)
from coach.folder import Coach
from coach.server.links import Links
from coach.store import Version

Told = tuple[str, Mapping[str, Any]]
"""A name, and what is to be known. Pictures are named by the key of their blob, under ``blob``."""

_GIVEN = "arguments"


def told(event: Event, coach: Coach) -> Told | None:
    """An event as it is kept; ``None``: it says nothing new to a person."""
    match event:
        case Finished():
            return _finished(event, coach)
        case Say():
            return "say", {"text": event.text}
        case Started():
            return "started", asdict(event)
        case Progress():
            return "progress", asdict(event)
        case Preview():
            return "preview", asdict(event)
        case Waiting():
            expires = event.expires_at.isoformat()
            return "waiting", asdict(event) | {"arguments": dict(event.arguments), "expires_at": expires}
        case PhaseChanged():
            return "phase", asdict(event)
        case Stopped():
            return "error", {"code": event.reason, "say": event.say}


def _finished(event: Finished, coach: Coach) -> Told | None:
    """How a call ended. What it says is for the model; the person gets the picture, or the coach's words."""
    if event.state == "waiting":  # that was told already
        return None
    call = {"call_id": event.call_id, "action": event.action}
    if event.state != "done" or not event.data or "blob" not in event.data:
        return "finished", call | {"state": event.state}
    action = coach.actions.get(event.action)
    chosen = action is not None and action.by == "user" and "version_id" in event.data
    return "accepted" if chosen else "image", call | {"picture": dict(event.data)}


def picture(version: Version) -> dict[str, Any]:
    """A picture that was made, as it is kept."""
    names = ("identity_id", "handle", "width", "height", "media_type", "blob")
    return {"version_id": version.id} | {name: getattr(version, name) for name in names}


def shown(data: Mapping[str, Any], links: Links, base: str, *, owner: str) -> dict[str, Any]:
    """What was kept, for a person to see: the key of each blob of theirs is a link that works for minutes.

    Not in ``arguments``: those come from outside. And whoever brings somebody else's key into what an action
    gives gets no link to it.

    Args:
        base: What a link begins with; its token follows.
        owner: Their part of keys: :func:`coach.store.owner_of`.
    """

    def seen(value: Any) -> Any:
        if isinstance(value, Mapping):
            return shown(value, links, base, owner=owner)
        return [seen(each) for each in value] if isinstance(value, list | tuple) else value

    told = {name: seen(value) for name, value in data.items() if name not in ("blob", _GIVEN)}
    if _GIVEN in data:
        told[_GIVEN] = data[_GIVEN]
    if isinstance(blob := data.get("blob"), str) and blob.startswith(f"{owner}/"):
        told |= {"url": base + links.sign(blob), "url_seconds": links.seconds}
    return told
