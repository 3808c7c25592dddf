"""A service that brings something of a stranger into each edit of an edit: who is it after eight changes?

``python -m tests.marks.drift`` has the sandbox drift, changes one picture eight times by the actions of the
reference coach, and another by sending only the picture before. The face model says how far each is from the
photo. Ends with 1 when ours is no longer the person, or the other one still is, so that nothing was shown.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from coach import Coach, Version, Versions
from coach.faces import Likeness, face_model, judge
from coach.sandbox import Sandbox
from coach.store import FolderBlobs, Store
from coach.studio import PictureRequest, Reference, Studio
from tests.actions._pictures import ANN, call, make_ready, reference_coach
from tests.conftest import inside

CHANGES = ("at sunrise", "a scarf", "by the sea", "in a library", "no scarf", "at dusk", "a dog", "smiling")


async def ours(reference: Coach, changes: int) -> None:
    """Change a picture as a conversation does."""
    await call(reference, "generate_identity_image", identity_id="i1")
    for change in CHANGES[:changes]:
        ctx = replace(ANN, call_id=f"ours {change}")
        await call(reference, "revise_identity_image", ctx, identity_id="i1", change=change)


async def naive(reference: Coach, photo_id: str, changes: int) -> None:
    """Change a picture by sending it alone."""
    studio, parent = reference.service("studio", Studio), None
    given = Reference(kind="photo", id=photo_id)
    for change in ("on a hill at night", *CHANGES[:changes]):
        request = PictureRequest(prompt=change, references=(given,), previews=0)
        ctx = replace(ANN, call_id=f"naive {change}")
        made = await studio.generate(ctx, request, identity_id="i2", parent=parent)
        parent = made.versions[0].id
        given = Reference(kind="version", id=parent)


async def judged(versions: Versions, photo: bytes, identity: str) -> list[tuple[Version, Likeness]]:
    """Every picture of an identity against the photo."""
    model = face_model()
    if model is None:
        sys.exit("The mark needs the extra `likeness`.")
    rows = await versions.list("ann", identity)
    return [(row, judge(model, [photo], await versions.bytes("ann", row.id))) for row in rows]


async def run(changes: int, drift: float, folder: Path) -> int:
    """Make both chains; how many promises are broken."""
    photo = inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    store = await Store.open(f"sqlite:///{folder}/coach.db", blobs=FolderBlobs(folder / "blobs"))
    await make_ready(store, photo)
    await store.identities.add("ann", "Baker")
    with Sandbox(drift=drift) as sandbox:
        # Without the face model: it is judged here, and nothing is asked for twice.
        async with reference_coach(store, sandbox, folder) as reference:
            [kept] = await store.photos.list("ann")
            await ours(reference, changes)
            await naive(reference, kept.id, changes)
    chains = {
        name: await judged(store.versions, photo, ref) for name, ref in (("ours", "i1"), ("naive", "i2"))
    }
    await store.close()
    for name, chain in chains.items():
        shown = "  ".join(f"{row.handle} {found.distance or 0:.2f} {found.band}" for row, found in chain)
        sys.stdout.write(f"{name:6}{shown}\n")
    lost = [row.handle for row, found in chains["ours"] if found.band not in ("strong", "fair")]
    kept_anyway = changes == len(CHANGES) and chains["naive"][-1][1].band != "no"
    wrong = len(lost) + kept_anyway
    sys.stdout.write(f"drift {drift:g}, {changes} changes: {wrong} wrong\n")
    return wrong


def main() -> int:
    """Make both chains, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=len(CHANGES))
    parser.add_argument("--drift", type=float, default=0.15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return int(bool(asyncio.run(run(asked.changes, asked.drift, Path(folder)))))


if __name__ == "__main__":
    sys.exit(main())
