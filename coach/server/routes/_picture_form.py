"""Reading a form that asks for pictures: nothing in it is passed over, guessed, or replaced."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from coach.errors import InputRefused
from coach.server.problems import BodyRefused
from coach.server.routes._picture_rules import FORMS, WHOLE, Rule
from coach.store.intake import MAX_BYTES
from coach.studio._values import one_of, within
from coach.studio.mask import MASK_BYTES
from coach.studio.planner import PROMPT_LENGTH
from coach.text import UNSTORABLE

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a form asks for.

    Attributes:
        words: Arguments of :func:`coach.edit_image`.
        pictures: By the names of their fields, in their order.
        form: How the answer is to hold the pictures: ``data_url``, ``b64_json`` or ``url``.
    """

    words: Mapping[str, Any]
    pictures: Mapping[str, bytes]
    mask: bytes | None
    form: str

    def field(self, place: str | None) -> str | None:
        """The name of what :func:`coach.edit_image` calls by its place: ``image``, or ``image[1]``."""
        if place == "image" and len(self.pictures) == 1:
            return next(iter(self.pictures))
        names = {f"image[{at}]": name for at, name in enumerate(self.pictures)}
        return names.get(place or "", place)


async def read_form(request: Request, rule: Rule) -> Asked:
    """Read what a form asks for.

    Raises:
        InputRefused: A field is unknown, missing, there twice, of the wrong kind, or has none of its values;
            ``field`` and ``allowed`` say which. Values that depend on the model are left to that.
        BodyRefused: It is no form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in FORMS:
        raise BodyRefused(415, "not_a_form", f"Send the fields as a form, {FORMS[0]}.")
    async with request.form() as form:
        texts, files = _told_apart(form.multi_items(), rule)
        _check_prompt(texts.get("prompt", ""))
        words = {name: _value(name, text, rule) for name, text in texts.items()}
        _check_files(files, rule)
        mask = await files.pop("mask").read(MASK_BYTES) if "mask" in files else None
        # One byte more than is taken: the intake then says that it is too large.
        pictures = {name: await files[name].read(MAX_BYTES + 1) for name in sorted(files, key=_place)}
    held_as = str(words.pop("response_format", "data_url"))
    words.pop("input_fidelity", None)
    return Asked(words=words | dict(rule.always), pictures=pictures, mask=mask, form=held_as)


def _told_apart(
    items: Iterable[tuple[str, str | UploadFile]], rule: Rule
) -> tuple[dict[str, str], dict[str, UploadFile]]:
    """The texts and the files of a form, each of them known here, and there once."""
    texts: dict[str, str] = {}
    files: dict[str, UploadFile] = {}
    for name, value in items:
        if isinstance(value, UploadFile) and not value.filename and not value.size:
            continue  # so a browser sends that no file was chosen
        _check_name(name, rule, seen=texts.keys() | files.keys())
        if isinstance(value, UploadFile) != rule.takes_file(name):
            wanted, came = ("a file", "text") if rule.takes_file(name) else ("text", "a file")
            raise InputRefused(f"`{name}` is {wanted}, and {came} was sent.", field=name, allowed=(wanted,))
        if isinstance(value, UploadFile):
            files[name] = value
        else:
            texts[name] = value
    return texts, files


def _check_name(name: str, rule: Rule, *, seen: Collection[str]) -> None:
    if name not in rule.texts and not rule.takes_file(name):
        short = name[:_LONGEST_NAME]
        say = f"There is no field {short!r} here. Leave it out."
        raise InputRefused(say, field=short, allowed=(*rule.texts, *rule.files))
    if name in seen:
        raise InputRefused(f"`{name}` was sent more than once. Send it once.", field=name)


def _value(name: str, text: str, rule: Rule) -> str | int:
    if UNSTORABLE.search(text):
        raise InputRefused(f"`{name}` holds a character that cannot be kept. Leave it out.", field=name)
    if name in WHOLE:
        least, most = WHOLE[name]
        # What is no whole number is outside of every span.
        number = int(text) if _NUMBER.fullmatch(text) else least - 1
        return within(name, number, least, most, why=" It is a whole number.")
    return one_of(name, text, rule.values[name]) if name in rule.values else text


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        allowed = (f"1 to {PROMPT_LENGTH} characters",)
        raise InputRefused("Say in `prompt` what to show.", field="prompt", allowed=allowed)


def _check_files(files: Collection[str], rule: Rule) -> None:
    count = len([name for name in files if name != "mask"])
    if not rule.least <= count <= rule.most:
        say = f"Pictures that go along here: {rule.count}. {count} came."
        raise InputRefused(say, field="image", allowed=(rule.count,))
    if rule.mask == "must" and "mask" not in files:
        raise InputRefused("Send a `mask` too: a PNG that says where the picture may change.", field="mask")


def _place(name: str) -> int:
    """Where a picture comes: ``image``, then the others by number."""
    return -1 if name == "image" else int(name.removeprefix("image_"))
