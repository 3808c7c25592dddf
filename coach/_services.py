"""The settings of the services beside OpenAI's: Memeputer, and the links that strangers and services give."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from coach._readable import Readable
from coach.errors import SettingsError

if TYPE_CHECKING:
    from coach.fetch import Fetcher
    from coach.studio import MemeputerEngine
    from coach.studio.engines.memeputer import ReadSpec


def is_local(url: str, setting: str) -> bool:
    """Whether the address of a service is this machine's own.

    Raises:
        SettingsError: It is no address.
    """
    wrong = SettingsError(f"{setting} is not an address. It begins with https:// and a host.")
    try:
        address = urlsplit(url)
    except ValueError:
        raise wrong from None
    host = address.hostname
    if address.scheme not in ("http", "https") or not host or not address.geturl().isprintable():
        raise wrong
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, whatever it begins with
        return False


class ServiceSettings(Readable):
    """What can be set of them."""

    memeputer_api_key: SecretStr | None = Field(
        None, validation_alias="MEMEPUTER_API_KEY", description="For stickers by Memeputer; left out: none."
    )
    memeputer_agent_id: str | None = Field(
        None, validation_alias="MEMEPUTER_AGENT_ID", description="The agent that makes them."
    )
    memeputer_url: str = Field(
        "https://developers.memeputer.com",
        repr=False,  # some carry a password
        validation_alias="COACH_MEMEPUTER_URL",
        description="Its address, without a path.",
    )
    memeputer_usd: Decimal | None = Field(
        None,
        ge=0,
        le=1_000,
        allow_inf_nan=False,
        validation_alias="COACH_MEMEPUTER_USD",
        description="What one of its pictures costs, in US dollars; left out: not known.",
    )
    memeputer_direct_path: str | None = Field(
        None,
        pattern=r"^/[\w./{}-]{0,200}$",
        validation_alias="COACH_MEMEPUTER_DIRECT_PATH",
        description="Make pictures at this path, e.g. /v1/images/generations; left out: in the agent's chat.",
    )
    memeputer_direct_header: str = Field(
        "x-api-key",
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        validation_alias="COACH_MEMEPUTER_DIRECT_HEADER",
        description="The header of the key there; in authorization it goes as Bearer.",
    )
    memeputer_steps: int = Field(
        1,
        ge=1,
        le=2,
        validation_alias="COACH_MEMEPUTER_STEPS",
        description="1: our job spec goes along with the order; 2: its agent writes its own first, in a post "
        "of its own, under the same price.",
    )
    fetch_http: bool = Field(
        False, validation_alias="COACH_FETCH_HTTP", description="Whether links may be http."
    )
    fetch_trusted: str | None = Field(
        None,
        validation_alias="COACH_FETCH_TRUSTED",
        description="Origins, with commas, that links may lead to although they are not public.",
    )

    @property
    def services(self) -> tuple[str, ...]:
        """Whose models there are, by their ``engine`` in the capability table."""
        both = self.memeputer_api_key is not None and self.memeputer_agent_id is not None
        return ("openai", "memeputer") if both else ("openai",)

    def fetcher(
        self, *, most_bytes: int = 20 * 2**20, seconds: float = 20.0, also: Sequence[str] = ()
    ) -> Fetcher:
        """What follows the links of strangers and of services.

        Args:
            most_bytes, seconds: How much a link may lead to, and how long that may take.
            also: Further origins that need not be public; the operator's.

        Raises:
            SettingsError: ``COACH_FETCH_TRUSTED`` has something that is no origin.
        """
        from coach.fetch import Fetcher

        trusted = [each.strip() for each in (self.fetch_trusted or "").split(",") if each.strip()]
        try:
            return Fetcher(
                http=self.fetch_http, most_bytes=most_bytes, seconds=seconds, trusted=[*trusted, *also]
            )
        except ValueError:
            say = "COACH_FETCH_TRUSTED has something that is no origin. Write https://host, with commas."
            raise SettingsError(say) from None

    def memeputer(self, seconds: float, read_spec: ReadSpec) -> MemeputerEngine | None:
        """Memeputer as an engine of a studio; ``None``: it is not set up.

        Args:
            seconds: How long one picture may take in all.
            read_spec: Checks the job specs of its agent, where that is to write its own.

        Raises:
            SettingsError: It is set up by half, or its address is none.
        """
        from coach.studio.engines.memeputer import Direct, MemeputerEngine

        key, agent = self.memeputer_api_key, self.memeputer_agent_id
        if key is None and agent is None:
            return None
        if key is None or agent is None:
            raise SettingsError("Set both of MEMEPUTER_API_KEY and MEMEPUTER_AGENT_ID, or neither.")
        secret, local = key.get_secret_value(), is_local(self.memeputer_url, "COACH_MEMEPUTER_URL")
        if not (secret.isascii() and secret.isprintable()):
            raise SettingsError("MEMEPUTER_API_KEY has characters that no key has. Copy it again.")
        if not local and not self.memeputer_url.startswith("https://"):
            raise SettingsError("COACH_MEMEPUTER_URL begins with http://; the key would be read on its way.")
        path, header = self.memeputer_direct_path, self.memeputer_direct_header
        if path is not None and self.memeputer_steps == 2:
            raise SettingsError("COACH_MEMEPUTER_STEPS is the chat's: leave out COACH_MEMEPUTER_DIRECT_PATH.")
        return MemeputerEngine(
            url=self.memeputer_url,
            key=secret,
            agent=agent,
            fetcher=self.fetcher(),
            usd=self.memeputer_usd,
            direct=None if path is None else Direct(path=path, header=header),
            read_spec=read_spec if self.memeputer_steps == 2 else None,
            seconds=seconds,
            trust_env=not local,
        )
