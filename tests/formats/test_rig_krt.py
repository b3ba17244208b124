from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig, read_rig, write_rig
from renderkit.geometry.rig import Rig

# Two cameras as Multiface writes them: R turns 90 degrees about z, t in mm.
TEXT = """400002
2000.0 0.0 667.0
0.0 2010.0 1024.0
0.0 0.0 1.0
0.1 0.0 0.0 0.0 0.0
0.0 -1.0 0.0 10.0
1.0 0.0 0.0 20.0
0.0 0.0 1.0 1000.0

400004
2000.0 0.0 667.0
0.0 2010.0 1024.0
0.0 0.0 1.0
0.0 0.0 0.0 0.0 0.0
1.0 0.0 0.0 0.0
0.0 1.0 0.0 0.0
0.0 0.0 1.0 1000.0
"""


def expected_pixel() -> list[float]:
    """The world point (100, 50, 0) mm in camera 400002: (-50 + 10, 100 + 20, 1000), radial term 1 + 0.1 r^2."""
    x, y = -0.04, 0.12
    factor = 1.0 + 0.1 * (x * x + y * y)
    return [2000.0 * x * factor + 667.0, 2010.0 * y * factor + 1024.0]


def test_krt_text_is_world_to_camera_in_mm(tmp_path: Path) -> None:
    (tmp_path / "KRT").write_text(TEXT)
    assert detect_format(tmp_path / "KRT") == "krt"
    rig = read_rig(tmp_path / "KRT")
    assert rig.unit == "mm"
    assert list(rig.cameras) == ["400002", "400004"]
    assert rig["400002"].size == (1334, 2048), "Multiface's sensor, from the principal point"
    np.testing.assert_allclose(rig["400002"].project([[100.0, 50.0, 0.0]]), [expected_pixel()], atol=1e-10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT[:200], "eight lines per camera"),
        (TEXT.replace("2010.0 1024.0", "2010.0", 1), r"camera 400002, K.*\[3, 2, 3\]"),
        (TEXT.replace("0.1 0.0 0.0 0.0 0.0", "0.1 0.0"), "distortion"),
        (TEXT.replace("1000.0", "far", 1), r"\[R\|t\].*expected numbers"),
    ],
)
def test_damaged_krt_text_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "KRT").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_rig(tmp_path / "KRT", "krt")


def krt_json(**change: Any) -> dict[str, Any]:
    K = np.array([[2000.0, 0.0, 667.0], [0.0, 2010.0, 1024.0], [0.0, 0.0, 1.0]])
    T = np.array([[0.0, -1.0, 0.0, 10.0], [1.0, 0.0, 0.0, 20.0], [0.0, 0.0, 1.0, 1000.0], [0.0, 0.0, 0.0, 1.0]])
    camera = {
        "cameraId": "400002",
        "K": K.T.tolist(),
        "T": T.T.tolist(),
        "distortionModel": "radial-tangential",
        "distortion": [0.1, 0.0, 0.0, 0.0, 0.0],
        "width": 1334,
        "height": 2048,
    }
    return {"KRT": [camera | change]}


def test_krt_json_stores_k_and_t_transposed(tmp_path: Path) -> None:
    path = tmp_path / "camera_calibration.json"
    path.write_text(json.dumps(krt_json()))
    assert detect_format(path) == "krt-json"
    np.testing.assert_allclose(read_rig(path)["400002"].project([[100.0, 50.0, 0.0]]), [expected_pixel()], atol=1e-10)


def test_krt_json_written_is_transposed(brown_ring: Rig, tmp_path: Path) -> None:
    write_rig(brown_ring, tmp_path / "k.json", format="krt-json")
    first = json.loads((tmp_path / "k.json").read_text())["KRT"][0]
    assert first["K"][2][:2] == brown_ring["00"].K[:2, 2].tolist()
    assert first["T"][3][:3] == brown_ring["00"].cam_from_world.t.tolist()


