"""NeRSemble, FaceScape, BOP, OpenSfM and rig.json: small files, expected pixels from the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig, read_rig, write_rig
from renderkit.geometry.rig import Rig

# World-to-camera: a quarter turn about z, then (0.1, 0.2, 2). The point (0.3, 0.4, 0) is seen at (-0.3, 0.5, 2).
RT = [[0.0, -1.0, 0.0, 0.1], [1.0, 0.0, 0.0, 0.2], [0.0, 0.0, 1.0, 2.0]]
POINT = [[0.3, 0.4, 0.0]]
K = [[1000.0, 0.0, 500.0], [0.0, 1100.0, 400.0], [0.0, 0.0, 1.0]]
PIXEL = [[1000.0 * -0.15 + 500.0, 1100.0 * 0.25 + 400.0]]


def written(folder: Path, value: Any, name: str = "cameras.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def test_nersemble(tmp_path: Path) -> None:
    path = written(tmp_path, {"world_2_cam": {"222200036": [*RT, [0, 0, 0, 1]]}, "intrinsics": K})
    assert detect_format(path) == "nersemble"
    rig = read_rig(path, size=(1000, 800))
    assert rig.unit == "m"
    np.testing.assert_allclose(rig["222200036"].project(POINT), PIXEL)
    per_camera = {"world_2_cam": {"a": RT}, "intrinsics": {"b": K}}
    with pytest.raises(DatasetError, match=r"intrinsics.a.*missing; present: b"):
        read_rig(written(tmp_path, per_camera))


def facescape(**change: Any) -> dict[str, Any]:
    values = {"K": K, "Rt": RT, "distortion": [0.1, 0, 0, 0, 0], "width": 1000, "height": 800, "valid": True} | change
    return {f"{view}_{key}": value for view in (0, 7) for key, value in values.items()}


def test_facescape(tmp_path: Path) -> None:
    path = written(tmp_path, facescape(), "params.json")
    assert detect_format(path) == detect_format(tmp_path) == "facescape"
    camera = read_rig(tmp_path)["7"]
    factor = 1.0 + 0.1 * (0.15**2 + 0.25**2)
    np.testing.assert_allclose(camera.project(POINT), [[500 - 150 * factor, 400 + 275 * factor]], atol=1e-10)
    padded = np.eye(4)
    padded[:3, :3] = K
    assert np.array_equal(read_rig(written(tmp_path, facescape(K=padded.tolist())))["7"].K, K)


def test_facescape_leaves_out_what_is_not_valid(tmp_path: Path) -> None:
    raw = read_raw_rig(written(tmp_path, facescape() | {"7_valid": False}))
    assert [camera.name for camera in raw.cameras] == ["0"]
    assert raw.notes == ("left out as not valid: 7",)
    with pytest.raises(DatasetError, match="7_Rt"):
        read_raw_rig(written(tmp_path, {k: v for k, v in facescape().items() if k != "7_Rt"}))


def test_bop(tmp_path: Path) -> None:
    flat = np.array(RT)
    entry = {"cam_K": np.ravel(K).tolist(), "depth_scale": 0.1}
    pose = {"cam_R_w2c": flat[:, :3].ravel().tolist(), "cam_t_w2c": flat[:, 3].tolist()}
    path = written(tmp_path, {"3": entry | pose}, "scene_camera.json")
    written(tmp_path, {"width": 640, "height": 480}, "camera.json")
    assert detect_format(tmp_path) == "bop"
    camera = read_rig(tmp_path)["3"]
    assert camera.size == (640, 480)
    np.testing.assert_allclose(camera.project(POINT), PIXEL)
    written(tmp_path, {"3": entry}, "scene_camera.json")
    with pytest.raises(DatasetError, match=r"3.cam_R_w2c.*scene_gt.json"):
        read_rig(path)
    objects = {"3": [{"cam_R_m2c": pose["cam_R_w2c"], "cam_t_m2c": pose["cam_t_w2c"], "obj_id": 1}]}
    written(tmp_path, objects, "scene_gt.json")
    raw = read_raw_rig(path)
    assert "model frame of the first object" in raw.notes[0]
    np.testing.assert_allclose(raw.to_rig()["3"].project(POINT), PIXEL)


def opensfm(**model: Any) -> list[dict[str, Any]]:
    camera = {"projection_type": "brown", "width": 1000, "height": 800, "focal_x": 1.0, "focal_y": 1.1} | model
    shot = {"rotation": [0.0, 0.0, np.pi / 2], "translation": [0.1, 0.2, 2.0], "camera": "v2 x"}
    return [{"cameras": {"v2 x": camera}, "shots": {"img.jpg": shot}, "points": {}}]


def test_opensfm(tmp_path: Path) -> None:
    path = written(tmp_path, opensfm(c_x=0.01, c_y=-0.02, k1=0.1, p1=0.01, p2=0.02))
    assert detect_format(path) == "opensfm"
    # Normalised by 1000; the centre of the image is pixel ((w - 1) / 2, (h - 1) / 2) = (499.5, 399.5).
    x, y = -0.15, 0.25
    r2 = x * x + y * y
    u = x * (1 + 0.1 * r2) + 2 * 0.01 * x * y + 0.02 * (r2 + 2 * x * x)
    v = y * (1 + 0.1 * r2) + 0.01 * (r2 + 2 * y * y) + 2 * 0.02 * x * y
    expected = [[1000 * u + 10 + 499.5, 1100 * v - 20 + 399.5]]
    np.testing.assert_allclose(read_rig(path)["img"].project(POINT), expected, atol=1e-9)


def test_opensfm_older_perspective_and_fisheye(tmp_path: Path) -> None:
    model = {"projection_type": "fisheye", "focal": 0.9, "k1": 0.02, "k2": -0.01}
    camera = read_rig(written(tmp_path, opensfm(**model, focal_x=0.9, focal_y=0.9)))["img"]
    radius = float(np.hypot(0.15, 0.25))
    theta = np.arctan(radius)
    bent = 900 * theta * (1 + 0.02 * theta**2 - 0.01 * theta**4) / radius
    np.testing.assert_allclose(camera.project(POINT), [[499.5 - 0.15 * bent, 399.5 + 0.25 * bent]], atol=1e-9)


def test_opensfm_takes_the_largest_reconstruction_and_refuses_the_sphere(tmp_path: Path) -> None:
    two = [{"cameras": {}, "shots": {}}, *opensfm()]
    assert "only number 1" in read_raw_rig(written(tmp_path, two)).notes[0]
    with pytest.raises(CalibrationError, match="spherical"):
        read_raw_rig(written(tmp_path, opensfm(projection_type="spherical")))
    with pytest.raises(CalibrationError, match=r"k4 = 0\.1 of the brown model"):
        read_raw_rig(written(tmp_path, opensfm(k4=0.1)))


def test_opensfm_panoramas_among_others_are_left_out_by_name(tmp_path: Path) -> None:
    value = opensfm()
    value[0]["cameras"]["pano"] = {"projection_type": "spherical", "width": 640, "height": 320}
    value[0]["shots"]["around.jpg"] = value[0]["shots"]["img.jpg"] | {"camera": "pano"}
    raw = read_raw_rig(written(tmp_path, value))
    assert list(raw.to_rig().cameras) == ["img"]
    assert raw.notes[0].startswith("left out: around: projection type 'spherical'")


def test_opensfm_priors_and_terms_of_newer_models(tmp_path: Path) -> None:
    assert not read_raw_rig(written(tmp_path, opensfm(focal_prior=0.9, k1_prior=0.0))).notes
    model = {"projection_type": "fisheye62", "focal": 0.9, "k1": 0.02, "k5": 0.0, "p1": 0.0}
    assert read_rig(written(tmp_path, opensfm(**model)))["img"].distortion.coefficients.tolist() == [0.02, 0, 0, 0]
    with pytest.raises(CalibrationError, match=r"k5 = 0\.1 of the fisheye62 model"):
        read_rig(written(tmp_path, opensfm(**(model | {"k5": 0.1}))))


def own(**change: Any) -> dict[str, Any]:
    camera = {"name": "a", "width": 1000, "height": 800, "K": K, "cam_from_world": RT}
    camera["distortion"] = {"model": "brown_conrady", "coefficients": [0.1, 0, 0, 0]}
    return {"format": "renderkit-rig", "version": 1, "unit": "mm", "cameras": [camera | change]}


def test_rig_json(tmp_path: Path) -> None:
    path = written(tmp_path, own())
    assert detect_format(path) == "rig"
    rig = read_rig(path)
    assert rig.unit == "mm"
    factor = 1.0 + 0.1 * (0.15**2 + 0.25**2)
    np.testing.assert_allclose(rig["a"].project(POINT), [[500 - 150 * factor, 400 + 275 * factor]], atol=1e-10)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (own() | {"version": 2}, r"\[version\]: expected 1, found 2"),
        (own() | {"unit": "inch"}, r"\[unit\]: expected one of m, mm, unknown"),
        (own() | {"cameras": {}}, r"\[cameras\]: expected a list"),
        (own(distortion={"model": "fov"}), r"cameras\[0\].distortion.model"),
        (own(width=10.5), "whole positive image size"),
        (own(name=3), "expected text"),
        (own(K=[[1, 2], [3, 4]]), r"cameras\[0\].K\]: expected shape \(3, 3\), found \(2, 2\)"),
        (own(cam_from_world=None), "cam_from_world"),
    ],
)
def test_bad_rig_json_is_named(value: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=message):
        read_rig(written(tmp_path, value))


@pytest.mark.parametrize(("key", "value"), [("axes", "opengl"), ("pixel_origin", "corner")])
def test_rig_json_of_another_convention_is_refused(key: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"\[{key}\]: expected .* found '{value}'"):
        read_rig(written(tmp_path, own() | {key: value}))


def test_rig_json_keeps_the_lens_as_it_was_given(brown_ring: Rig, fisheye_ring: Rig, tmp_path: Path) -> None:
    for rig in (brown_ring, fisheye_ring):
        write_rig(rig, tmp_path / "rig.json", format="rig")
        again = read_rig(tmp_path / "rig.json")
        for one, other in zip(rig, again, strict=True):
            assert np.array_equal(one.distortion.coefficients, other.distortion.coefficients)
            assert np.array_equal(one.cam_from_world.matrix, other.cam_from_world.matrix)
            assert np.array_equal(one.K, other.K)
