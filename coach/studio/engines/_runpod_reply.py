"""What a job of RunPod's says when it is over: where its pictures are, how long it worked, or why there is
none.

The states and the top-level fields are RunPod's (runpod/docs a900806, job-states.mdx); what is under
``output`` and the texts of errors are the worker's: those of worker-comfyui 5.8.5 and before
(runpod-workers/worker-comfyui d2a5572, handler.py), and of handlers that wrap them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from coach.errors import Paid, PictureError
from coach.studio.engines._payload import HOLE
from coach.studio.faults import fault

FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})
"""The states a job does not leave; the others are ``IN_QUEUE``, ``IN_PROGRESS`` and ``RUNNING``."""

PICTURE = re.compile(rb'[:\[,]\s*"(?:data:image/[a-z.+-]{1,20};base64,)?(?=[A-Za-z0-9+/\\]{64})')
"""What is before a picture's base64, whatever it is called: no other text of an answer begins so."""

_LINK = re.compile(r"https?://", re.IGNORECASE)
_TEXTS: tuple[tuple[str, str], ...] = (
    ("Please provide input", "invalid_request"),
    ("Invalid JSON format in input", "invalid_request"),
    ("Missing 'workflow' parameter", "invalid_request"),
    ("'images' must be a list of objects with 'name' and 'image' keys", "invalid_request"),
    ("Failed to upload one or more input images", "invalid_image"),
    ("Workflow validation failed", "workflow_refused"),
    ("ComfyUI server (", "service_error"),
    ("Job processing failed", "service_error"),
    ("WebSocket communication error", "service_error"),
    ("HTTP communication error with ComfyUI", "service_error"),
)
"""How the worker's own errors begin, and what they are for us."""

_LACKS = re.compile(r"""["']type["']: ?["'](?:value_not_in_list|missing_node_type)["']""")
_NO_NODE = "does not exist", "Raw response: "
"""How ComfyUI said that it has no such node before it called that ``missing_node_type``: both."""

_NODE = re.compile(r"• Node ([\w:]{1,20}) \(")
_TYPE = re.compile(r"""["']type["']: ["'](\w{1,60})["']""")
_PLACE = re.compile(r"""["'](?:details|class_type)["']: (["'])([\w. ]{1,60})\1""")
_RAISED = re.compile(r"Node Type: ([\w. ]{1,60}), Node ID: ([\w:]{1,20})")
_WORD = re.compile(r"[\w.]{1,60}", re.ASCII)


def places_of(answer: Mapping[str, Any]) -> list[str]:
    """Where its pictures are, as the answer says it: a hole where base64 was, a link, or what is neither.

    Of the shapes there are the first that holds anything: ``output.images`` (worker-comfyui since 5.0.0),
    ``output.message`` (before), ``output.job_results.images``, ``output.output.images``, ``images``.
    """
    output = answer.get("output")
    for holder, name in (
        (output, "images"),
        (output, "message"),
        (_inner(output, "job_results"), "images"),
        (_inner(output, "output"), "images"),
        (answer, "images"),
    ):
        given = _inner(holder, name)
        listed = given if isinstance(given, list) else [given]
        found = [place for each in listed if (place := _inner(each, "data") or each)]
        if found and all(isinstance(each, str) for each in found):
            return found
    return []


def hole_in(place: str) -> int | None:
    """The number of the hole that a place is; ``None``: it is none."""
    number = place.rpartition(HOLE)[2] if HOLE in place else ""
    return int(number) if number.isdecimal() and len(number) < 6 else None


def is_link(place: str) -> bool:
    """Whether a place is a link."""
    return _LINK.match(place) is not None


