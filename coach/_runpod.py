"""The settings of RunPod, which makes FLUX pictures. The names are those of seed 004 where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from coach._services import ServiceSettings, is_local
from coach.errors import InputRefused, SettingsError

if TYPE_CHECKING:
    from coach.studio import RunPodEngine
    from coach.studio.comfy import Definitions
    from coach.studio.engines._runpod_ask import Bucket

_MOST_BYTES = 45 * 2**20
"""Of a result that comes by way of a bucket: in base64 it is just what an answer may be."""

_SECONDS = 60.0
"""How long such a result may take."""

_MODELS = {
    "flux-dev": "runpod_server_100_id",
    "flux-dev-150": "runpod_server_150_id",
    "flux-schnell": "runpod_server_schnell_id",
    "flux-kontext": "runpod_server_kontext_id",
}


def _endpoint(name: str, description: str) -> Any:
    return Field(None, pattern=r"^[A-Za-z0-9_-]{1,100}$", validation_alias=name, description=description)


class RunPodSettings(ServiceSettings):
    """What can be set of it."""

    runpod_api_key: SecretStr | None = Field(
        None, validation_alias="RUNPOD_API_KEY", description="For FLUX on RunPod; left out: none."
    )
    runpod_server_100_id: str | None = _endpoint("RUNPOD_SERVER_100_ID", "The endpoint of `flux-dev`.")
    runpod_server_150_id: str | None = _endpoint("RUNPOD_SERVER_150_ID", "The endpoint of `flux-dev-150`.")
    runpod_server_schnell_id: str | None = _endpoint(
        "RUNPOD_SERVER_SCHNELL_ID", "The endpoint of `flux-schnell`."
    )
    runpod_server_kontext_id: str | None = _endpoint(
        "RUNPOD_SERVER_KONTEXT_ID", "The endpoint of `flux-kontext`, which works from a photo."
    )
    runpod_base_url: str = Field(
        "https://api.runpod.ai/v2",
        repr=False,  # some carry a password
        validation_alias="RUNPOD_BASE_URL",
        description="Its address.",
    )
    runpod_usd_per_second: Decimal | None = Field(
        None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        validation_alias="COACH_RUNPOD_USD_PER_SECOND",
        description="What a second of its workers costs, in US dollars; left out: not known.",
    )
    sync_timeout: int = Field(
        700,
        ge=5,
        le=86_400,
        validation_alias="SYNC_TIMEOUT",
        description="Seconds a worker may work on one picture; with its price that is the worst it costs.",
    )
    polling_interval: float = Field(
        1.0,
        gt=0,
        le=60,
        allow_inf_nan=False,
        validation_alias="POLLING_INTERVAL",
        description="Seconds between two looks at a job; they grow to five times that.",
    )
    max_polling_duration: float = Field(
        180,
        gt=0,
        le=540,  # below the time-out of the picture actions, which would cut it off
        validation_alias="MAX_POLLING_DURATION",
        description="Seconds a job is waited for; after that it goes on, and is fetched at the next start.",
    )
    max_polling_attempts: int = Field(
        120, ge=1, validation_alias="MAX_POLLING_ATTEMPTS", description="How often it is looked at, at most."
    )
    teacache: str | None = Field(
        None,
        pattern=r"^(off|\d{1,3}\.\d{1,3}(\.\d{1,3})?)$",
        validation_alias="COACH_TEACACHE",
        description="The version of ComfyUI-TeaCache in the workers, or off; left out: 1.9.",
    )
    comfy_nodes: Path | None = Field(
        None,
        validation_alias="COACH_COMFY_NODES",
        description="What a worker's GET /object_info answers, as a file: workflows are judged by it.",
    )
    runpod_s3_endpoint: str | None = Field(
        None,
        validation_alias="RUNPOD_S3_ENDPOINT",
        description="Where results go that are too large for an answer; its key is given to the workers.",
    )
    runpod_s3_bucket: str | None = Field(
        None, validation_alias="RUNPOD_S3_BUCKET", description="A bucket for these alone."
    )
    runpod_s3_access_key: SecretStr | None = Field(
        None, validation_alias="RUNPOD_S3_ACCESS_KEY", description="Who may put and read there."
    )
    runpod_s3_secret_key: SecretStr | None = Field(
        None, validation_alias="RUNPOD_S3_SECRET_KEY", description="And their secret."
    )

    @property
    def services(self) -> tuple[str, ...]:
        """See :class:`ServiceSettings`."""
        there = self.runpod_api_key is not None and self.runpod_endpoints
        return (*super().services, "runpod") if there else super().services

    @property
    def runpod_endpoints(self) -> Mapping[str, str]:
        """The endpoint of each model that has one."""
        ids = {model: getattr(self, name) for model, name in _MODELS.items()}
        return {model: id for model, id in ids.items() if id is not None}

    def runpod(self) -> RunPodEngine | None:
        """RunPod as an engine of a studio; ``None``: it is not set up.

        Raises:
            SettingsError: It is set up by half, or its address or its bucket's is none, or the file of nodes.
        """
        from coach.studio import RunPodEngine

        endpoints, key = self.runpod_endpoints, self.runpod_api_key
        if key is None and not endpoints:
            return None
        if key is None or not endpoints:
            raise SettingsError("Set both of RUNPOD_API_KEY and RUNPOD_SERVER_100_ID, or neither.")
        secret, local = key.get_secret_value(), is_local(self.runpod_base_url, "RUNPOD_BASE_URL")
        if not (secret.isascii() and secret.isprintable()):
            raise SettingsError("RUNPOD_API_KEY has characters that no key has. Copy it again.")
        if not local and not self.runpod_base_url.startswith("https://"):
            raise SettingsError("RUNPOD_BASE_URL begins with http://; the key would be read on its way.")
        bucket = self._bucket()
        also = () if bucket is None else (bucket.endpoint,)
        return RunPodEngine(
            key=secret,
            endpoints=endpoints,
            fetcher=self.fetcher(most_bytes=_MOST_BYTES, seconds=_SECONDS, also=also),
            usd=self.runpod_usd_per_second,
            most=self.sync_timeout,
            teacache=self.teacache,
            definitions=self._definitions(),
            bucket=bucket,
            seconds=self.max_polling_duration,
            poll=self.polling_interval,
            looks=self.max_polling_attempts,
            url=self.runpod_base_url,
            trust_env=not local,
        )

    def _definitions(self) -> Definitions | None:
        from coach.studio.comfy import read_object_info

        if self.comfy_nodes is None:
            return None
        try:
            return read_object_info(self.comfy_nodes.expanduser())
        except InputRefused as exc:
            raise SettingsError(f"COACH_COMFY_NODES: {exc}") from None

    def _bucket(self) -> Bucket | None:
        from coach.studio.engines._runpod_ask import Bucket

        key, secret = self.runpod_s3_access_key, self.runpod_s3_secret_key
        given = (self.runpod_s3_endpoint, self.runpod_s3_bucket, key, secret)
        if not any(given):
            return None
        if self.runpod_s3_endpoint is None or self.runpod_s3_bucket is None or key is None or secret is None:
            names = "RUNPOD_S3_ENDPOINT, RUNPOD_S3_BUCKET, RUNPOD_S3_ACCESS_KEY and RUNPOD_S3_SECRET_KEY"
            raise SettingsError(f"Set all of {names}, or none.")
        endpoint = self.runpod_s3_endpoint.rstrip("/")
        if not is_local(endpoint, "RUNPOD_S3_ENDPOINT") and not endpoint.startswith("https://"):
            raise SettingsError(
                "RUNPOD_S3_ENDPOINT begins with http://; pictures would be read on their way."
            )
        if urlsplit(endpoint).path or "@" in endpoint:
            raise SettingsError("RUNPOD_S3_ENDPOINT has more than a host and a port.")
        return Bucket(
            endpoint=endpoint,
            name=self.runpod_s3_bucket,
            access_key=key.get_secret_value(),
            secret_key=secret.get_secret_value(),
        )
