"""C2PA manifests: what one says, and whether it holds. Needs the extra ``c2pa``.

Nothing is fetched: neither a manifest from elsewhere nor a revocation list.

Source: C2PA Technical Specification 2.2, chapters 14 and 15 (trust, validation).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, BinaryIO, Literal

from coach.text import one_line

State = Literal["absent", "trusted", "untrusted", "tampered", "broken", "unchecked"]

INSTALL = "The extra c2pa is not installed: pip install 'coach[c2pa]'."
SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_LONGEST = 200
_MOST_NAMES = 256
_LONGEST_CHAIN = 16
WHY: Mapping[State, str] = {
    "absent": "It carries no C2PA manifest.",
    "trusted": "Signed, unchanged since, and the signer is one you trust.",
    "untrusted": "Signed and unchanged since; whether the signer is who they say is not known here.",
    "tampered": "It was changed after it was signed.",
    "broken": "There is a C2PA manifest, but it does not hold.",
    "unchecked": f"There is a C2PA manifest; it was not checked. {INSTALL}",
}
"""What each state means, for a person."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a C2PA manifest says. Everything but ``state`` is only as good as ``state`` is.

    Attributes:
        state: ``untrusted``: it holds, and the signer is on no list we were given.
        codes: What failed, in the words of the C2PA specification.
        signed_by: Organisation and name in the certificate.
        signed_at: When, by a time stamp authority, as ISO 8601; ``None``: no time stamp.
        software: What wrote the manifest.
        made_by: The model or software that made or changed the picture or what it derives from, where it is
            named.
        source_type: The IPTC digital source type it claims, a URI.
        made_from: The titles of the pictures it was made from.
    """

    state: State
    codes: tuple[str, ...] = ()
    signed_by: str | None = None
    signed_at: str | None = None
    software: str | None = None
    made_by: str | None = None
    source_type: str | None = None
    made_from: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """One sentence for a person."""
        return WHY[self.state]


def library() -> Any:
    """The package, or ``None`` when it is not installed. Only now: it loads a library of 50 MB."""
    return import_module("c2pa") if find_spec("c2pa") else None


def check(file: BinaryIO, media_type: str, *, anchors: str | None) -> Credentials:
    """Read the manifest of a picture that has one, and see whether it holds.

    Args:
        anchors: The certificates of those you trust, PEM.
    """
    c2pa = library()
    if c2pa is None:
        return Credentials(state="unchecked")
    settings = SETTINGS | ({"trust": {"user_anchors": anchors}} if anchors else {})
    file.seek(0)
    try:
        with c2pa.Reader(media_type, file, context=c2pa.Context.from_dict(settings)) as reader:
            store = json.loads(reader.json())
    except (c2pa.C2paError, ValueError, RecursionError):
        return Credentials(state="broken")
    codes = [_text(each.get("code")) or "?" for each in _maps(store, "validation_status")]
    failed = tuple(dict.fromkeys(codes))
    chain = _chain(store)
    if not chain:
        return Credentials(state="broken", codes=failed)
    return _credentials(chain, _state(store.get("validation_state"), failed), failed)


def _chain(store: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The manifest of the picture, then those of what it derives from, as far as they are in it."""
    chain: list[Mapping[str, Any]] = []
    label: Any = store.get("active_manifest")
    while isinstance(manifest := _map(store, "manifests").get(label), dict) and len(chain) < _LONGEST_CHAIN:
        chain.append(manifest)
        parents = (each for each in _maps(manifest, "ingredients") if each.get("relationship") == "parentOf")
        label = next(parents, {}).get("active_manifest")
    return chain


def _state(said: object, failed: Sequence[str]) -> State:
    if said == "Trusted":
        return "trusted"
    if said == "Valid":
        return "untrusted"
    return "tampered" if any(code.endswith("ismatch") for code in failed) else "broken"


def _credentials(chain: Sequence[Mapping[str, Any]], state: State, failed: tuple[str, ...]) -> Credentials:
    manifest = chain[0]
    signature = _map(manifest, "signature_info")
    signed_by = [_text(signature.get(name)) for name in ("issuer", "common_name")]
    written_by = [_agent(each) for each in _maps(manifest, "claim_generator_info")]
    actions = [action for each in chain for action in _actions(each)]
    return Credentials(
        state=state,
        codes=failed,
        signed_by=", ".join(dict.fromkeys(filter(None, signed_by))) or None,
        signed_at=_text(signature.get("time")),
        software=_first([*written_by, _text(manifest.get("claim_generator"))]),
        made_by=_first(_agent(action.get("softwareAgent")) for action in actions),
        source_type=_first(_text(action.get("digitalSourceType")) for action in actions),
        made_from=tuple(
            _text(each.get("title")) or "a picture without a name"
            for each in _maps(manifest, "ingredients")[:_MOST_NAMES]
        ),
    )


def _actions(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was done, the last first."""
    return [
        action
        for assertion in _maps(manifest, "assertions")
        if str(assertion.get("label")).startswith("c2pa.actions")
        for action in _maps(_map(assertion, "data"), "actions")
    ][::-1]


def _map(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _maps(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    inner = value.get(name)
    return [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []


def _agent(value: object) -> str | None:
    """A program's name, which the versions of the standard write as text or as an object."""
    if isinstance(value, Mapping):
        return _text(" ".join(str(value[key]) for key in ("name", "version") if value.get(key)))
    return _text(value)


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _text(value: object) -> str | None:
    """Text from outside on one short line."""
    return one_line(value)[:_LONGEST] or None if isinstance(value, str) else None
