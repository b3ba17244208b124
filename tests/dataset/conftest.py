"""Small synthetic captures of several people and days."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trimesh
from dataset_fixtures import encode
from many_runs import ManyRun

from renderkit.dataset.validate_many import validate_many
from renderkit.formats.rig_writing import write_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.pipeline.synth import synthesize
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.results.dataset import DatasetReport

NAMES = ("anna/2024-05-01_smile", "anna/2024-05-02_talk", "ben/2024-05-01_smile", "ben/2024-05-03_talk")


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four captures of four cameras and two frames."""
    root = tmp_path_factory.mktemp("originals")
    for seed, name in enumerate(NAMES):
        options = SynthOptions(num_cameras=4, num_frames=2, size=(96, 80), scan_faces=2000, seed=seed)
        synthesize(root / name, options)
    return root


@pytest.fixture(scope="session")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty captures of one view each: a ball, and a matte that is larger in each of them."""
    root = tmp_path_factory.mktemp("twenty")
    ball = trimesh.creation.icosphere(2, 0.3)
    camera = Camera.look_at((3.0, 0.0, 0.0), (0.0, 0.0, 0.0), (48, 40), name="left")
    center, radius = camera.project(np.zeros((1, 3)))[0], 0.3 / 3.0 * camera.K[0, 0]
    for index in range(20):
        place = root / f"subject{index:02d}"
        place.mkdir()
        write_rig(Rig({"left": camera}, "m"), place / "rig.json", format="rig")
        ball.export(place / "scan.ply")
        matte = np.zeros((40, 48), np.uint8)
        sixteenths = (16 * center).astype(int).tolist(), int(16 * (radius + 0.1 * index))
        cv2.circle(matte, *sixteenths, 255, -1, shift=4)
        encode(matte, ".png").tofile(place / "left.png")
        (place / "capture.toml").write_text(
            'format = "renderkit-capture"\nversion = 1\ncameras = "rig.json"\n'
            'masks = "{camera}.png"\nmesh = "scan.ply"\n'
        )
    return root


@pytest.fixture
def data(originals: Path, tmp_path: Path) -> Path:
    """The captures, to be changed."""
    return Path(shutil.copytree(originals, tmp_path / "data"))


@pytest.fixture
def many() -> ManyRun:
    """Return `validate_many` in this process, with the CPU renderer and without what takes long."""

    def run(paths: str | Path | list[str | Path], out: Path, **options: Any) -> DatasetReport:
        chosen = {"engine": "serial", "renderer": "cpu", "checks": False, "sanity": False, "reports": "none"}
        return validate_many(paths, out=out, **{**chosen, **options})

    return run