def usage_of(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """How long a worker worked on it, and how long it waited, in milliseconds, as far as that is said."""
    said = {"execution_ms": answer.get("executionTime"), "delay_ms": answer.get("delayTime")}
    return {name: value for name, value in said.items() if type(value) is int and value >= 0} or None


def paid_of(answer: Mapping[str, Any]) -> Paid:
    """Whether a worker worked on it, which is what is charged; not said, it may have."""
    worked = (usage_of(answer) or {}).get("execution_ms")
    return "unknown" if worked is None else "paid" if worked else "unpaid"


def why_none(answer: Mapping[str, Any]) -> PictureError:
    """The error for a final answer that holds no picture."""
    status, output = answer.get("status"), answer.get("output")
    state = status if isinstance(status, str) and _WORD.fullmatch(status) else "-"
    text, details = _error(answer), _details(output)
    match state:
        case "FAILED":
            code, why = _code(text), _why(text, details)
        case "TIMED_OUT":
            code, why = "timeout", "it worked longer than SYNC_TIMEOUT allows, or found no worker in time"
        case "CANCELLED":
            code, why = "cancelled", "somebody cancelled it"
        case "COMPLETED" if text or details:
            code, why = _code(text), _why(text, details)
        case "COMPLETED":
            code, why = "bad_answer", "its workflow saved no picture"
        case _:
            code, why = "bad_answer", "that is no end of a job"
    job = answer.get("id")
    name = job if isinstance(job, str) and re.fullmatch(r"[\w-]{1,80}", job) else "-"
    detail = f"The job {name} is {state} without a picture: {why}."
    return fault(code, paid=paid_of(answer), detail=detail, usage=usage_of(answer))


def _inner(holder: object, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else None


def _error(answer: Mapping[str, Any]) -> str:
    """The text of the error: of a handler that raised it is JSON, which says the kind and a trace."""
    for holder in (answer, answer.get("output")):
        error = _inner(holder, "error")
        raised = error if isinstance(error, Mapping) else _raised(error)
        if raised is not None:
            kind, said = (raised.get(name) or "" for name in ("error_type", "error_message"))
            return f"{HOLE}{kind}{HOLE}{said}"
        if isinstance(error, str):
            return error
    return ""


def _raised(error: object) -> Mapping[str, Any] | None:
    """What a handler raised; ``None``: it is a text of its own."""
    try:
        found = json.loads(error) if isinstance(error, str) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None


def _details(output: object) -> str:
    given = [_inner(output, name) for name in ("details", "errors")]
    listed = [each for some in given if isinstance(some, list) for each in some]
    return "\n".join(each for each in listed if isinstance(each, str))


def _code(text: str) -> str:
    said = text.rpartition(HOLE)[2]
    # Not a pattern with anything in between: that takes the square of a long text's time.
    begins, ends = _NO_NODE
    if _LACKS.search(said) or ends in said.partition(begins)[2]:
        return "worker_lacks"
    return next((code for begins, code in _TEXTS if said.startswith(begins)), "service_error")


def _why(text: str, details: str) -> str:
    """What the error says that is no free text: its sentences may repeat the prompt, or show paths."""
    kind, said = text.rpartition(HOLE)[0].strip(HOLE), text.rpartition(HOLE)[2]
    begins = next((begin for begin, _ in _TEXTS if said.startswith(begin)), "")
    known = [begins.rstrip(" (")] if begins else []
    if kind:
        known.append(f"the worker raised {' '.join(_words(kind)) or '-'}")
    if nodes := list(dict.fromkeys(_NODE.findall(said))):
        known.append(f"node {', '.join(nodes[:10])}")
    known += dict.fromkeys(found[1] for found in [*_TYPE.finditer(said)][:10])
    known += dict.fromkeys(found[2] for found in [*_PLACE.finditer(said)][:10])
    known += [f"node {id} ({kind})" for kind, id in _RAISED.findall(details)[:3]]
    return "; ".join(known) or "its worker gave a reason that is not known"


def _words(kind: str) -> Iterator[str]:
    """The name of a class: ``<class 'ValueError'>`` in RunPod's JSON."""
    yield from (word for word in re.findall(r"[\w.]{1,60}", kind, re.ASCII)[:3] if word != "class")
