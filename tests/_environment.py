"""The sandbox as the settings of another process name it."""

from __future__ import annotations

from coach.sandbox import Sandbox
from coach.settings import Settings


def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables with which everything is asked of this sandbox."""
    fields = Settings.model_fields
    return {str(fields[name].validation_alias): value for name, value in sandbox.settings.items()}
