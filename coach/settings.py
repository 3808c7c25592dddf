"""All settings, typed, from the environment or a ``.env`` file. The seeds' variable names work."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from coach._runpod import RunPodSettings
from coach._services import is_local
from coach.errors import SettingsError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from coach.store import Blobs
    from coach.studio.provenance import Signer

NO_KEY = (
    "OPENAI_API_KEY is not set. Set it (and OPENAI_BASE_URL for another compatible server) to use a real "
    "service. Or try everything without a key: add `--sandbox`, as in `coach chat --sandbox`, or run `coach "
    "sandbox` and set what it prints; its pictures are drawn, not made by a model."
)


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("there is no such home") from None


File = Annotated[Path, AfterValidator(_expanded)]
Dollars = Decimal | None

BUDGETS = ("picture", "turn", "person", "person_day", "tenant", "tenant_day", "day")
"""What spending can be limited for: ``max_<name>_usd``."""


def _most(name: str, description: str) -> Any:
    """The most that may be spent on pictures, in US dollars; left out: no limit."""
    return Field(
        None, gt=0, le=1_000_000, allow_inf_nan=False, validation_alias=name, description=description
    )


class Settings(RunPodSettings):
    """What can be set: from the environment, and in code by :meth:`read`."""

    # Not by field name: `HOME` is somebody else's variable.
    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", str_strip_whitespace=True, env_ignore_empty=True
    )

    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="For the chat and the picture service."
    )
    openai_base_url: str | None = Field(
        None,
        repr=False,  # some carry a password
        validation_alias="OPENAI_BASE_URL",
        description="Any compatible server; left out: OpenAI.",
    )
    home: File = Field(
        default_factory=lambda: Path.home() / ".coach",
        validation_alias="COACH_HOME",
        description="The folder for the database, the pictures and the spool.",
    )
    database_url: SecretStr | None = Field(
        None, validation_alias="COACH_DATABASE_URL", description="Left out: SQLite in the home folder."
    )
    chat_model: str = Field(
        "gpt-5.5", validation_alias="COACH_CHAT_MODEL", description="The language model that is the coach."
    )
    chat_calls: Literal["tools", "schema"] = Field(
        "tools",
        validation_alias="COACH_CHAT_CALLS",
        description="schema: it makes calls as JSON in a schema, where the server or the model has no tools.",
    )
    image_model: str | None = Field(
        None, validation_alias="COACH_IMAGE_MODEL", description="Left out: the capability table's default."
    )
    picture_seconds: float = Field(
        300,
        gt=0,
        le=540,  # below the time-out of the picture actions, which would cut it off
        validation_alias="COACH_PICTURE_SECONDS",
        description="Total time one picture may take, in seconds.",
    )
    picture_mode: Literal["direct", "background"] = Field(
        "direct",
        validation_alias="COACH_PICTURE_MODE",
        description="background: as a job that a crash does not lose; costs a little more, has no previews.",
    )
    background_model: str = Field(
        "gpt-5.6-luna",
        validation_alias="COACH_BACKGROUND_MODEL",
        description="The text model that calls the picture model in the background.",
    )
    second_try: bool = Field(
        True,
        validation_alias="COACH_SECOND_TRY",
        description="Whether a picture that does not look like the person is asked for once more by itself; "
        "from COACH_PICTURE_SECONDS=470 on there is no time for it.",
    )
    grade: Literal["draft", "final"] = Field(
        "final",
        validation_alias="COACH_GRADE",
        description="draft: quick and cheap while they look for their picture; what they accept is finished.",
    )
    styles: File | None = Field(
        None,
        validation_alias="COACH_STYLES",
        description="A folder of FLUX styles, a TOML file each; left out: those that come along.",
    )
    previews: int | None = Field(
        None,
        ge=0,
        le=3,
        validation_alias="COACH_PREVIEWS",
        description="Unfinished pictures that are shown, unjudged. Left out: 2, or 0 with likeness measured.",
    )
    sticker_engine: Literal["gpt_image", "memeputer"] = Field(
        "gpt_image", validation_alias="COACH_STICKER_ENGINE", description="Who draws stickers."
    )
    keep_previews_days: float = Field(
        7,
        ge=0,
        allow_inf_nan=False,
        validation_alias="COACH_KEEP_PREVIEWS_DAYS",
        description="Days that unfinished pictures are kept; `coach sweep --fix` removes them then.",
    )
    keep_evidence_days: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        validation_alias="COACH_KEEP_EVIDENCE_DAYS",
        description="Days that answers without a picture are kept; `coach sweep --fix` removes them then.",
    )
    pictures_at_once: int = Field(
        16,
        ge=1,
        le=10_000,
        validation_alias="COACH_PICTURES_AT_ONCE",
        description="How many pictures one process, or all workers together, ask for at the same time.",
    )
    pictures_per_minute: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        validation_alias="COACH_PICTURES_PER_MINUTE",
        description="What your tier allows: this process's share, or that of all workers; left out: "
        "as often as we are let.",
    )
    queue: Literal["here", "workers"] = Field(
        "here",
        validation_alias="COACH_QUEUE",
        description="workers: pictures wait in PostgreSQL for `coach worker`, on any machine.",
    )
    max_picture_usd: Dollars = _most("COACH_MAX_PICTURE_USD", "Quotes above it are refused.")
    max_turn_usd: Dollars = _most(
        "COACH_MAX_TURN_USD", "For one message of a person and what follows from it."
    )
    max_person_usd: Dollars = _most("COACH_MAX_PERSON_USD", "For one person, in all.")
    max_person_day_usd: Dollars = _most("COACH_MAX_PERSON_DAY_USD", "For one person in a day (UTC).")
    max_tenant_usd: Dollars = _most("COACH_MAX_TENANT_USD", "For one tenant, in all.")
    max_tenant_day_usd: Dollars = _most("COACH_MAX_TENANT_DAY_USD", "For one tenant in a day (UTC).")
    max_day_usd: Dollars = _most("COACH_MAX_DAY_USD", "For everybody together in a day (UTC).")
    salt: SecretStr | None = Field(
        None,
        validation_alias="COACH_SALT",
        description="Keys the hash that stands for a person at the picture service; the same on every host.",
    )
    c2pa_certificate: File | None = Field(
        None,
        validation_alias="COACH_C2PA_CERTIFICATE",
        description="PEM, with its chain: signs what is made of a service's pictures. Left out: not signed.",
    )
    c2pa_key: File | None = Field(None, validation_alias="COACH_C2PA_KEY", description="Its key, PEM.")
    c2pa_algorithm: Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"] = Field(
        "es256", validation_alias="COACH_C2PA_ALGORITHM", description="What fits the key."
    )
    c2pa_timestamp_url: str | None = Field(
        None,
        validation_alias="COACH_C2PA_TIMESTAMP_URL",
        description="A time stamp authority; without it a signature ends with its certificate.",
    )
    s3_endpoint: str | None = Field(None, validation_alias="S3_ENDPOINT", description="Left out: Amazon's.")
    s3_access_key: SecretStr | None = Field(
        None, validation_alias="S3_ACCESS_KEY", description="Who opens the bucket."
    )
    s3_secret_key: SecretStr | None = Field(
        None, validation_alias="S3_SECRET_KEY", description="And their secret."
    )
    s3_bucket_name: str | None = Field(
        None,
        validation_alias="S3_BUCKET_NAME",
        description="Set: pictures go to this bucket, not to a folder.",
    )
    s3_region: str = Field("us-east-1", validation_alias="S3_REGION", description="The bucket's region.")

    @property
    def database(self) -> str:
        """The database's URL."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / 'coach.sqlite3'}"

    @property
    def budgets(self) -> dict[str, Decimal | None]:
        """The most that may be spent, in US dollars, by the names in :data:`BUDGETS`."""
        return {name: getattr(self, f"max_{name}_usd") for name in BUDGETS}

    def openai(self, *, keep_alive: bool = True) -> AsyncOpenAI:
        """The SDK's client for these settings.

        Args:
            keep_alive: ``False`` for what is paid: a connection that the server has closed meanwhile breaks
                while one sends, and then nobody knows whether it was received; see
                :class:`coach.studio.engines._transport.PictureTransport`.

        Raises:
            SettingsError: There is no key, and the message names both ways out; or the key or the address
                cannot be one.
        """
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        from coach.studio.engines._transport import PictureTransport

        key = "" if self.openai_api_key is None else self.openai_api_key.get_secret_value().strip()
        if not key:
            raise SettingsError(NO_KEY)
        if not (key.isascii() and key.isprintable()):
            raise SettingsError("OPENAI_API_KEY has characters that no key has. Copy it again.")
        # The environment may name a proxy; none leads to this machine itself.
        env = not (self.openai_base_url and is_local(self.openai_base_url, "OPENAI_BASE_URL"))
        transport = None if keep_alive else PictureTransport(trust_env=env)
        http = DefaultAsyncHttpxClient(transport=transport, trust_env=env)
        return AsyncOpenAI(api_key=key, base_url=self.openai_base_url, http_client=http)

    def signer(self) -> Signer | None:
        """What signs the pictures we make; ``None``: no certificate is set.

        Raises:
            SettingsError: The certificate is set without its key, they cannot sign, or the C2PA extra is not
                installed.
        """
        from coach.studio.provenance import Signer

        if self.c2pa_certificate is None:
            return None
        if self.c2pa_key is None:
            raise SettingsError("COACH_C2PA_CERTIFICATE is set; set COACH_C2PA_KEY too.")
        return Signer.from_settings(
            self.c2pa_certificate, self.c2pa_key, self.c2pa_algorithm, self.c2pa_timestamp_url
        )

    def blobs(self) -> Blobs:
        """Where pictures are kept: the bucket when one is set, else a folder.

        Raises:
            SettingsError: The bucket is set without its keys, or the S3 extra is not installed.
        """
        from coach.store import FolderBlobs, S3Blobs

        if self.s3_bucket_name is None:
            return FolderBlobs(self.home / "blobs")
        if self.s3_access_key is None or self.s3_secret_key is None:
            raise SettingsError("S3_BUCKET_NAME is set; set S3_ACCESS_KEY and S3_SECRET_KEY too.")
        return S3Blobs(
            endpoint=self.s3_endpoint,
            bucket=self.s3_bucket_name,
            access_key=self.s3_access_key.get_secret_value(),
            secret_key=self.s3_secret_key.get_secret_value(),
            region=self.s3_region,
        )
