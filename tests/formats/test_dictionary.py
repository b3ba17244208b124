from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.formats import read_raw_rig
from renderkit.geometry.rig import Rig

POINTS = np.array([[0.0, 0.0, 0.0], [0.2, -0.1, 0.15]])


def written(rig: Rig, path: Path, direction: str) -> Path:
    entries: dict[str, Any] = {}
    for name, camera in rig.cameras.items():
        pose = camera.cam_from_world if direction == "cam_from_world" else camera.cam_from_world.inverse()
        entries[name] = {"K": camera.K.tolist(), "RT": pose.matrix.tolist(), "width": 1200, "height": 900}
    path.write_text(json.dumps(entries))
    return path


@pytest.mark.parametrize("direction", ["cam_from_world", "world_from_cam"])
def test_the_direction_of_rt_is_what_the_optical_axes_prove(direction: str, pinhole_ring: Rig, tmp_path: Path) -> None:
    raw = read_raw_rig(written(pinhole_ring, tmp_path / "cams.json", direction))
    said = [note for note in raw.notes if "RT is read as cam_from_world" in note]
    assert bool(said) == (direction == "cam_from_world")
    for name, camera in raw.to_rig().cameras.items():
        np.testing.assert_allclose(camera.project(POINTS), pinhole_ring[name].project(POINTS), atol=1e-9)


def test_two_cameras_prove_nothing(make_ring: Callable[..., Rig], tmp_path: Path) -> None:
    raw = read_raw_rig(written(make_ring(2), tmp_path / "cams.json", "cam_from_world"))
    assert "read as world_from_cam (as RenderMe-360 has it, for the axes do not decide" in raw.notes[0]
    assert {camera.direction for camera in raw.cameras} == {"world_from_cam"}
