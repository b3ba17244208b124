from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import InexpressibleError, detect_format, read_rig, write_rig
from renderkit.geometry.rig import Rig

# A camera at (1, 2, 3), OpenGL axes: right = +x, up = +z, so it looks along +y (backward = -y).
POSE = [[1, 0, 0, 1], [0, 0, -1, 2], [0, 1, 0, 3], [0, 0, 0, 1]]


def document(**extra: Any) -> dict[str, Any]:
    frame = {"file_path": "./images/view_1.png", "transform_matrix": POSE}
    return {"w": 400, "h": 300, "fl_x": 200.0, "fl_y": 210.0, "cx": 200.0, "cy": 150.0, "frames": [frame]} | extra


def written(folder: Path, value: dict[str, Any]) -> Path:
    path = folder / "transforms.json"
    path.write_text(json.dumps(value))
    return path


def test_pixels_follow_the_documented_convention(tmp_path: Path) -> None:
    rig = read_rig(written(tmp_path, document()))
    # Point 4 ahead (+y), 0.5 right (+x), 0.25 up (+z) of the camera. OpenGL: (0.5, 0.25, -4). nerfstudio's pixel is
    # u = fl_x x / -z + cx = 225, v = -fl_y y / -z + cy = 136.875 from the image's corner, so (224.5, 136.375) for us.
    pixel = rig["view_1"].project([[1.5, 6.0, 3.25]])
    np.testing.assert_allclose(pixel, [[224.5, 136.375]], atol=1e-12)


def test_a_frame_overrules_the_file_and_angles_of_view_count(tmp_path: Path) -> None:
    frames = [
        {"file_path": "a.png", "transform_matrix": POSE, "fl_x": 100.0, "cx": 10.0},
        {"file_path": "b.png", "transform_matrix": POSE},
    ]
    rig = read_rig(written(tmp_path, document(frames=frames)))
    assert rig["a"].K[0].tolist() == [100.0, 0.0, 9.5]
    assert rig["b"].K[0].tolist() == [200.0, 0.0, 199.5]
    blender = {"camera_angle_x": 2.0 * np.arctan(0.5), "w": 400, "h": 300, "frames": frames[1:]}
    camera = read_rig(written(tmp_path, blender))["b"]
    expected = np.array([[400.0, 0.0, 199.5], [0.0, 400.0, 149.5], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(camera.K, expected, atol=1e-9)


def test_fisheye_follows_opencv(tmp_path: Path) -> None:
    value = document(camera_model="OPENCV_FISHEYE", k1=0.1, k2=0.02, k3=0.0, k4=0.0)
    camera = read_rig(written(tmp_path, value))["view_1"]
    theta = np.arctan2(np.hypot(0.5, 0.25), 4.0)
    bent = theta * (1 + 0.1 * theta**2 + 0.02 * theta**4) / np.hypot(0.5, 0.25)
    expected = [200.0 * 0.5 * bent + 199.5, -210.0 * 0.25 * bent + 149.5]
    np.testing.assert_allclose(camera.project([[1.5, 6.0, 3.25]]), [expected], atol=1e-10)
    assert read_rig(written(tmp_path, document(is_fisheye=True, k1=0.1)))["view_1"].distortion.model == "kannala_brandt"


def test_terms_that_opencv_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"frames\[0\].k4.*r\^8"):
        read_rig(written(tmp_path, document(k4=0.01)))
    with pytest.raises(CalibrationError, match="EQUIRECTANGULAR is not supported"):
        read_rig(written(tmp_path, document(camera_model="EQUIRECTANGULAR")))
    with pytest.raises(CalibrationError, match="tangential"):
        read_rig(written(tmp_path, document(camera_model="OPENCV_FISHEYE", p1=0.01)))


def test_instant_ngp_takes_four_coefficients(brown_ring: Rig, tmp_path: Path) -> None:
    with pytest.raises(InexpressibleError, match="first 4 distortion coefficients"):
        write_rig(brown_ring, tmp_path / "t.json", format="instant-ngp")
    report = write_rig(brown_ring, tmp_path / "t.json", format="instant-ngp", approximate=True)
    assert max(one.max_px for one in report.residuals.values()) < 0.05
    write_rig(brown_ring, tmp_path / "t.json", format="nerfstudio", approximate=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fl_x": None}, r"frames\[0\].fl_x\]: expected numbers.*found null"),
        ({"w": 0}, "whole positive image size"),
        ({"w": "wide"}, "expected numbers"),
        ({"frames": [{"transform_matrix": [[1, 0], [0, 1]]}]}, r"expected shape \(4, 4\) or \(3, 4\), found \(2, 2\)"),
        ({"frames": [{"transform_matrix": [[1, 0, 0, 0], [0]]}]}, "expected numbers of shape"),
        ({"frames": [{"transform_matrix": POSE}, 5]}, r"frames\[1\].*expected an object"),
        ({"fl_x": 10**400}, "fl_x.*expected a number"),
    ],
)
def test_bad_values_are_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path, document(**change))
    with pytest.raises(DatasetError, match=message):
        read_rig(path, "nerfstudio")


def test_missing_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"\[frames\]: the key is missing"):
        read_rig(written(tmp_path, {"w": 1}), "nerfstudio")
    with pytest.raises(DatasetError, match="no focal length"):
        read_rig(written(tmp_path, {"w": 10, "h": 10, "frames": [{"transform_matrix": POSE}]}))


def test_a_folder_with_transforms_is_detected(tmp_path: Path) -> None:
    written(tmp_path, document())
    assert detect_format(tmp_path) == "nerfstudio"
