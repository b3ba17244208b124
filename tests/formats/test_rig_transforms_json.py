from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import InexpressibleError, detect_format, read_raw_rig, read_rig, write_rig
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


@pytest.mark.parametrize("file", ["./train/r_0", "train/r_0.png"])
def test_synthetic_scenes_take_their_size_from_the_pictures_or_the_option(file: str, tmp_path: Path) -> None:
    frame = {"file_path": file, "rotation": 0.01, "transform_matrix": POSE}
    (tmp_path / "transforms_train.json").write_text(json.dumps({"camera_angle_x": 0.69, "frames": [frame]}))
    with pytest.raises(DatasetError, match=r"no image size for 1 camera \(train/r_0\).*--size"):
        read_raw_rig(tmp_path)
    # load_blender.py of NeRF: focal = 0.5 W / tan(0.5 camera_angle_x), centre at W / 2 from the corner.
    focal = 0.5 * 200 / np.tan(0.5 * 0.69)
    expected = np.array([[focal, 0.0, 99.5], [0.0, focal, 74.5], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(read_rig(tmp_path, size=(200, 150))["train/r_0"].K, expected, atol=1e-9)
    (tmp_path / "train").mkdir()
    cv2.imwrite(str(tmp_path / "train" / "r_0.png"), np.zeros((150, 200, 4), np.uint8))
    raw = read_raw_rig(tmp_path)
    assert not raw.notes
    assert raw.cameras[0].size_source == "pictures"
    np.testing.assert_allclose(raw.to_rig()["train/r_0"].K, expected, atol=1e-9)


def test_pictures_outside_the_folder_are_not_looked_at(tmp_path: Path) -> None:
    inside = tmp_path / "scene"
    inside.mkdir()
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((15, 20, 3), np.uint8))
    for file in ("../a.png", str(tmp_path / "a.png"), "a\0.png"):
        frame = {"file_path": file, "transform_matrix": POSE}
        path = written(inside, {"camera_angle_x": 0.69, "frames": [frame]})
        with pytest.raises(DatasetError, match="no image size"):
            read_raw_rig(path)


def test_angles_of_view_in_degrees_and_of_y_only(tmp_path: Path) -> None:
    frames = [{"file_path": "a.png", "transform_matrix": POSE}]
    camera = read_rig(written(tmp_path, {"y_fov": 60.0, "w": 400, "h": 300, "frames": frames}))["a"]
    focal = 150.0 / np.tan(np.pi / 6.0)
    np.testing.assert_allclose(camera.K, [[focal, 0, 199.5], [0, focal, 149.5], [0, 0, 1]], atol=1e-9)
    with pytest.raises(CalibrationError, match=r"camera_angle_x.*between 0 and 180 degrees, found 4"):
        read_rig(written(tmp_path, {"camera_angle_x": 4.0, "w": 400, "h": 300, "frames": frames}))


def test_a_pose_that_overflows_when_undone_is_refused_with_its_camera(tmp_path: Path) -> None:
    frame = {
        "file_path": "a.png",
        "transform_matrix": [[1, 0, 0, 1e300], [0, 1, 0, -1e300], [0, 0, 1, 3], [0, 0, 0, 1]],
    }
    top = {"fl_x": 500, "cx": 320, "cy": 240, "w": 640, "h": 480, "applied_scale": 1e-300}
    applied = [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]
    path = tmp_path / "transforms.json"
    path.write_text(json.dumps({**top, "applied_transform": applied, "frames": [frame]}))
    with pytest.raises(CalibrationError, match="NaN or infinite"):
        read_rig(path)


def test_what_nerfstudio_applied_to_the_world_is_undone(tmp_path: Path) -> None:
    # nerfstudio, colmap_utils.py: the poses' world is (x, z, -y) of COLMAP's, and x * applied_scale after that.
    applied = np.array([[1.0, 0, 0, 0.3], [0, 0, 1, -0.2], [0, -1, 0, 0.7]])
    plain = read_rig(written(tmp_path, document()))["view_1"]
    world = np.array([[1.5, 6.0, 3.25], [0.9, 5.0, 3.1]])
    moved = np.array(POSE, dtype=float)
    moved[:3] = applied[:, :3] @ moved[:3] + np.column_stack([np.zeros((3, 3)), applied[:, 3]])
    moved[:3, 3] *= 2.5
    frames = [{"file_path": "view_1.png", "transform_matrix": moved.tolist()}]
    value = document(frames=frames, applied_transform=applied.tolist(), applied_scale=2.5)
    raw = read_raw_rig(written(tmp_path, value))
    assert "applied_transform and applied_scale undone" in raw.notes[0]
    np.testing.assert_allclose(raw.to_rig()["view_1"].project(world), plain.project(world), atol=1e-9)
    for change in ({"applied_scale": 0}, {"applied_transform": np.diag([1.0, 1.0, -1.0, 1.0]).tolist()}):
        with pytest.raises(CalibrationError, match="applied_"):
            read_rig(written(tmp_path, document(**change)))


def test_one_panorama_among_others_is_left_out_by_name(tmp_path: Path) -> None:
    frames = [
        {"file_path": "a.png", "transform_matrix": POSE},
        {"file_path": "pano.png", "transform_matrix": POSE, "camera_model": "EQUIRECTANGULAR"},
        {"file_path": "b.png", "transform_matrix": POSE, "equirectangular": True},
    ]
    raw = read_raw_rig(written(tmp_path, document(frames=frames)))
    assert list(raw.to_rig().cameras) == ["a"]
    assert any("left out: pano: EQUIRECTANGULAR" in note for note in raw.notes)
    assert any("left out: b: equirectangular" in note for note in raw.notes)


def test_flags_and_numbers_given_as_text(tmp_path: Path) -> None:
    value = document(is_fisheye="False", w="400", h="300", fl_x="200.0", k1="0.1")
    camera = read_rig(written(tmp_path, value))["view_1"]
    assert camera.distortion.model == "brown_conrady"
    assert (camera.size, camera.K[0, 0]) == ((400, 300), 200.0)
    with pytest.raises(DatasetError, match=r"is_fisheye.*expected true or false"):
        read_rig(written(tmp_path, document(is_fisheye="maybe")))


def test_other_splits_beside_the_file_are_named(tmp_path: Path) -> None:
    text = json.dumps(document())
    for split in ("train", "val", "test"):
        (tmp_path / f"transforms_{split}.json").write_text(text)
    assert "transforms_val.json, transforms_test.json beside it not" in read_raw_rig(tmp_path).notes[0]


def test_lens_of_nerfstudio_in_every_spelling(tmp_path: Path) -> None:
    lens = {"k1": 0.1, "k2": -0.05, "k3": 0.01, "k4": 0.0, "p1": 0.001, "p2": -0.002}
    want = [0.1, -0.05, 0.001, -0.002, 0.01]
    for extra in (lens, {"distortion_params": list(lens.values())}, lens | {"camera_model": "opencv"}):
        raw = read_raw_rig(written(tmp_path, document(**extra)))
        assert raw.to_rig()["view_1"].distortion.coefficients.tolist() == want
        assert raw.notes == ()
    raw = read_raw_rig(written(tmp_path, document(camera_model="SIMPLE_RADIAL", k1=0.1, p2=0.01)))
    assert raw.notes == ("camera_model SIMPLE_RADIAL has no p2; it is applied, as nerfstudio does (1 frame)",)
    with pytest.raises(CalibrationError, match="is_fisheye contradicts camera_model OPENCV"):
        read_raw_rig(written(tmp_path, document(camera_model="OPENCV", is_fisheye="True")))
    frames = [{"file_path": "a.png", "transform_matrix": np.array(POSE).T.tolist()}]
    with pytest.raises(DatasetError, match="stored column by column"):
        read_raw_rig(written(tmp_path, document(frames=frames)))
