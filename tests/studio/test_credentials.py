"""C2PA manifests: signed on what we make, read from anybody's, and believed only as far as they hold."""

import random
import socket
import struct
import zlib
from pathlib import Path

import pytest

from coach.errors import InputRefused, SettingsError
from coach.settings import Settings
from coach.studio import _c2pa
from coach.studio.provenance import IPTC, MediaType, Signer, derive, ingredient, read
from tests.studio._certificates import Certificates, certificates
from tests.studio._drawn import SMALL, encoded, sha256

TYPES: tuple[MediaType, ...] = ("image/png", "image/jpeg", "image/webp")
PARENT = encoded()


@pytest.fixture(scope="module")
def authority() -> Certificates:
    return certificates()


@pytest.fixture(scope="module")
def signer(authority: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.from_settings(*authority.write(tmp_path_factory.mktemp("signer")))


@pytest.mark.parametrize("media_type", TYPES)
def test_with_a_certificate_there_is_a_manifest_that_names_the_parents(
    media_type: MediaType, signer: Signer, authority: Certificates
) -> None:
    parent, photo = authority.as_service(PARENT), encoded(form="JPEG")
    made = derive(parent, SMALL, media_type=media_type, kind="masked", others=[photo], signer=signer)
    assert b"thumbnail" not in made
    found = read(made)
    credentials = found.credentials
    assert found.made_from == (sha256(parent), sha256(photo))
    assert credentials.made_from == tuple(f"sha256:{each}" for each in found.made_from)
    assert found.source_type == credentials.source_type == IPTC + "compositeWithTrainedAlgorithmicMedia"
    assert (credentials.signed_by, credentials.software) == ("Tests, A coach", "coach")
    assert credentials.made_by == "gpt-image", "as the parent's manifest says"
    assert (credentials.state, credentials.codes) == ("untrusted", ("signingCredential.untrusted",))
    trusted = read(made, anchors=authority.root.decode()).credentials
    assert (trusted.state, trusted.codes) == ("trusted", ())
    assert read(made, anchors=certificates().root.decode()).credentials.state == "untrusted"


def test_a_service_s_own_manifest_is_read(authority: Certificates, tmp_path: Path) -> None:
    (tmp_path / "v1.png").write_bytes(authority.as_service(PARENT))
    found = read(tmp_path / "v1.png")
    assert (found.source_type, found.made_from) == (None, ())
    credentials = found.credentials
    assert (credentials.made_by, credentials.software) == ("gpt-image", "A picture service")
    assert credentials.source_type == IPTC + "trainedAlgorithmicMedia" and credentials.made_from == ()


def test_a_changed_picture_and_a_changed_mark_are_seen(signer: Signer) -> None:
    made = derive(PARENT, SMALL, media_type="image/jpeg", kind="crop", signer=signer)
    pixels = bytearray(made)
    pixels[-40] ^= 1
    assert read(bytes(pixels)).credentials.state == "tampered"
    lie = made.replace(
        b">" + IPTC.encode() + b"trainedAlgorithmicMedia",
        b">" + IPTC.encode() + b"digitalCapture" + b" " * 9,
        1,
    )
    assert read(lie).source_type == IPTC + "digitalCapture"
    assert read(lie).credentials.state == "tampered"
    assert "changed after" in read(lie).credentials.why


def test_a_manifest_that_is_none_is_broken_and_its_picture_can_still_be_a_parent(signer: Signer) -> None:
    data = b"noise" * 10
    chunk = struct.pack(">I", len(data)) + b"caBX" + data + struct.pack(">I", zlib.crc32(b"caBX" + data))
    parent = PARENT[:33] + chunk + PARENT[33:]
    assert read(parent).credentials.state == "broken"
    made = derive(parent, SMALL, media_type="image/png", kind="tile", signer=signer)
    assert read(made).credentials.made_from == (f"sha256:{sha256(parent)}",)


def test_noise_in_signed_pictures_never_raises_anything_else(signer: Signer, authority: Certificates) -> None:
    chance, states = random.Random(4), set()
    parent = authority.as_service(PARENT)
    whole = [derive(parent, SMALL, media_type=each, kind="crop", signer=signer) for each in TYPES]
    for _ in range(400):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 1, 3, 20))):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 1, 9))] = chance.randbytes(chance.choice((0, 1, 1, 9)))
        try:
            states.add(read(bytes(data)).credentials.state)
        except InputRefused:
            states.add("refused")
    assert {"refused", "tampered", "broken"} <= states


