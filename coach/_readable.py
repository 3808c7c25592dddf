"""Settings that are read from the environment and from code, and whose errors name no value."""

from __future__ import annotations

from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from coach.errors import SettingsError


class Readable(BaseSettings):
    """Settings with one way to read them."""

    @classmethod
    def read(cls, **given: object) -> Self:
        """Read the settings; what is given in code, by a field's name, wins over the environment.

        Raises:
            SettingsError: A value does not fit, or there is no such setting. The message names the setting,
                never its value.
        """
        unknown = given.keys() - cls.model_fields.keys()
        if unknown:
            names = ", ".join(cls.model_fields)
            raise SettingsError(f"There is no setting {', '.join(sorted(unknown))}; there are: {names}.")
        values: dict[str, Any] = {str(cls.model_fields[name].validation_alias): given[name] for name in given}
        try:
            return cls(**values)
        except ValidationError as exc:
            problems = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in exc.errors(include_input=False))
            raise SettingsError(f"These settings do not fit: {problems}.") from None
        except (ValueError, TypeError, OSError) as exc:
            raise SettingsError(
                f"The settings cannot be read ({type(exc).__name__}). Check `.env`."
            ) from None
