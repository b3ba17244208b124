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
