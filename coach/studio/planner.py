"""From what is wanted to what one model takes. Whatever had to change is said in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from coach.errors import InputRefused, PictureError
from coach.studio._values import one_of, within
from coach.studio.comfy.plan import size_of, workflow_of
from coach.studio.request import Exact, PictureRequest, Shape

if TYPE_CHECKING:
    from coach.studio.capabilities import Model

Operation = Literal["generate", "edit", "compose", "inpaint"]
"""Without a reference; with one; with several; with a mask."""

PROMPT_LENGTH = 32_000
"""The most characters a prompt may have (OpenAI images reference, ``prompt``)."""

_SIZES = {"square": "1024x1024", "portrait": "1024x1536", "landscape": "1536x1024"}
_QUALITIES = {"draft": "low", "final": "high"}
_AUTO = "auto"
_LOSSY = ("jpeg", "webp")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be sent.

    Attributes:
        prompt: The words, with the style in them.
        params: The provider's parameters beside the prompt and the pictures.
        given: How many pictures go along, the mask among them.
        repairs: What differs from the request, and what was chosen where it was left open, a sentence each.
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
        InputRefused: A value cannot be repaired, or is not to be (:class:`coach.studio.request.Exact`). It is
            named as the service calls it, with what is allowed.
        PictureError: ``invalid_request``, unpaid: the model does nothing of the kind.
    """
    operation = operation_of(request)
    _check(request, model, operation)
    repairs: list[str] = []
    quality = _quality(request, model, repairs)
    params: dict[str, Any] = {
        "model": model.name,
        "size": _size(request, model, quality, repairs),
        "quality": quality,
        "n": request.count,
    }
    if not quality:  # it has no such choice
        del params["quality"]
    params |= _output(request, model, repairs)
    params |= _fidelity(request, model, repairs)
    params |= _previews(request, model, repairs)
    params |= request.extra or {}
    if model.worker is not None:
        drawn = workflow_of(request, model, model.worker, prompt=_prompt(request), size=params["size"])
        params["workflow"] = drawn.model_dump(mode="json")
    return Plan(
        operation=operation,
        model=model.name,
        prompt=_prompt(request),
        params=params,
        given=len(request.references) + (request.mask is not None),
        repairs=tuple(repairs),
    )


def lacks(request: PictureRequest, model: Model) -> str | None:
    """What of a request a model cannot do, or nobody knows it can, as a sentence's end; else ``None``."""
    operation = operation_of(request)
    if operation not in model.operations:
        return f"cannot {operation}"
    if len(request.references) > model.references:
        return f"takes at most {model.references} pictures along"
    if request.count > model.pictures:
        return f"makes at most {model.pictures} pictures of one request"
    if request.background == "transparent" and model.transparent in ("no", "unknown"):
        return f"is {'not' if model.transparent == 'no' else 'not known'} to draw a transparent background"
    if request.keep_face and request.references and not (model.keeps_faces or _faithful(model)):
        return "cannot be told to keep a face"
    return None


def operation_of(request: PictureRequest) -> Operation:
    """Which way a picture is made, by what goes along."""
    if request.mask is not None:
        return "inpaint"
    if len(request.references) > 1:
        return "compose"
    return "edit" if request.references else "generate"


def _check(request: PictureRequest, model: Model, operation: Operation) -> None:
    given, most = len(request.references), model.references
    if request.mask is not None and not given:
        say = f"A mask needs a picture to change: give 1 to {most} references."
        raise InputRefused(say, field="image", allowed=(f"1 to {most}",))
    if given > most:
        say = f"{model.name} takes 0 to {most} references; {given} were given."
        raise InputRefused(say, field="image", allowed=(f"0 to {most}",))
    if request.count > model.pictures:
        say = f"{model.name} makes 1 to {model.pictures} pictures; {request.count} were asked for."
        raise InputRefused(say, field="n", allowed=(f"1 to {model.pictures}",))
    if operation not in model.operations:
        say = f"{model.name} cannot {operation}; it can {', '.join(model.operations)}."
        raise PictureError("invalid_request", paid="unpaid", say=say)
    if other := set(request.extra or ()) - set(model.extra):
        say = f"{model.name} does not take {', '.join(sorted(other))}."
        raise InputRefused(say, field="extra", allowed=model.extra)
    if request.flux is not None and model.worker is None:
        raise InputRefused(f"{model.name} is no FLUX model, and takes no FLUX options.", field="flux")
    if len(_prompt(request)) > PROMPT_LENGTH:
        say = f"The prompt and the style have 1 to {PROMPT_LENGTH} characters together."
        raise InputRefused(say, field="prompt", allowed=(f"1 to {PROMPT_LENGTH} characters",))


def _prompt(request: PictureRequest) -> str:
    return request.prompt if request.style is None else f"{request.prompt}\n\nStyle: {request.style}"


def _quality(request: PictureRequest, model: Model, repairs: list[str]) -> str:
    asked = request.exact.quality if request.exact else None
    if asked not in (None, _AUTO):
        return one_of("quality", asked, (_AUTO, *model.qualities), on=model.name)
    if not model.qualities:
        return ""
    quality = _pick("quality", _QUALITIES[request.grade], model.qualities, repairs)
    if asked == _AUTO:
        repairs.append(f"The quality was left open; {quality} is used, as it is a {request.grade} picture.")
    return quality


