"""Typed actions, context keys and phase prompts for a coach that lets people see themselves.

A coach is a folder: ``prompts/``, ``actions/`` and ``context/``. :func:`load` proves such a folder and
:func:`open` gives it the library's own services. :meth:`Coach.turn` runs the calls of a model that you ask;
:class:`Conversation` asks it for you.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coach._calls import Call, Limits
from coach.action import Action, Result, action
from coach.context import Context, ContextKey, context_key
from coach.errors import (
    CoachError,
    Conflict,
    ConsentMissing,
    ContextError,
    FolderError,
    InputRefused,
    ModelError,
    NotFound,
    PhotoRefused,
    PictureError,
    PromptError,
    Refused,
    Retry,
    SettingsError,
)
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
from coach.folder import Coach, load
from coach.pending import CallRecord, Journal
from coach.prompt import Prompts
from coach.turn import Turn

if TYPE_CHECKING:
    from coach.conversation import Conversation
    from coach.model import Model, OpenAIModel, Reply
    from coach.runtime import open
    from coach.settings import Settings
    from coach.store import (
        Conversations,
        Identities,
        Identity,
        Notes,
        People,
        Photos,
        Store,
        Version,
        Versions,
    )
    from coach.studio import Painting, PictureRequest, Reference, Studio

# What needs a database, a picture service or a language model is imported when it is first asked for.
_LATER = {
    "Conversation": "coach.conversation",
    "Conversations": "coach.store",
    "Identities": "coach.store",
    "Identity": "coach.store",
    "Model": "coach.model",
    "Notes": "coach.store",
    "OpenAIModel": "coach.model",
    "Painting": "coach.studio",
    "People": "coach.store",
    "Photos": "coach.store",
    "PictureRequest": "coach.studio",
    "Reference": "coach.studio",
    "Reply": "coach.model",
    "Settings": "coach.settings",
    "Store": "coach.store",
    "Studio": "coach.studio",
    "Version": "coach.store",
    "Versions": "coach.store",
    "open": "coach.runtime",
}

__all__ = [
    "Action",
    "Call",
    "CallRecord",
    "Coach",
    "CoachError",
    "Conflict",
    "ConsentMissing",
    "Context",
    "ContextError",
    "ContextKey",
    "Conversation",
    "Conversations",
    "Event",
    "Finished",
    "FolderError",
    "Identities",
    "Identity",
    "InputRefused",
    "Journal",
    "Limits",
    "Model",
    "ModelError",
    "NotFound",
    "Notes",
    "OpenAIModel",
    "Painting",
    "People",
    "PhaseChanged",
    "PhotoRefused",
    "Photos",
    "PictureError",
    "PictureRequest",
    "Preview",
    "Progress",
    "PromptError",
    "Prompts",
    "Reference",
    "Refused",
    "Reply",
    "Result",
    "Retry",
    "Say",
    "Settings",
    "SettingsError",
    "Started",
    "Stopped",
    "Store",
    "Studio",
    "Turn",
    "Version",
    "Versions",
    "Waiting",
    "action",
    "context_key",
    "load",
    "open",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'coach' has no attribute {name!r}")
