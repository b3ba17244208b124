"""A format of another package: an entry point, and every command knows it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
from pathlib import Path
import numpy as np
from renderkit.capture import Capture, View
from renderkit.formats import Format, RawCamera, RawRig

def matches(content):
    return content.head.startswith(b"TOY")

def read_cameras(content):
    cameras = []
    for line in content.text.splitlines()[1:]:
        name, focal = line.split()
        K = np.array([[float(focal), 0, 31.5], [0, float(focal), 23.5], [0, 0, 1]])
        cameras.append(RawCamera(name, K, np.eye(4)[:3], size=(64, 48)))
    return RawRig(tuple(cameras), content.path, "mm")

class ToyCapture(Capture):
    dataset, unit = "toy", "mm"
    def __init__(self, content):
        self.path, self.rig = content.path, read_cameras(content).to_rig()
    @property
    def camera_names(self):
        return tuple(self.rig.cameras)
    @property
    def frame_ids(self):
        return ("7",)
    def camera(self, name):
        return self.rig[name]
    def view(self, frame_id, camera_name):
        return View(frame_id, self.rig[camera_name])

def write(rig, path, options):
    Path(path).write_text("TOY\\n" + "".join(f"{n} {c.K[0, 0]}\\n" for n, c in rig.cameras.items()))
    return ()

FORMAT = Format(name="toy", title="Toy cameras", matches=matches, read_cameras=read_cameras,
                open_capture=lambda content, options: ToyCapture(content), unit="mm")
CLASH = Format(name="colmap", title="Not COLMAP", matches=matches, read_cameras=read_cameras)
NONSENSE = 5
"""


def install(folder: Path, entries: str) -> Path:
    """Write a package and its metadata, as an installer would."""
    folder.mkdir(exist_ok=True)
    (folder / "toy_cameras.py").write_text(PLUGIN)
    info = folder / "toy_cameras-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-cameras\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[renderkit.formats]\n{entries}\n")
    return folder


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(site), str(Path(__file__).parents[2])])
    return subprocess.run(  # noqa: S603
        [sys.executable, *words], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, check=False
    )


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.toy"
    path.write_text("TOY\nleft 90\nright 95\n")
    return path


MAIN = "from renderkit.cli import main; main()"
CHECK = """
import sys, renderkit
from renderkit.formats import detect_format, formats
path = sys.argv[1]
assert detect_format(path) == "toy", detect_format(path)
assert list(formats())[-1] == "toy"
rig = renderkit.read_rig(path)
with renderkit.open_capture(path) as capture:
    print(capture.dataset, capture.unit, rig.unit, capture.camera_names, capture.view("7", "left").camera.K[0, 0])
"""


def test_detection_reading_and_opening_know_it(tmp_path: Path, toy: Path) -> None:
    site = install(tmp_path / "site", "toy = toy_cameras:FORMAT")
    done = run(site, "-W", "error", "-c", CHECK, str(toy))
    assert done.stdout.strip() == "toy mm mm ('left', 'right') 90.0", done.stderr


def test_the_command_line_knows_it(tmp_path: Path, toy: Path) -> None:
    site = install(tmp_path / "site", "toy = toy_cameras:FORMAT")
    inspected = run(site, "-c", MAIN, "inspect", str(toy), "--no-checks")
    assert "cameras.toy: toy, 2 cameras, 64 x 48 px, unit mm" in inspected.stdout, inspected.stderr
    assert "2: left, right" in inspected.stdout
    target = tmp_path / "rig.json"
    converted = run(site, "-c", MAIN, "convert", str(toy), str(target), "--to", "rig", "--from", "toy")
    assert converted.returncode == 0, converted.stderr
    assert "toy -> rig, 2 exact" in converted.stdout
    without = run(tmp_path / "empty", "-c", MAIN, "inspect", str(toy))
    assert without.returncode == 2


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("broken = toy_cameras:ABSENT", "cannot be loaded: AttributeError"),
        ("missing = no_such_module:FORMAT", "cannot be loaded: ModuleNotFoundError"),
        ("nonsense = toy_cameras:NONSENSE", "expected a renderkit.formats.Format, found int"),
        ("clash = toy_cameras:CLASH", "the format name 'colmap' is taken by renderkit"),
    ],
)
def test_a_broken_or_clashing_format_is_warned_of_and_costs_no_other(
    tmp_path: Path, toy: Path, entry: str, why: str
) -> None:
    site = install(tmp_path / "site", f"{entry}\ntoy = toy_cameras:FORMAT")
    done = run(site, "-c", CHECK, str(toy))
    assert done.returncode == 0, done.stderr
    assert "of package toy-cameras" in done.stderr
    assert why in done.stderr
