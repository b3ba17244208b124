from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig


def test_a_rig_keeps_the_order_and_cannot_be_changed() -> None:
    cameras = {name: Camera(np.diag([10.0, 10.0, 1.0]), 4, 3, name=name) for name in ("b", "a")}
    rig = Rig(cameras, "m", "somewhere")
    cameras.clear()
    assert [camera.name for camera in rig] == ["b", "a"]
    assert len(rig) == 2
    assert rig["a"].name == "a"
    with pytest.raises(TypeError):
        rig.cameras["c"] = rig["a"]  # type: ignore[index]


def test_a_rig_is_cameras_by_name() -> None:
    camera = Camera(np.diag([10.0, 10.0, 1.0]), 4, 3, name="a")
    for cameras in ([camera], camera, None):
        with pytest.raises(ValueError, match="cameras: expected cameras by name"):
            Rig(cameras)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"cameras\['a'\]: expected a Camera, got str"):
        Rig({"a": "camera"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="expected texts as names, got 1"):
        Rig({1: camera})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="unit: expected one of m, mm, unknown, got 'cm'"):
        Rig({"a": camera}, unit="cm")  # type: ignore[arg-type]


def test_a_camera_that_is_not_there_is_named_with_those_that_are() -> None:
    rig = Rig({"25": Camera(np.diag([10.0, 10.0, 1.0]), 4, 3, name="25")})
    with pytest.raises(KeyError, match="no camera is called '26'; the cameras are: 25"):
        rig["26"]
    with pytest.raises(KeyError, match="names are texts, got int"):
        rig[25]  # type: ignore[index]
