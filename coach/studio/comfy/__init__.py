"""FLUX as ComfyUI runs it: workflows from typed parameters, judged before they are sent. No network."""

from coach.studio.comfy.build import Graph, Worker, Workflow, build
from coach.studio.comfy.graph import Finding, validate
from coach.studio.comfy.loras import Lora, LoraName, Role, film, stack
from coach.studio.comfy.nodes import Definitions, own_definitions, read_object_info

__all__ = [
    "Definitions",
    "Finding",
    "Graph",
    "Lora",
    "LoraName",
    "Role",
    "Worker",
    "Workflow",
    "build",
    "film",
    "own_definitions",
    "read_object_info",
    "stack",
    "validate",
]
