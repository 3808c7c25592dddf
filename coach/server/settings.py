"""Settings of the server alone; everything else is in :class:`coach.Settings`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerSettings(BaseSettings):
    """What can be set of the server, from the environment or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_file=".env", env_prefix="COACH_", extra="ignore", str_strip_whitespace=True, env_ignore_empty=True
    )

    guests: bool = Field(
        False, description="Whether whoever opens the page may talk, as a new person. Each may spend money."
    )
    session_days: float = Field(30, gt=0, le=365, description="How many days a browser stays signed in.")
    link_seconds: int = Field(
        600, ge=1, le=600, description="How long a signed link to a picture works, in seconds."
    )