def test_bad_krt_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    path.write_text(json.dumps(krt_json(distortionModel="double-sphere")))
    with pytest.raises(CalibrationError, match="double-sphere"):
        read_raw_rig(path)
    path.write_text(json.dumps(krt_json(K=[1, 2, 3])))
    with pytest.raises(DatasetError, match=r"KRT\[0\].K.*expected shape \(3, 3\)"):
        read_raw_rig(path)
    path.write_text(json.dumps({"KRT": [{"cameraId": "1"}]}))
    with pytest.raises(DatasetError, match=r"KRT\[0\].K\]: the key is missing; present: cameraId"):
        read_raw_rig(path)


def test_krt_text_without_coefficients_has_no_distortion(tmp_path: Path) -> None:
    bare = "".join(line for line in TEXT.splitlines(keepends=True) if len(line.split()) != 5)
    (tmp_path / "KRT").write_text(bare)
    assert detect_format(tmp_path / "KRT") == "krt"
    raw = read_raw_rig(tmp_path / "KRT")
    rig = raw.to_rig()
    assert list(rig.cameras) == ["400002", "400004"]
    assert "no distortion" in raw.notes[0]
    x, y = -0.04, 0.12
    want = [2000.0 * x + 667.0, 2010.0 * y + 1024.0]
    np.testing.assert_allclose(rig["400002"].project([[100.0, 50.0, 0.0]]), [want], atol=1e-10)
    (tmp_path / "KRT").write_text(bare.rstrip().rsplit("\n", 1)[0])
    with pytest.raises(DatasetError, match="seven lines per camera"):
        read_raw_rig(tmp_path / "KRT")


def test_krt_json_as_ava_256_and_eyeful_tower_write_it(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps(krt_json(distortionModel="RadialAndTangential")))
    np.testing.assert_allclose(read_rig(path)["400002"].project([[100.0, 50.0, 0.0]]), [expected_pixel()], atol=1e-10)
    theta = np.arctan(np.hypot(0.04, 0.12))
    bent = theta * (1 + 0.1 * theta**2) / np.hypot(0.04, 0.12)
    pixel = np.array([667.0 - 2000.0 * 0.04 * bent, 1024.0 + 2010.0 * 0.12 * bent])
    for lens in ([0.1, 0.0, 0.0, 0.0], [0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.1]):
        path.write_text(json.dumps(krt_json(distortionModel="Fisheye", distortion=lens)))
        np.testing.assert_allclose(read_rig(path)["400002"].project([[100.0, 50.0, 0.0]]), [pixel], atol=1e-10)
    # metashape_to_krt.py: cx = width / 2 + Metashape's cx, whose pixel (0, 0) is at the corner.
    path.write_text(json.dumps(krt_json(distortionModel="Fisheye", distortion=[0.1], sensorId=0)))
    raw = read_raw_rig(path)
    assert "pixel (0, 0) of 1 camera is read as the corner" in raw.notes[0]
    np.testing.assert_allclose(raw.to_rig()["400002"].project([[100.0, 50.0, 0.0]]), [pixel - 0.5], atol=1e-10)


def test_krt_json_lenses_that_we_lack_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    others = [
        krt_json(cameraId="b", distortionModel="double-sphere")["KRT"][0],
        krt_json(cameraId="c", distortionModel="Fisheye", distortion=[0.1, 0, 0, 0, 0, 0, 0.01, 0])["KRT"][0],
    ]
    path.write_text(json.dumps({"KRT": [*krt_json()["KRT"], *others]}))
    raw = read_raw_rig(path)
    assert list(raw.to_rig().cameras) == ["400002"]
    assert [note for note in raw.notes if note.startswith("left out: b: distortion model 'double-sphere'")]
    assert [note for note in raw.notes if note.startswith("left out: c: fisheye coefficients beyond the fourth")]


def test_the_size_of_a_krt_file_is_called_a_guess(tmp_path: Path) -> None:
    # As reported of Multiface: the principal point is far from the centre of its 1334 x 2048 pictures.
    (tmp_path / "KRT").write_text(TEXT.replace("667.0", "819.0").replace("1024.0", "963.0"))
    raw = read_raw_rig(tmp_path / "KRT")
    assert {camera.size_source for camera in raw.cameras} == {"assumed"}
    assert "no image size for 2 of 2 cameras" in raw.notes[0]
    assert "is assumed" in raw.notes[0]
    assert {camera.size for camera in read_raw_rig(tmp_path / "KRT", size=(1334, 2048)).cameras} == {(1334, 2048)}