def _size(request: PictureRequest, model: Model, quality: str, repairs: list[str]) -> str:
    """Never ``auto``: what that costs is not known beforehand."""
    if (pixels := size_of(request)) is not None:
        return pixels
    asked = request.exact.size if request.exact else None
    if asked not in (None, _AUTO):
        # A model of which no price is known can be used where that is accepted: then of its usual sizes.
        priced = tuple(model.output_tokens.get(quality, ())) or model.sizes
        return one_of("size", asked, (_AUTO, *priced), on=f"{model.name} in {quality} quality")
    size = _pick("size", _shaped(request.shape, model), model.sizes, repairs)
    if asked == _AUTO:
        repairs.append(f"The size was left open; {size} is used, as it is to be {request.shape}.")
    return size


def _shaped(shape: Shape, model: Model) -> str:
    """The usual size that stands so; where a model has not that, the first of its own that does."""
    usual = _SIZES[shape]
    own = (size for size in model.sizes if _stands(size) == shape)
    return usual if usual in model.sizes else next(own, usual)


def _stands(size: str) -> Shape:
    width, _, height = size.partition("x")
    if width == height:
        return "square"
    return "landscape" if int(width) > int(height) else "portrait"


def _pick(what: str, wanted: str, allowed: Sequence[str], repairs: list[str]) -> str:
    """``wanted``, or else the last that is allowed: the table's lists end with what stands in."""
    if wanted in allowed:
        return wanted
    repairs.append(f"The {what} {wanted} is not offered; {allowed[-1]} is used.")
    return allowed[-1]


def _output(request: PictureRequest, model: Model, repairs: list[str]) -> dict[str, Any]:
    """Background, format, compression, moderation."""
    exact, background = request.exact or Exact(), _background(request, model, repairs)
    form = _format(request, model, background, repairs)
    params: dict[str, Any] = {"output_format": form}
    if background != _AUTO:
        params["background"] = background
    if exact.output_compression is not None:
        # PNG loses nothing, so there is nothing to choose (OpenAI images reference, ``output_compression``).
        if form not in _LOSSY:
            say = f"`output_compression` is for {' and '.join(_LOSSY)}; the format is {form}."
            raise InputRefused(say, field="output_compression")
        params["output_compression"] = within("output_compression", exact.output_compression, 0, 100)
    if exact.moderation not in (None, _AUTO):
        params["moderation"] = one_of("moderation", exact.moderation, model.moderation)
    return params


def _background(request: PictureRequest, model: Model, repairs: list[str]) -> str:
    wanted = request.background
    if wanted != "transparent" or model.transparent == "yes":
        return wanted
    if model.transparent == "no":
        if request.exact:
            return one_of("background", wanted, (_AUTO, "opaque"), on=model.name)
        repairs.append(f"{model.name} draws no transparent background; the background is left to it.")
        return _AUTO
    known = "a preview" if model.transparent == "preview" else "not documented"
    repairs.append(f"On {model.name} a transparent background is {known}; it may refuse.")
    return wanted


def _format(request: PictureRequest, model: Model, background: str, repairs: list[str]) -> str:
    # JPEG comes quicker but has no transparency (OpenAI image guide, output format); what is kept is PNG.
    clear = background == "transparent"
    if request.exact and request.exact.output_format is not None:
        allowed = [form for form in model.formats if not (clear and form == "jpeg")]
        where = f"{model.name} with a transparent background" if clear else model.name
        return one_of("output_format", request.exact.output_format, allowed, on=where)
    quick = request.grade == "draft" and not clear
    return _pick("format", "jpeg" if quick else "png", model.formats, repairs)


def _fidelity(request: PictureRequest, model: Model, repairs: list[str]) -> dict[str, Any]:
    if not request.keep_face:
        return {}
    if not request.references:
        repairs.append("There is no photo to keep the face of; the face is left to the model.")
        return {}
    if _faithful(model):
        return {"input_fidelity": "high"}
    if not model.keeps_faces:
        repairs.append(f"{model.name} cannot be told to keep a face; the likeness may be weak.")
    return {}


def _faithful(model: Model) -> bool:
    """Whether it can be told to keep faces."""
    return "high" in model.input_fidelity


def _previews(request: PictureRequest, model: Model, repairs: list[str]) -> dict[str, Any]:
    partials = min(request.previews, model.partials)
    if request.exact:
        why = " They are shown for one picture at a time." if request.count > 1 else ""
        most = model.partials if request.count == 1 else 0
        partials = within("partial_images", request.previews, 0, most, why=why)
    elif partials and request.count > 1:
        # The events of a stream do not say which picture they belong to (OpenAI images streaming reference).
        repairs.append("Previews are shown for one picture at a time; none will be shown.")
        return {}
    elif partials < request.previews:
        repairs.append(f"{f'At most {partials}' if partials else 'No'} previews can be shown on the way.")
    return {"stream": True, "partial_images": partials} if partials else {}
