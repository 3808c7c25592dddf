"""Settings of the server alone; everything else is in :class:`coach.Settings`."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from coach._readable import Readable


def _listed(value: Any) -> Any:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _origin(value: str) -> str:
    address = urlsplit(value)
    if address.scheme not in ("http", "https") or value != f"{address.scheme}://{address.netloc}".lower():
        raise ValueError("write each as https://host or https://host:port, in small letters")
    return value


def _sources(value: str) -> str:
    # It is part of a header: what ends a directive, or a line, would begin something else.
    if not (value.isascii() and value.isprintable()) or set(value) & {";", ","}:
        raise ValueError("write addresses with spaces between, or self, or none")
    # A `.env` file takes quotes for its own.
    return " ".join(f"'{word}'" if word in ("self", "none") else word for word in value.split())


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_listed)]


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
    guests_per_hour: int = Field(
        60,
        ge=1,
        validation_alias="COACH_GUESTS_PER_HOUR",
        description="How many new guests may come from one address in an hour.",
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
    requests_per_minute: int = Field(
        600,
        ge=1,
        validation_alias="COACH_REQUESTS_PER_MINUTE",
        description="How often one person may ask for anything; counted by each process.",
    )
    turns_per_minute: int = Field(
        30,
        ge=1,
        validation_alias="COACH_TURNS_PER_MINUTE",
        description="How often one person may ask for what a model is asked for.",
    )
    streams_at_once: int = Field(
        20,
        ge=1,
        validation_alias="COACH_STREAMS_AT_ONCE",
        description="How many streams of events one person may have open; counted by each process.",
    )
    jwt_key: SecretStr | None = Field(
        None,
        validation_alias="COACH_JWT_KEY",
        description="Checks the host's tokens: a shared secret, a public key (PEM), or a file with one.",
    )
    jwt_algorithms: Names = Field(
        (),
        validation_alias="COACH_JWT_ALGORITHMS",
        description="How they may be signed. Left out: HS256 with a secret, RS256 with a public key.",
    )
    jwt_audience: str | None = Field(
        None,
        validation_alias="COACH_JWT_AUDIENCE",
        description="Their `aud`: this service. Goes with the key.",
    )
    jwt_issuer: str | None = Field(
        None, validation_alias="COACH_JWT_ISSUER", description="Their `iss`. Left out: any."
    )
    says_sandbox: bool = Field(
        False,
        validation_alias="COACH_SAYS_SANDBOX",
        description="Whether the page says that its pictures are drawn by the sandbox and cost nothing.",
    )
    cors_origins: Origins = Field(
        (),
        validation_alias="COACH_CORS_ORIGINS",
        description="Origins whose pages may ask here, with a bearer token. Left out: none.",
    )
    frame_ancestors: Annotated[str, AfterValidator(_sources)] = Field(
        "'none'",
        validation_alias="COACH_FRAME_ANCESTORS",
        description="Who may show the page in a frame: none, or addresses and self, as in CSP.",
    )
    trusted_proxies: Names = Field(
        (),
        validation_alias="COACH_TRUSTED_PROXIES",
        description="Addresses of proxies in front, which say who asks and whether by https. Left out: none.",
    )

    @classmethod
    def plain(cls, **given: Any) -> ServerSettings:
        """The settings as they are where nothing is set, whatever the environment says.

        Raises:
            SettingsError: A value does not fit.
        """
        return cls.read(**{name: field.default for name, field in cls.model_fields.items()} | given)
