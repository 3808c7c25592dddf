"""The documents run.

In a document, a fence with a title is a file and a Python fence without one is a script::

    ```python title="my_coach/actions/wave.py"      written to that place
    ```python                                       run, in the order they stand in

All fences of one document share one empty folder with a portrait in it, ``me.jpg``, and a sandbox. Files come
first; the scripts run in one process, which has to import what they need only once.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from coach.sandbox import Sandbox
from tests._environment import environment
from tests._tree import ROOT, tracked

DOCUMENTS = [path for path in ["README.md", *tracked("docs")] if path.endswith(".md")]
FENCE = re.compile(r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.M | re.S)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_shows_runs(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text()
    shutil.copy(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg", tmp_path / "me.jpg")
    with Sandbox() as sandbox:
        env = os.environ | {
            "COACH_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(ROOT),
            **environment(sandbox),
        }
        scripts = []
        for fence in FENCE.finditer(text):
            if fence["title"]:
                (tmp_path / fence["title"]).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / fence["title"]).write_text(fence["text"])
            elif fence["language"] == "python":
                # As many lines before it as in the document: so errors name the line that it has there.
                scripts.append("\n" * (text.count("\n", 0, fence.start()) + 1) + fence["text"])
        if scripts:
            done = subprocess.run(
                [sys.executable, "-W", "error", "-m", "tests._scripts", document, *scripts],
                **{"cwd": tmp_path, "env": env, "capture_output": True, "text": True, "timeout": 240},
            )
            assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_has_a_script_that_runs() -> None:
    fences = FENCE.finditer((ROOT / "README.md").read_text())
    assert any(fence["language"] == "python" and not fence["title"] for fence in fences)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_links_to_is_there(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text())
    assert links
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []
