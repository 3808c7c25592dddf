"""Ten templates as stickers of three characters: a person's photo, a drawn figure, and nobody at all.

``python -m tests.marks.stickers --into FOLDER`` asks the sandbox for each picture over HTTP, as GPT Image is
asked, makes stickers of them, looks at each with the quality gate, and writes a contact sheet of each pack.
Ends with 1 when one of them is not what its spec asks for.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
import time
from datetime import date
from io import BytesIO
from pathlib import Path

from openai import OpenAI
from PIL import Image, ImageDraw

from coach.sandbox import Sandbox
from coach.stickers.finish import finish
from coach.stickers.gate import check
from coach.stickers.names import NAMES
from coach.stickers.pack import contact_sheet
from coach.stickers.spec import JobSpec
from coach.stickers.write import write_spec
from tests.conftest import inside

MODEL = "gpt-image-2"
CHARACTERS = ("photo", "figure", "nobody")


def base(character: str) -> bytes | None:
    """The base picture of a character; ``None``: there is none."""
    if character == "photo":
        return inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    return figure() if character == "figure" else None


def figure() -> bytes:
    """A prepared asset: a green creature, cut out, with nothing in it that looks like skin."""
    image = Image.new("RGBA", (512, 512))
    pen = ImageDraw.Draw(image)
    for left in (150, 270):
        pen.polygon([(left, 90), (left + 45, 20), (left + 90, 90)], fill="#47b04b")
    pen.ellipse((160, 280, 350, 500), fill="#3f9a43")
    pen.ellipse((110, 60, 400, 320), fill="#47b04b")
    for left in (190, 270):
        pen.ellipse((left, 120, left + 50, 180), fill="white")
        pen.ellipse((left + 20, 140, left + 38, 165), fill="black")
    pen.arc((190, 170, 320, 260), 20, 160, fill="black", width=8)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def drawn(openai: OpenAI, spec: JobSpec, character: bytes | None) -> bytes:
    """The service's picture for a spec."""
    if character is None:
        answer = openai.images.generate(
            model=MODEL, prompt=spec.told(), size="1024x1024", quality="low", background="transparent"
        )
    else:
        name = "base.png" if character.startswith(b"\x89PNG") else "base.jpg"
        answer = openai.images.edit(
            model=MODEL,
            prompt=spec.told(),
            image=(name, character, f"image/{'png' if name.endswith('png') else 'jpeg'}"),
            size="1024x1024",
            quality="low",
            background="transparent",
        )
    assert answer.data is not None
    return base64.b64decode(answer.data[0].b64_json or "", validate=True)


def pack(openai: OpenAI, character: str, folder: Path) -> int:
    """Make a pack and its sheet; how many stickers are not what was asked for."""
    wrong, stickers = 0, []
    for name in NAMES:
        spec = write_spec(template_id=name, engine="gpt_image")
        picture, sticker = folder / "picture.png", folder / f"{name}.png"
        picture.write_bytes(drawn(openai, spec, base(character)))
        finish(picture, spec, sticker)
        found = check(sticker, spec)
        for violation in found:
            sys.stdout.write(f"{character} {name}: {violation.rule}: {violation.say}\n")
        wrong += bool(found)
        stickers.append(sticker)
    contact_sheet(stickers, folder.parent / f"{character}.png")
    return wrong


def run(characters: list[str], into: Path) -> int:
    """Make the packs; how many stickers are wrong."""
    began, wrong = time.monotonic(), 0
    with (
        Sandbox(today=date(2026, 11, 20)) as sandbox,
        OpenAI(base_url=sandbox.base_url, api_key=sandbox.api_key, max_retries=0) as openai,
    ):
        for character in characters:
            (into / character).mkdir(parents=True, exist_ok=True)
            wrong += pack(openai, character, into / character)
    made, took = len(characters) * len(NAMES), time.monotonic() - began
    sys.stdout.write(f"{made} stickers in {took:.0f} s: {wrong} wrong\n")
    return wrong


def main() -> int:
    """Make the packs, and say what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--characters", nargs="+", choices=CHARACTERS, default=list(CHARACTERS))
    parser.add_argument("--into", type=Path, help="where the stickers and the sheets go; left out: nowhere")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 1 if run(asked.characters, asked.into or Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
