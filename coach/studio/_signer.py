"""Signing what we made of a picture: a C2PA manifest that names what it is made from. Needs ``c2pa``.

No thumbnail goes into a manifest: it would keep a person's face where nobody looks for it.

Source: C2PA Technical Specification 2.2, chapters 10 and 18 (ingredients, actions), 14.5 (certificates).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, get_args

from coach.errors import SettingsError
from coach.studio._c2pa import INSTALL, SETTINGS, library

Algorithm = Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"]

_US = [{"name": "coach"}]
# The smallest PNG: one grey pixel. It is signed to see whether a certificate can.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63680000008200817735ca8b0000000049454e44ae426082"
)


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """A picture that another one is made of.

    Attributes:
        sha256: Of the file, in hex.
        term: What it says it is, a term of the IPTC vocabulary; ``""``: it does not say.
        data: The file; ``None``: it is named only, and its own manifest is not taken along.
    """

    media_type: str
    sha256: str
    term: str = ""
    data: bytes | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A certificate to sign with, and its key.

    Attributes:
        certificate: PEM: the certificate, then those that lead to the root.
        timestamp_url: A time stamp authority (RFC 3161), asked at every signature; without it a signature is
            worth nothing once the certificate has expired.
    """

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    algorithm: Algorithm = "es256"
    timestamp_url: str | None = None

    @classmethod
    def from_settings(
        cls,
        certificate: Path,
        key: Path,
        algorithm: Algorithm = "es256",
        timestamp_url: str | None = None,
    ) -> Signer:
        """Read both files, and sign one pixel to see that they fit.

        Raises:
            SettingsError: The extra is missing, a file cannot be read, or they cannot sign. The message has
                no part of the key.
        """
        if library() is None:
            raise SettingsError(INSTALL)
        if algorithm not in get_args(Algorithm):
            raise SettingsError(
                f"C2PA cannot sign with {algorithm!r}: take {', '.join(get_args(Algorithm))}."
            )
        try:
            signer = cls(certificate=certificate.read_bytes(), key=key.read_bytes(), algorithm=algorithm)
        except OSError as error:
            raise SettingsError(f"{error.filename} cannot be read ({type(error).__name__}).") from None
        pixel = Ingredient(data=_PIXEL, media_type="image/png", sha256="0" * 64)
        try:
            signer.sign(_PIXEL, "image/png", made_from=[pixel], action="c2pa.edited", source_type="")
        except SettingsError:
            raise SettingsError(
                f"{certificate} and {key} cannot sign with {algorithm}. C2PA wants a certificate for signing "
                "documents or e-mail, with its chain, not a certificate authority's own, and the key to it."
            ) from None
        return cls(**{**vars(signer), "timestamp_url": timestamp_url})

    def sign(
        self, data: bytes, media_type: str, *, made_from: Sequence[Ingredient], action: str, source_type: str
    ) -> bytes:
        """Put a manifest into a picture.

        Args:
            made_from: The picture that was opened, then those placed in it.
            action: What was done, from the list of the C2PA specification, 18.15.

        Raises:
            SettingsError: The certificate cannot sign, or the time stamp authority did not answer in the half
                minute it has.
        """
        c2pa = library()
        builder = _builder(made_from)
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        builder.add_action({"action": action} | ({"digitalSourceType": source_type} if source_type else {}))
        placed = [_label(number) for number in range(1, len(made_from))]
        if placed:
            builder.add_action({"action": "c2pa.placed", "parameters": {"ingredientIds": placed}})
        signed = BytesIO()
        try:
            info = c2pa.C2paSignerInfo(self.algorithm, self.certificate, self.key, self.timestamp_url)
            with c2pa.Signer.from_info(info) as signer:
                builder.sign(signer, media_type, BytesIO(data), signed)
        except c2pa.C2paError as error:
            raise SettingsError(f"The picture could not be signed ({type(error).__name__}).") from None
        return signed.getvalue()


def _builder(made_from: Sequence[Ingredient]) -> Any:
    """The manifest so far: what the picture is made from, each with its own manifest if that can be read."""
    c2pa = library()
    context = c2pa.Context.from_dict(SETTINGS)
    described = [_described(each, number) for number, each in enumerate(made_from)]
    files = [BytesIO(each.data) for each in made_from if each.data is not None]
    if len(files) == len(made_from):
        builder = c2pa.Builder({"claim_generator_info": _US}, context=context)
        try:
            for each, description, file in zip(made_from, described, files, strict=True):
                builder.add_ingredient(description, each.media_type, file)
            return builder
        except c2pa.C2paError:
            pass  # one's own manifest is broken; its name and hash can still stand
    return c2pa.Builder({"claim_generator_info": _US, "ingredients": described}, context=context)


def _described(ingredient: Ingredient, number: int) -> dict[str, str]:
    return {
        "title": f"sha256:{ingredient.sha256}",
        "format": ingredient.media_type,
        "relationship": "componentOf" if number else "parentOf",
        "label": _label(number),
    }


def _label(number: int) -> str:
    return f"picture-{number}"
