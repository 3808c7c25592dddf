"""A certificate authority of our own, a certificate that can sign pictures, and a service that signs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests._authority import Authority

GENERATIVE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Everything as PEM: the root, what signs with its chain, and its key."""

    root: bytes
    chain: bytes
    key: bytes

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The chain and the key as files."""
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(self.chain)
        key.write_bytes(self.key)
        return chain, key

    def as_service(self, picture: bytes, media_type: str = "image/png") -> bytes:
        """A picture signed as a picture service does, with the model named."""
        action = {
            "action": "c2pa.created",
            "digitalSourceType": GENERATIVE,
            "softwareAgent": {"name": "gpt-image"},
        }
        manifest = {
            "claim_generator_info": [{"name": "A picture service"}],
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
        }
        context = c2pa.Context.from_json(json.dumps({"builder": {"thumbnail": {"enabled": False}}}))
        info = c2pa.C2paSignerInfo("es256", self.chain, self.key, None)
        signed = BytesIO()
        builder = c2pa.Builder(manifest, context=context)
        builder.sign(c2pa.Signer.from_info(info), media_type, BytesIO(picture), signed)
        return signed.getvalue()


def certificates() -> Certificates:
    """New ones, of a root that nobody else trusts."""
    authority = Authority()
    chain, key = authority.issue("A coach", x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]))
    return Certificates(root=authority.root, chain=chain, key=key)