def test_nothing_is_fetched(signer: Signer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        link = f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa"
        said = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{link}"/>'
            "</rdf:RDF></x:xmpmeta>"
        )
        parent = encoded(form="JPEG", xmp=said.encode())
        assert read(parent).is_silent
        assert derive(parent, SMALL, media_type="image/jpeg", kind="crop", signer=signer)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_without_the_extra_a_manifest_is_unchecked_and_nothing_is_signed(
    authority: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = authority.as_service(PARENT)
    monkeypatch.setattr(_c2pa, "find_spec", lambda name: None)
    assert read(signed).credentials.state == "unchecked"
    assert "pip install 'coach[c2pa]'" in read(signed).credentials.why
    with pytest.raises(SettingsError, match="extra c2pa is not installed"):
        Signer.from_settings(*authority.write(tmp_path))


@pytest.mark.parametrize("wrong", ["key", "authority", "no certificate", "algorithm", "missing"])
def test_a_certificate_that_cannot_sign_is_seen_at_once(
    wrong: str, authority: Certificates, tmp_path: Path
) -> None:
    chain, key = authority.write(tmp_path)
    algorithm = "rot13" if wrong == "algorithm" else "es256"
    if wrong == "key":
        key.write_bytes(certificates().key)
    elif wrong == "authority":
        chain.write_bytes(authority.root)
    elif wrong == "no certificate":
        chain.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    elif wrong == "missing":
        key.unlink()
    with pytest.raises(SettingsError) as caught:
        Signer.from_settings(chain, key, algorithm)  # type: ignore[arg-type]
    said = str(caught.value)
    assert "PRIVATE" not in said and authority.key.decode().splitlines()[1] not in said


def test_the_settings_name_a_certificate(authority: Certificates, signer: Signer, tmp_path: Path) -> None:
    chain, key = authority.write(tmp_path)
    assert Settings.read().signer() is None
    assert Settings.read(c2pa_certificate=chain, c2pa_key=key).signer() == signer
    with pytest.raises(SettingsError, match="COACH_C2PA_KEY"):
        Settings.read(c2pa_certificate=chain).signer()
    with pytest.raises(SettingsError, match="COACH_C2PA_ALGORITHM"):
        Settings.read(c2pa_algorithm="rot13")


def test_a_signer_shows_no_key(signer: Signer) -> None:
    assert "PRIVATE" not in repr(signer) and "BEGIN" not in repr(signer)


def test_what_cannot_be_signed_is_made_unsigned_and_the_log_says_so(
    signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    late = Signer(certificate=signer.certificate, key=signer.key, timestamp_url="http://127.0.0.1:1/stamp")
    made = derive(PARENT, SMALL, media_type="image/png", kind="crop", signer=late)
    assert read(made).credentials.state == "absent" and read(made).made_from
    assert [line for line in caplog.messages if "could not be signed" in line] == [caplog.messages[-1]]
    with pytest.raises(SettingsError, match="could not be signed"):
        late.sign(made, "image/png", made_from=[ingredient(PARENT)], action="c2pa.edited", source_type="")


def test_a_parent_can_be_named_without_its_bytes(signer: Signer, authority: Certificates) -> None:
    whole = derive(PARENT, SMALL, media_type="image/jpeg", kind="masked")
    named = [ingredient(each, whole=False) for each in (whole, PARENT)]
    assert all(each.data is None for each in named)
    made = derive(named[0], SMALL, media_type="image/jpeg", kind="sheet", others=named[1:], signer=signer)
    found = read(made, anchors=authority.root.decode())
    assert found.credentials.state == "trusted"
    assert found.credentials.made_from == tuple(f"sha256:{each.sha256}" for each in named)
    assert found.source_type is not None and found.source_type.endswith(
        "/compositeWithTrainedAlgorithmicMedia"
    )
