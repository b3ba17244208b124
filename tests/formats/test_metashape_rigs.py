"""Components, rigs, disabled cameras and sensors of Metashape exports, against products of 4x4 matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import read_raw_rig, read_rig
from renderkit.geometry.rotation import matrix_from_rotation_vector

SIZE = '<resolution width="100" height="80"/>'


def rigid(vector: tuple[float, float, float], shift: tuple[float, float, float]) -> FloatArray:
    matrix = np.eye(4)
    matrix[:3, :3] = matrix_from_rotation_vector(np.array(vector))
    matrix[:3, 3] = shift
    return matrix


def text_of(values: FloatArray) -> str:
    return " ".join(repr(float(value)) for value in values.ravel())


def transform(matrix: FloatArray) -> str:
    return f"<transform>{text_of(matrix)}</transform>"


def sensor(number: int, kind: str = "frame", extra: str = "", attributes: str = "") -> str:
    calibration = f'<calibration type="{kind}" class="adjusted">{SIZE}<f>90</f><k1>0.01</k1></calibration>'
    return f'<sensor id="{number}" label="s" type="{kind}"{attributes}>{SIZE}{calibration}{extra}</sensor>'


def document(sensors: str, cameras: str, rest: str = "") -> str:
    inside = f"<sensors>{sensors}</sensors><cameras>{cameras}</cameras>{rest}"
    return f'<document version="2.0.0"><chunk label="c" enabled="true">{inside}</chunk></document>'


def written(folder: Path, text: str) -> Path:
    path = folder / "cameras.xml"
    path.write_text(text)
    return path


MASTER = rigid((0.2, -0.3, 0.1), (1.0, 2.0, 3.0))
SLAVE = rigid((0.05, 0.4, -0.02), (0.1, -0.05, 0.02))
PLACED = (
    f"<transform><rotation>{text_of(rigid((0.3, 0.1, 0.7), (0, 0, 0))[:3, :3])}</rotation>"
    "<translation>10 -4 2</translation><scale>2.5</scale></transform>"
)
WORLD = rigid((0.3, 0.1, 0.7), (10.0, -4.0, 2.0)) @ np.diag([2.5, 2.5, 2.5, 1.0])


def in_rig() -> str:
    place = f"<rotation>{text_of(SLAVE[:3, :3])}</rotation><location>{text_of(SLAVE[:3, 3])}</location>"
    sensors = sensor(0) + sensor(1, extra=place, attributes=' master_id="0"')
    cameras = (
        f'<camera id="4" sensor_id="0" label="left" component_id="0">{transform(MASTER)}</camera>'
        '<camera id="5" sensor_id="1" master_id="4" label="right" component_id="0"/>'
    )
    component = f'<components active_id="0"><component id="0">{PLACED}</component></components>'
    return document(sensors, cameras, component)


def pose_without_scale(matrix: FloatArray) -> FloatArray:
    rotation = matrix[:3, :3] / np.cbrt(np.linalg.det(matrix[:3, :3]))
    return np.column_stack([rotation, matrix[:3, 3]])


def test_a_slave_camera_hangs_on_its_master(tmp_path: Path) -> None:
    rig = read_rig(written(tmp_path, in_rig()))
    assert rig.unit == "m"
    for name, expected in (("left", WORLD @ MASTER), ("right", WORLD @ MASTER @ SLAVE)):
        found = rig[name].cam_from_world.inverse().matrix[:3]
        np.testing.assert_allclose(found, pose_without_scale(expected), atol=1e-12)


def test_a_slave_of_a_camera_that_is_not_aligned_is_left_out(tmp_path: Path) -> None:
    text = in_rig().replace(transform(MASTER), "")
    third = f'<camera id="6" sensor_id="0" label="alone">{transform(MASTER)}</camera></cameras>'
    raw = read_raw_rig(written(tmp_path, text.replace("</cameras>", third)))
    assert [camera.name for camera in raw.cameras] == ["alone"]
    assert "not aligned, left out: left, right" in raw.notes


def test_disabled_cameras_are_left_out_by_name(tmp_path: Path) -> None:
    cameras = "".join(
        f'<camera id="{i}" sensor_id="0" label="c{i}" enabled="{on}">{transform(MASTER)}</camera>'
        for i, on in enumerate(["true", "False", "1", "0"])
    )
    raw = read_raw_rig(written(tmp_path, document(sensor(0), cameras)))
    assert [camera.name for camera in raw.cameras] == ["c0", "c2"]
    assert raw.notes == ("disabled in Metashape, left out: c1, c3",)
    with pytest.raises(DatasetError, match=r"camera c0, enabled.*expected true or false"):
        read_raw_rig(written(tmp_path, document(sensor(0), cameras.replace('"true"', '"perhaps"'))))


def test_each_camera_is_in_the_world_of_its_component(tmp_path: Path) -> None:
    components = f'<components><component id="0"/><component id="1">{PLACED}</component></components>'
    cameras = "".join(
        f'<camera id="{i}" sensor_id="0" label="c{i}" component_id="{i}">{transform(MASTER)}</camera>' for i in (0, 1)
    )
    raw = read_raw_rig(written(tmp_path, document(sensor(0), cameras, components)))
    assert raw.unit == "unknown"
    assert "2 components, 1 without a transform: their cameras do not share one world" in raw.notes
    np.testing.assert_allclose(raw.cameras[0].pose, MASTER[:3], atol=1e-12)
    np.testing.assert_allclose(raw.cameras[1].pose, pose_without_scale(WORLD @ MASTER), atol=1e-12)


@pytest.mark.parametrize("kind", ["fisheye", "equidistant_fisheye"])
def test_equidistant_fisheye_is_the_old_fisheye(kind: str, tmp_path: Path) -> None:
    cameras = f'<camera id="0" sensor_id="0" label="c">{transform(np.eye(4))}</camera>'
    camera = read_rig(written(tmp_path, document(sensor(0, kind), cameras)))["c"]
    theta = np.arctan(0.5)
    expected = [[49.5 + 90 * theta * (1 + 0.01 * theta**2), 39.5]]
    np.testing.assert_allclose(camera.project([[1.0, 0.0, 2.0]]), expected, atol=1e-12)


def test_a_sensor_that_we_lack_leaves_the_others(tmp_path: Path) -> None:
    cameras = "".join(f'<camera id="{i}" sensor_id="{i}" label="c{i}">{transform(MASTER)}</camera>' for i in (0, 1))
    path = written(tmp_path, document(sensor(0) + sensor(1, "equisolid_fisheye"), cameras))
    raw = read_raw_rig(path)
    assert list(raw.to_rig().cameras) == ["c0"]
    assert any("left out: c1: sensor type 'equisolid_fisheye' has r = 2 sin(theta / 2)" in note for note in raw.notes)
    only = f'<camera id="1" sensor_id="1" label="c1">{transform(MASTER)}</camera>'
    with pytest.raises(CalibrationError, match=r"r = 2 sin\(theta / 2\)"):
        read_raw_rig(written(tmp_path, document(sensor(1, "equisolid_fisheye"), only)))


def test_terms_that_nobody_knows_are_refused_and_elements_noted(tmp_path: Path) -> None:
    cameras = (
        f'<camera id="0" sensor_id="0" label="c">{transform(MASTER)}<rolling_shutter>1 0</rolling_shutter></camera>'
    )
    raw = read_raw_rig(written(tmp_path, document(sensor(0), cameras)))
    assert raw.notes == ("`rolling_shutter` is ignored (1 camera)",)
    with pytest.raises(CalibrationError, match=r"q1 = 0\.5 of a frame sensor has no counterpart"):
        read_raw_rig(written(tmp_path, document(sensor(0).replace("<k1>", "<q1>0.5</q1><k1>"), cameras)))
    with pytest.raises(DatasetError, match="the focal length is missing"):
        read_raw_rig(written(tmp_path, document(sensor(0).replace("<f>90</f>", "<fx>90</fx>"), cameras)))


def test_labels_that_repeat_stand_behind_their_groups(tmp_path: Path) -> None:
    def camera(number: int, label: str) -> str:
        return f'<camera id="{number}" sensor_id="0" label="{label}">{transform(MASTER)}</camera>'

    def names(second: str) -> list[str]:
        groups = "".join(
            f'<group id="{index}" label="cam {index}" type="folder">{camera(index, label)}</group>'
            for index, label in enumerate(("0001.jpg", second))
        )
        return list(read_rig(written(tmp_path, document(sensor(0), camera(7, "alone.jpg") + groups))).cameras)

    assert names("0001.jpg") == ["alone", "cam 0/0001", "cam 1/0001"]
    assert names("0002.jpg") == ["alone", "0001", "0002"]


def test_two_sensors_of_one_id_are_refused(tmp_path: Path) -> None:
    camera = f'<camera id="0" sensor_id="0" label="a">{transform(MASTER)}</camera>'
    with pytest.raises(DatasetError, match=r"sensor 0\]: two sensors have this id"):
        read_rig(written(tmp_path, document(sensor(0) + sensor(0), camera)))
