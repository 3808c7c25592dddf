"""The studio: pictures, from what is wanted to what is kept, paid for at most once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coach.studio.budgets import Budgets
from coach.studio.capabilities import Capabilities, Model
from coach.studio.gate import GateLimits, GateState
from coach.studio.planner import Plan
from coach.studio.price import Part, Quote
from coach.studio.request import Exact, PictureRequest, Reference
from coach.studio.spool import Spool

if TYPE_CHECKING:
    from coach.store.tables import GenerationState
    from coach.studio.books import Books
    from coach.studio.compare import Sheet, Sheets
    from coach.studio.edit import Edited, edit_image
    from coach.studio.engines.gpt_image import GptImageEngine
    from coach.studio.engines.memeputer import MemeputerEngine
    from coach.studio.engines.openai_background import OpenAIBackgroundEngine
    from coach.studio.engines.runpod import RunPodEngine
    from coach.studio.erase import Receipt
    from coach.studio.generated import Entry, Generated
    from coach.studio.judge import Judgement
    from coach.studio.ledger import Generation, Step
    from coach.studio.lineage import Revision, last_shown
    from coach.studio.masks import add_mask, find_mask
    from coach.studio.photo import PhotoCoach
    from coach.studio.studio import Studio
    from coach.studio.thumbnails import Thumbnails
    from coach.studio.uploads import add_upload

# What needs the database or the SDK is imported when it is first asked for: plans and quotes do without.
_LATER = {
    "Books": "coach.studio.books",
    "Edited": "coach.studio.edit",
    "Entry": "coach.studio.generated",
    "Generated": "coach.studio.generated",
    "Generation": "coach.studio.ledger",
    "GenerationState": "coach.store.tables",
    "GptImageEngine": "coach.studio.engines.gpt_image",
    "Judgement": "coach.studio.judge",
    "MemeputerEngine": "coach.studio.engines.memeputer",
    "OpenAIBackgroundEngine": "coach.studio.engines.openai_background",
    "PhotoCoach": "coach.studio.photo",
    "Receipt": "coach.studio.erase",
    "Revision": "coach.studio.lineage",
    "RunPodEngine": "coach.studio.engines.runpod",
    "Sheet": "coach.studio.compare",
    "Sheets": "coach.studio.compare",
    "Step": "coach.studio.ledger",
    "Studio": "coach.studio.studio",
    "Thumbnails": "coach.studio.thumbnails",
    "add_mask": "coach.studio.masks",
    "add_upload": "coach.studio.uploads",
    "edit_image": "coach.studio.edit",
    "find_mask": "coach.studio.masks",
    "last_shown": "coach.studio.lineage",
}

__all__ = [
    "Books",
    "Budgets",
    "Capabilities",
    "Edited",
    "Entry",
    "Exact",
    "GateLimits",
    "GateState",
    "Generated",
    "Generation",
    "GenerationState",
    "GptImageEngine",
    "Judgement",
    "MemeputerEngine",
    "Model",
    "OpenAIBackgroundEngine",
    "Part",
    "PhotoCoach",
    "PictureRequest",
    "Plan",
    "Quote",
    "Receipt",
    "Reference",
    "Revision",
    "RunPodEngine",
    "Sheet",
    "Sheets",
    "Spool",
    "Step",
    "Studio",
    "Thumbnails",
    "add_mask",
    "add_upload",
    "edit_image",
    "find_mask",
    "last_shown",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'coach.studio' has no attribute {name!r}")
