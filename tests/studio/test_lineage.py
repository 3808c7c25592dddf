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
from coach.studio._planned import final_key, second_try_key
from coach.studio.lineage import MAX_DEPTH, Revision, ancestry, last_shown, likeness_by_depth
from coach.studio.planner import PROMPT_LENGTH

PHOTOS = (Reference(kind="photo", id="front"), Reference(kind="photo", id="side"))

Line = tuple[str, str | None, str | None, str]
"""Handle, parent, wish, and what was sent: ``photo``, ``both`` or ``unknown``."""


def tree(
    *lines: Line,
    judged: dict[str, dict[str, Any]] | None = None,
    accepted: str = "",
    keys: dict[str, str] | None = None,
) -> list[Node]:
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
            key=(keys or {}).get(handle, f"talk:call {number}"),
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


@pytest.mark.parametrize(
    ("letter", "length", "left_out"), [("a", 100, 0), ("a", 2_000, 0), ("<", 2_000, 7), ("<", 40_000, 10)]
)
def test_the_oldest_wishes_go_when_the_prompt_cannot_hold_what_is_rendered(
    letter: str, length: int, left_out: int
) -> None:
    wish = letter * length
    lines: list[Line] = [("v1", None, None, "photo")]
    lines += [(f"v{number + 1}", f"v{number}", wish, "both") for number in range(1, 11)]
    revision = Revision.of(tree(*lines), "v11", "now")
    assert revision.wishes == (*[wish] * 10, "now")
    text, without = revision.prompt(lambda wishes: "\n".join(wishes).replace("<", "&lt;"))
    assert without == left_out and text.endswith("now") and len(text) <= PROMPT_LENGTH


def test_the_newest_wish_stays_although_nothing_holds_it() -> None:
    revision = Revision.of(tree(*CHAIN), "v2", "x" * 40_000)
    assert revision.prompt("".join) == ("x" * 40_000, 1)


def test_to_finish_a_draft_is_no_revision_and_takes_no_wish_away() -> None:
    lines: list[Line] = [
        ("v1", None, "on a hill", "photo"),
        ("v2", "v1", "at sunrise", "both"),
        ("v3", "v2", None, "both"),
        ("v4", "v3", "a scarf", "both"),
        ("v5", "v4", None, "both"),
    ]
    nodes = tree(*lines, keys={"v3": final_key("id-v2"), "v5": final_key("id-v4")})
    assert [node.depth for node in nodes] == [0, 1, 1, 2, 2]
    revision = Revision.of(nodes, "v5", "now")
    assert (revision.wishes, revision.afresh) == (("at sunrise", "a scarf", "now"), False)


def test_likeness_is_kept_for_each_depth() -> None:
    judged = {
        handle: {"likeness": band, "distance": distance, "why": ""}
        for handle, band, distance in [
            ("v1", "strong", 0.2),
            ("v2", "fair", 0.4),
            ("v2a", "cannot judge", None),
            ("v3", "no", 0.6),
            ("v5", "strong", 0.1),
        ]
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
AGAIN = {"v2": second_try_key("g1")}
FINAL = {"v3": final_key("id-v2")}


@pytest.mark.parametrize(
    ("made", "keys", "judged", "accepted", "shown"),
    [
        (1, {}, {}, "", "v1"),
        (2, {}, {}, "", "v2"),
        # Asked for once more by the person: that is what they see, also when it is less like them.
        (2, {}, {"v1": ("no", 0.8), "v2": ("no", 0.9)}, "", "v2"),
        (2, AGAIN, {"v1": ("no", 0.8), "v2": ("no", 0.9)}, "", "v1"),
        (2, AGAIN, {"v1": ("no", 0.8), "v2": ("fair", 0.4)}, "", "v2"),
        # Made from an accepted one without a wish, it is still a picture of its own.
        (3, {}, {"v2": ("strong", 0.2), "v3": ("no", 0.9)}, "v2", "v3"),
        # A final picture that does not take the place of its draft, and one that does.
        (3, FINAL, {"v2": ("strong", 0.2), "v3": ("no", 0.9)}, "v2", "v2"),
        (3, FINAL, {"v2": ("strong", 0.2), "v3": ("strong", 0.2)}, "v3", "v3"),
        (3, FINAL, {}, "v1", "v3"),
    ],
)
def test_what_was_shown_last_is_what_a_person_speaks_of(
    made: int, keys: dict[str, str], judged: dict[str, tuple[str, float]], accepted: str, shown: str
) -> None:
    found = {
        handle: {"likeness": band, "distance": distance, "why": ""}
        for handle, (band, distance) in judged.items()
    }
    nodes = tree(*REQUESTED[:made], judged=found, accepted=accepted, keys=keys)
    assert last_shown(nodes).handle == shown


def test_a_second_try_is_known_although_another_picture_came_between() -> None:
    judged = {"v1": {"likeness": "no", "distance": 0.8, "why": ""}}
    judged["v3"] = {"likeness": "no", "distance": 0.9, "why": ""}
    nodes = tree(*REQUESTED, judged=judged, keys={"v3": second_try_key("g1")})
    assert last_shown(nodes).handle == "v1"


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
