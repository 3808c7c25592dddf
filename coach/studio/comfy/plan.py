"""From what is wanted to a FLUX workflow: what a plan has for a model with a worker beside the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coach.errors import InputRefused
from coach.studio.comfy.build import Template, Worker, Workflow, build
from coach.studio.request import FluxOptions, PictureRequest

if TYPE_CHECKING:
    from coach.studio.capabilities import Model

CHANGED = 0.75
"""How much of a picture is made anew, where nothing else is asked for: it stays to be seen what it was."""


def size_of(request: PictureRequest) -> str | None:
    """The size that is asked for in pixels, ``1360x768``; ``None``: none is.

    Raises:
        InputRefused: Only one of width and height is there.
    """
    options = request.flux or FluxOptions()
    if options.width is None and options.height is None:
        return None
    if options.width is None or options.height is None:
        raise InputRefused("A width needs a height, and a height a width.", field="width")
    return f"{options.width}x{options.height}"


def workflow_of(request: PictureRequest, model: Model, worker: Worker, *, prompt: str, size: str) -> Workflow:
    """The workflow of a request, as it will be on record: its seed is drawn here.

    Args:
        size: Width and height in pixels, as the plan has it.

    Raises:
        InputRefused: The LoRAs do not go together, or the worker cannot apply them.
    """
    options = request.flux or FluxOptions()
    _check_loras(options, model, worker)
    width, _, height = size.partition("x")
    template: Template = worker.edits if request.references else "flux_text"
    denoise = CHANGED if options.denoise is None else options.denoise
    workflow = Workflow(
        template=template,
        prompt=prompt,
        width=int(width),
        height=int(height),
        steps=options.steps or (-(-worker.steps // 2) if request.grade == "draft" else worker.steps),
        seed=options.seed,
        guidance=worker.guidance if options.guidance is None else options.guidance,
        denoise=denoise if template == "flux_image" else 1.0,
        count=request.count,
        loras=options.loras,
        # What they are called there says nothing of whose they are; ComfyUI goes by what is in a file.
        images=tuple(f"reference-{number}.png" for number, _ in enumerate(request.references, 1)),
        worker=worker,
    )
    build(workflow)  # refuses what the stack has no room for
    return workflow


def _check_loras(options: FluxOptions, model: Model, worker: Worker) -> None:
    most, asked = worker.most_loras, options.loras
    if asked and not most:
        say = f"The worker of {model.name} applies no LoRAs: ComfyUI-Easy-Use is not installed there."
        raise InputRefused(say, field="loras", allowed=("0",))
    if len(asked) > most:
        left = ", ".join(repr(lora.name) for lora in asked[most:])
        say = f"The worker of {model.name} applies at most {most} LoRAs: there is no room for {left}."
        raise InputRefused(say, field="loras", allowed=(f"0 to {most}",))
