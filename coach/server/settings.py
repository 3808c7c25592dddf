"""Settings of the server alone; everything else is in :class:`coach.Settings`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from coach._readable import Readable


class ServerSettings(Readable):
    """What can be set of the server, from the environment or a ``.env`` file."""

    # Not by field name: another program's variables may have those.
    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", str_strip_whitespace=True, env_ignore_empty=True
    )

    guests: bool = Field(
        False,
        validation_alias="COACH_GUESTS",
        description="Whether whoever opens the page may talk, as a new person. Each may spend money.",
    )
    session_days: float = Field(
        30,
        gt=0,
        le=365,
        validation_alias="COACH_SESSION_DAYS",
        description="How many days a browser stays signed in.",
    )
    link_seconds: int = Field(
        600,
        ge=1,
        le=600,
        validation_alias="COACH_LINK_SECONDS",
        description="How long a signed link to a picture works, in seconds.",
    )
