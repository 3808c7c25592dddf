"""From what is wanted to what one model takes. Whatever had to change is said in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from coach.errors import PictureError
from coach.studio.request import PictureRequest

if TYPE_CHECKING:
    from coach.studio.capabilities import Model

Operation = Literal["generate", "edit", "compose", "inpaint"]
"""Without a reference; with one; with several; with a mask."""

PROMPT_LENGTH = 32_000
"""The most characters a prompt may have (OpenAI images reference, ``prompt``)."""

_SIZES = {"square": "1024x1024", "portrait": "1024x1536", "landscape": "1536x1024"}
_QUALITIES = {"draft": "low", "final": "high"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be sent.

    Attributes:
        prompt: The words, with the style in them.
        params: The provider's parameters beside the prompt and the pictures.
        given: How many pictures go along, the mask among them.
        repairs: What differs from the request, one sentence each.
    """

    operation: Operation
    model: str
    prompt: str
    params: Mapping[str, Any]
    given: int
    repairs: tuple[str, ...]


def make_plan(request: PictureRequest, model: Model) -> Plan:
    """Plan a request for a model.

    Raises:
        PictureError: ``invalid_request``, unpaid: it cannot be repaired. The message names what is allowed.
    """
    operation = _operation(request)
    _check(request, model, operation)
    repairs: list[str] = []
    params: dict[str, Any] = {
        "model": model.name,
        "size": _pick("size", _SIZES[request.shape], model.sizes, repairs),
        "quality": _pick("quality", _QUALITIES[request.grade], model.qualities, repairs),
        "n": request.count,
    }
    params |= _background(request, model, repairs)
    params |= _fidelity(request, model, repairs)
    params |= _previews(request, model, repairs)
    return Plan(
        operation=operation,
        model=model.name,
        prompt=_prompt(request),
        params=params,
        given=len(request.references) + (request.mask is not None),
        repairs=tuple(repairs),
    )


def _operation(request: PictureRequest) -> Operation:
    if request.mask is not None:
        return "inpaint"
    if len(request.references) > 1:
        return "compose"
    return "edit" if request.references else "generate"


def _check(request: PictureRequest, model: Model, operation: Operation) -> None:
    given = len(request.references)
    if request.mask is not None and not given:
        raise _invalid(f"A mask needs a picture to change: give 1 to {model.references} references.")
    if given > model.references:
        raise _invalid(f"{model.name} takes 0 to {model.references} references; {given} were given.")
    if request.count > model.pictures:
        raise _invalid(f"{model.name} makes 1 to {model.pictures} pictures; {request.count} were asked for.")
    if operation not in model.operations:
        raise _invalid(f"{model.name} cannot {operation}; it can {', '.join(model.operations)}.")
    if len(_prompt(request)) > PROMPT_LENGTH:
        raise _invalid(f"The prompt and the style have 1 to {PROMPT_LENGTH} characters together.")


def _prompt(request: PictureRequest) -> str:
    return request.prompt if request.style is None else f"{request.prompt}\n\nStyle: {request.style}"


def _pick(what: str, wanted: str, allowed: Sequence[str], repairs: list[str]) -> str:
    """``wanted``, or else the last that is allowed: the table's lists end with what stands in."""
    if wanted in allowed:
        return wanted
    repairs.append(f"The {what} {wanted} is not offered; {allowed[-1]} is used.")
    return allowed[-1]


def _background(request: PictureRequest, model: Model, repairs: list[str]) -> dict[str, Any]:
    wanted = request.background
    if wanted == "transparent" and model.transparent == "no":
        repairs.append(f"{model.name} draws no transparent background; the background is left to it.")
        wanted = "auto"
    elif wanted == "transparent" and model.transparent != "yes":
        known = "a preview" if model.transparent == "preview" else "not documented"
        repairs.append(f"On {model.name} a transparent background is {known}; it may refuse.")
    # JPEG comes quicker but has no transparency (OpenAI image guide, output format); what is kept is PNG.
    quick = request.grade == "draft" and wanted != "transparent"
    form = _pick("format", "jpeg" if quick else "png", model.formats, repairs)
    return {"output_format": form} | ({} if wanted == "auto" else {"background": wanted})


def _fidelity(request: PictureRequest, model: Model, repairs: list[str]) -> dict[str, Any]:
    if not request.keep_face:
        return {}
    if not request.references:
        repairs.append("There is no photo to keep the face of; the face is left to the model.")
        return {}
    if "high" in model.input_fidelity:
        return {"input_fidelity": "high"}
    if not model.keeps_faces:
        repairs.append(f"{model.name} cannot be told to keep a face; the likeness may be weak.")
    return {}


def _previews(request: PictureRequest, model: Model, repairs: list[str]) -> dict[str, Any]:
    partials = min(request.previews, model.partials)
    if partials and request.count > 1:
        # The events of a stream do not say which picture they belong to (OpenAI images streaming reference).
        repairs.append("Previews are shown for one picture at a time; none will be shown.")
        return {}
    if partials < request.previews:
        repairs.append(f"{f'At most {partials}' if partials else 'No'} previews can be shown on the way.")
    return {"stream": True, "partial_images": partials} if partials else {}


def _invalid(say: str) -> PictureError:
    return PictureError("invalid_request", paid="unpaid", say=say)
