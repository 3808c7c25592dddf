"""Typed actions, context keys and phase prompts for a coach that lets people see themselves.

A coach is a folder: ``prompts/``, ``actions/`` and ``context/``. :func:`load` proves such a folder and
:func:`open` gives it the library's own services. :meth:`Coach.turn` runs the calls of a model that you ask;
:class:`Conversation` asks it for you.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coach._money import dollars
from coach.action import Action, Result, action
from coach.context import Context, ContextKey, context_key
from coach.errors import (
    CoachError,
    Conflict,
    ConsentMissing,
    ContextError,
    Erasing,
    FetchRefused,
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
    StoreUnavailable,
)
from coach.events import (
    Event,
    Finished,
    PhaseChanged,
    Preview,
    Progress,
    Say,
    Started,
    State,
    Stopped,
    Waiting,
)
from coach.terms import AgreedPicture, Terms

if TYPE_CHECKING:
    from coach._calls import Call, Limits
    from coach.check import Finding
    from coach.conversation import Conversation
    from coach.faces import FaceModel, Likeness, PhotoReport
    from coach.fetch import Fetcher
    from coach.folder import Coach, load
    from coach.model import Model, OpenAIModel, Reply
    from coach.pending import CallRecord, Journal
    from coach.phase import Phase
    from coach.prompt import Prompts
    from coach.runtime import open
    from coach.settings import Settings
    from coach.stickers.exchange import Stickers
    from coach.store import (
        CONSENT_TEXT,
        Blobs,
        Consent,
        Consents,
        Conversations,
        FolderBlobs,
        Identities,
        Identity,
        Node,
        Notes,
        People,
        Photo,
        Photos,
        S3Blobs,
        Store,
        Version,
        Versions,
    )
    from coach.studio import (
        Edited,
        Entry,
        Exact,
        Generated,
        Judgement,
        PhotoCoach,
        PictureRequest,
        Receipt,
        Reference,
        Revision,
        Sheet,
        Sheets,
        Studio,
        add_mask,
        add_upload,
        edit_image,
        find_mask,
        last_shown,
    )
    from coach.turn import Turn

# What an action's file does not need is imported when it is first asked for: turns, the templates, a
# database, a picture service, a language model.
_LATER = {
    "coach._calls": ("Call", "Limits"),
    "coach.check": ("Finding",),
    "coach.conversation": ("Conversation",),
    "coach.faces": ("FaceModel", "Likeness", "PhotoReport"),
    "coach.fetch": ("Fetcher",),
    "coach.folder": ("Coach", "load"),
    "coach.model": ("Model", "OpenAIModel", "Reply"),
    "coach.pending": ("CallRecord", "Journal"),
    "coach.phase": ("Phase",),
    "coach.prompt": ("Prompts",),
    "coach.runtime": ("open",),
    "coach.settings": ("Settings",),
    "coach.stickers.exchange": ("Stickers",),
    "coach.store": (
        *("CONSENT_TEXT", "Blobs", "Consent", "Consents", "Conversations", "FolderBlobs", "Identities"),
        *("Identity", "Node", "Notes", "People", "Photo", "Photos", "S3Blobs", "Store", "Version"),
        "Versions",
    ),
    "coach.studio": (
        *("Edited", "Entry", "Exact", "Generated", "Judgement", "PhotoCoach", "PictureRequest", "Receipt"),
        *("Reference", "Revision", "Sheet", "Sheets", "Studio", "add_mask", "add_upload", "edit_image"),
        *("find_mask", "last_shown"),
    ),
    "coach.turn": ("Turn",),
}
_HOME = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "CONSENT_TEXT",
    "Action",
    "AgreedPicture",
    "Blobs",
    "Call",
    "CallRecord",
    "Coach",
    "CoachError",
    "Conflict",
    "Consent",
    "ConsentMissing",
    "Consents",
    "Context",
    "ContextError",
    "ContextKey",
    "Conversation",
    "Conversations",
    "Edited",
    "Entry",
    "Erasing",
    "Event",
    "Exact",
    "FaceModel",
    "FetchRefused",
    "Fetcher",
    "Finding",
    "Finished",
    "FolderBlobs",
    "FolderError",
    "Generated",
    "Identities",
    "Identity",
    "InputRefused",
    "Journal",
    "Judgement",
    "Likeness",
    "Limits",
    "Model",
    "ModelError",
    "Node",
    "NotFound",
    "Notes",
    "OpenAIModel",
    "People",
    "Phase",
    "PhaseChanged",
    "Photo",
    "PhotoCoach",
    "PhotoRefused",
    "PhotoReport",
    "Photos",
    "PictureError",
    "PictureRequest",
    "Preview",
    "Progress",
    "PromptError",
    "Prompts",
    "Receipt",
    "Reference",
    "Refused",
    "Reply",
    "Result",
    "Retry",
    "Revision",
    "S3Blobs",
    "Say",
    "Settings",
    "SettingsError",
    "Sheet",
    "Sheets",
    "Started",
    "State",
    "Stickers",
    "Stopped",
    "Store",
    "StoreUnavailable",
    "Studio",
    "Terms",
    "Turn",
    "Version",
    "Versions",
    "Waiting",
    "action",
    "add_mask",
    "add_upload",
    "context_key",
    "dollars",
    "edit_image",
    "find_mask",
    "last_shown",
    "load",
    "open",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'coach' has no attribute {name!r}")
