"""A certificate authority of our own, a certificate that can sign pictures, and a service that signs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)
PEM = serialization.Encoding.PEM
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
    authority, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = (
        _builder("Root of the tests", "Root of the tests", authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_may("key_cert_sign", "crl_sign"), critical=True)
        .sign(authority, hashes.SHA256())
    )
    leaf = (
        _builder("A coach", "Root of the tests", signer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_may("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
        .sign(authority, hashes.SHA256())
    )
    secret = signer.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    top = root.public_bytes(PEM)
    return Certificates(root=top, chain=leaf.public_bytes(PEM) + top, key=secret)


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(serial_number=x509.random_serial_number())
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(name: str) -> x509.Name:
    given = ((NameOID.ORGANIZATION_NAME, "Tests"), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in given])


def _may(*allowed: str) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in allowed for name in every})
