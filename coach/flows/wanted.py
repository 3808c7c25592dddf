"""What one node wants: its prompt, its pictures, the way they are used, and the key of all that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from coach.flows.graph import Flow, TransformNode, prompt_of, refused
from coach.flows.sources import Source
from coach.studio import PictureRequest, Reference
from coach.studio._given import Given
from coach.studio.edit import asked
from coach.studio.planner import operation_of

Mode = Literal["generate", "edit", "compose", "inpaint", "high_fidelity", "transparent"]
"""From words; of one picture; of several; of a part of the first; with faces and details kept; without a
background."""

REASONS: Mapping[Mode, str] = {
    "high_fidelity": "Faces, logos and fine details of the pictures are to stay as they are.",
    "transparent": "The background is to be transparent.",
}
"""Why these; of the others the studio says why."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The pictures that a node wants.

    Attributes:
        sources: What they are made from, in order; ``given``: the same, for the studio.
        key: The same for the same content, whoever's graph it is in; ``None``: something is still to come.
    """

    request: PictureRequest
    sources: tuple[Source, ...]
    given: Given
    mode: Mode
    key: str | None


def wanted(
    flow: Flow,
    node: TransformNode,
    sources: Sequence[Source],
    *,
    mask: Reference | None,
    size: tuple[int, int] | None,
    again: int,
    previews: int,
) -> Wanted:
    """What a node wants.

    Args:
        sources: What goes along.
        mask: Where the first of them may change.
        size: Of the first of them; ``None``: there is none, or nobody knows.
        again: How often another picture of the same was wanted.
        previews: How many unfinished pictures to show on the way.

    Raises:
        InputRefused: Something is missing, or a value is none of those allowed.
    """
    if not (prompt := prompt_of(flow, node)):
        raise refused(node.id, "data.instructions", "has no words yet; write what to show, or connect a text")
    if mask is not None and not sources:
        raise refused(node.id, "data.mask", "has a mask and no picture to change; connect one to it")
    # Without those left out: so what was made stays known when there are more of them one day.
    options = node.data.model_dump(exclude={"instructions", "upload", "mask"}, exclude_defaults=True)
    given = Given(
        references=tuple(each.reference for each in sources),
        mask=mask,
        size=size,
        uploads=(),
        drawn=None,
    )
    # Several pictures at a time have no previews: nobody could tell whose they are.
    request = given.put_into(asked(prompt, previews=previews if node.data.n == 1 else 0, **options))
    mode = mode_of(request)
    content = [prompt, [each.sha256 for each in sources], mask and mask.id, options, again]
    key = _key(content) if all(each.sha256 for each in sources) else None
    return Wanted(request=request, sources=tuple(sources), given=given, mode=mode, key=key)


def mode_of(request: PictureRequest) -> Mode:
    """Which way a node's pictures are made: as the studio makes them, and what more is asked of it."""
    operation = operation_of(request)
    if operation == "generate":
        return "transparent" if request.background == "transparent" else operation
    return "high_fidelity" if request.keep_face and operation != "inpaint" else operation


def _key(content: object) -> str:
    """By what things are, and not by where they come from."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f"flow {hashlib.sha256(text.encode()).hexdigest()}"
