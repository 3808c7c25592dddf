"""Opening a coach for a command: with the real services, or with the sandbox when it was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

import coach
from coach.folder import Coach
from coach.model import Model, OpenAIModel
from coach.sandbox import Sandbox
from coach.settings import BUDGETS, Settings

PICTURE_SECONDS = 1.5
"""How long the sandbox takes for a picture: long enough to see that it is made."""


@contextmanager
def settings_for(*, sandbox: bool, home: Path | None = None) -> Iterator[Settings]:
    """The settings, or with the sandbox those for it, which runs meanwhile.

    Args:
        sandbox: Start the sandbox and talk to it. Never chosen silently.
        home: Where data goes; left out: the setting, and a folder of its own for the sandbox.
    """
    with Sandbox(delay=PICTURE_SECONDS) if sandbox else nullcontext() as service:
        given: dict[str, object] = {} if home is None else {"home": home}
        if service is not None:
            # Nothing of the real places and budgets that are set is used: not the database, not the bucket.
            given |= dict.fromkeys(("database_url", "s3_bucket_name", "image_model", "pictures_per_minute"))
            given |= dict.fromkeys(f"max_{name}_usd" for name in BUDGETS)
            given |= dict.fromkeys(("memeputer_direct_path", "teacache", "runpod_s3_endpoint"))
            given |= dict.fromkeys(f"runpod_s3_{name}" for name in ("bucket", "access_key", "secret_key"))
            given |= service.settings
            given |= {"chat_model": "sandbox-coach", "queue": "here"}
            given |= {"home": home or Settings.read().home / "sandbox"}
        yield Settings.read(**given)


@asynccontextmanager
async def opened(
    source: str, *, sandbox: bool, home: Path | None = None
) -> AsyncIterator[tuple[Coach, Model]]:
    """A coach and the model it talks through; see :func:`settings_for`.

    Args:
        source: A coach folder or package.
    """
    with settings_for(sandbox=sandbox, home=home) as settings:
        async with coach.open(source, settings) as opened_coach, settings.openai() as client:
            yield opened_coach, OpenAIModel(client, model=settings.chat_model, calls=settings.chat_calls)
