"""What a revision sends, and what of a chain of wishes is remembered: tables over small trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from coach.errors import NotFound
from coach.store import Version
from coach.store.nodes import Made, Node, link
from coach.studio import Reference
from coach.studio.lineage import MAX_DEPTH, MOST_WISHES, Revision, ancestry, last_shown, likeness_by_depth

PHOTOS = (Reference(kind="photo", id="front"), Reference(kind="photo", id="side"))

Line = tuple[str, str | None, str | None, str]
"""Handle, parent, wish, and what was sent: ``photo``, ``both`` or ``unknown``."""


def tree(*lines: Line, judged: dict[str, dict[str, Any]] | None = None, accepted: str = "") -> list[Node]:
    made: list[tuple[Version, Made]] = []
    for number, (handle, parent, wish, sent) in enumerate(lines, 1):
        base = [{"kind": "version", "id": f"id-{parent}"}] if sent == "both" else []
        version = Version(
            id=f"id-{handle}",
            user_id="ann",
            identity_id="i",
            number=number,
            parent_id=f"id-{parent}" if parent else None,
            generation_id=f"g{number}",
            prompt="",
            accepted_at=datetime.now(UTC) if handle == accepted else None,
            created_at=datetime.now(UTC),
            handle=handle,
            judgement=(judged or {}).get(handle),
            blob="ann/pictures/a.png",
            sha256="0" * 64,
            width=1024,
            height=1536,
            media_type="image/png",
        )
        how = Made(
            request=None if sent == "unknown" else {"references": [*base, {"kind": "photo", "id": "p"}]},
            wish=wish,
            engine="e",
            model="m",
            operation="edit",
            actual_micros=1,
            pictures=1,
        )
        made.append((version, how))
    return link(made)


CHAIN: Sequence[Line] = (
    ("v1", None, "on a hill", "photo"),
    ("v2", "v1", "at sunrise", "both"),
    ("v3", "v2", "with a scarf", "both"),
    ("v2a", "v2", "in snow", "both"),
    ("v4", "v3", "a red one", "both"),
    ("v5", "v4", "smiling", "photo"),
    ("v6", "v5", None, "both"),
    ("v7", None, None, "photo"),
)


@pytest.mark.parametrize(
    ("ref", "scene", "wishes", "afresh"),
    [
        ("v1", "on a hill", ("now",), False),
        ("v2", "on a hill", ("at sunrise", "now"), False),
        ("v2a", "on a hill", ("at sunrise", "in snow", "now"), False),
        ("v3", "on a hill", ("at sunrise", "with a scarf", "now"), False),
        ("v4", "on a hill", ("at sunrise", "with a scarf", "a red one", "now"), True),
        # Made afresh it is near the photos again, and remembers everything that was wished for.
        ("v5", "on a hill", ("at sunrise", "with a scarf", "a red one", "smiling", "now"), False),
        # A finished draft changes nothing.
        ("v6", "on a hill", ("at sunrise", "with a scarf", "a red one", "smiling", "now"), False),
        ("v7", None, ("now",), False),
    ],
)
def test_a_revision_knows_its_line_and_starts_afresh_in_time(
    ref: str, scene: str | None, wishes: tuple[str, ...], afresh: bool
) -> None:
    nodes = tree(*CHAIN)
    for name in (ref, f"id-{ref}"):
        revision = Revision.of(nodes, name, "now")
        assert (revision.scene, revision.wishes, revision.afresh) == (scene, wishes, afresh)
        assert revision.parent.handle == ref
        parent = () if afresh else (Reference(kind="version", id=f"id-{ref}"),)
        assert revision.references(["front", "side"]) == (*parent, *PHOTOS)


def test_no_chain_of_revisions_gets_further_from_the_photos_than_allowed() -> None:
    lines: list[Line] = [("v1", None, "on a hill", "photo")]
    for number in range(1, 13):
        afresh = Revision.of(tree(*lines), f"v{number}", "more").afresh
        lines.append((f"v{number + 1}", f"v{number}", f"wish {number}", "photo" if afresh else "both"))
    nodes = tree(*lines)
    assert [node.depth for node in nodes] == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert max(node.depth for node in nodes) == MAX_DEPTH
    assert [node.handle for node in ancestry(nodes, "v13")] == [f"v{number}" for number in range(1, 14)]
    assert len(Revision.of(nodes, "v13", "last").wishes) == 13


def test_what_is_not_in_the_tree_has_no_line() -> None:
    with pytest.raises(NotFound, match="There is no version 'v9'"):
        Revision.of(tree(*CHAIN), "v9", "now")


def test_a_picture_from_before_requests_were_kept_counts_as_made_from_its_parent() -> None:
    nodes = tree(("v1", None, None, "unknown"), ("v2", "v1", None, "unknown"), ("v3", "v2", None, "both"))
    assert [node.depth for node in nodes] == [0, 1, 2]


def test_the_oldest_wishes_go_when_a_prompt_could_not_hold_them() -> None:
    half = "x" * (MOST_WISHES // 2)
    nodes = tree(("v1", None, None, "photo"), ("v2", "v1", "old", "both"), ("v3", "v2", half, "both"))
    assert Revision.of(nodes, "v3", half).wishes == (half, half)


def test_likeness_is_kept_for_each_depth() -> None:
    judged = {
        "v1": {"likeness": "strong", "distance": 0.2},
        "v2": {"likeness": "fair", "distance": 0.4},
        "v2a": {"likeness": "cannot judge", "distance": None},
        "v3": {"likeness": "no", "distance": 0.6},
        "v5": {"likeness": "strong", "distance": 0.1},
    }
    found = likeness_by_depth(tree(*CHAIN, judged=judged))
    assert [(each.depth, each.handles, each.distance) for each in found] == [
        (0, ("v1", "v5", "v7"), pytest.approx(0.15)),
        (1, ("v2", "v6"), 0.4),
        (2, ("v3", "v2a"), 0.6),
        (3, ("v4",), None),
    ]
    assert found[0].bands == ("strong", "strong", None)
    assert likeness_by_depth([]) == []


REQUESTED: Sequence[Line] = (
    ("v1", None, "on a hill", "photo"),
    ("v2", None, "on a hill", "photo"),
    ("v3", "v2", None, "both"),
)


@pytest.mark.parametrize(
    ("made", "judged", "accepted", "shown"),
    [
        (1, {}, "", "v1"),
        (2, {}, "", "v2"),
        # The second is a second try only when the first was not good enough.
        (2, {"v1": ("strong", 0.2), "v2": ("no", 0.9)}, "", "v2"),
        (2, {"v1": ("no", 0.8), "v2": ("no", 0.9)}, "", "v1"),
        (2, {"v1": ("no", 0.8), "v2": ("fair", 0.4)}, "", "v2"),
        (3, {"v2": ("strong", 0.2), "v3": ("no", 0.9)}, "", "v3"),
        # A final picture that does not take the place of its accepted draft.
        (3, {}, "v2", "v2"),
        (3, {}, "v3", "v3"),
        (3, {}, "v1", "v3"),
    ],
)
def test_what_was_shown_last_is_what_a_person_speaks_of(
    made: int, judged: dict[str, tuple[str, float]], accepted: str, shown: str
) -> None:
    found = {
        handle: {"likeness": band, "distance": distance, "why": ""}
        for handle, (band, distance) in judged.items()
    }
    nodes = tree(*REQUESTED[:made], judged=found, accepted=accepted)
    assert last_shown(nodes).handle == shown


def test_of_several_pictures_of_one_request_the_best_is_shown() -> None:
    judged = {
        handle: {"likeness": "fair", "distance": distance, "why": ""}
        for handle, distance in [("v1", 0.1), ("v2", 0.4), ("v3", 0.3), ("v4", 0.4)]
    }
    lines: list[Line] = [(f"v{number}", None, f"wish {min(number, 2)}", "photo") for number in range(1, 5)]
    nodes = tree(*lines, judged=judged)
    together = [
        replace(node, version=replace(node.version, generation_id="g")) if number else node
        for number, node in enumerate(nodes)
    ]
    assert last_shown(together).handle == "v3"
