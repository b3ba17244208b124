from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.synth.faults import (
    FAULTS,
    Fault,
    WrittenCalibration,
    parse_fault,
    picture_fault,
    plant,
    resolve_faults,
)
from renderkit.synth.rig import renderme360_rig

RIG = renderme360_rig(4, (612, 512), "modest", 0)
NAMES = tuple(RIG)
POINTS = np.array([[0.0, -0.5, 0.0], [0.03, -0.45, -0.08], [-0.06, -0.55, 0.02]])


def opencv_pixels(written: WrittenCalibration, points: FloatArray = POINTS) -> FloatArray:
    matrix = np.linalg.inv(written.world_from_cam)
    rotation, _ = cv2.Rodrigues(matrix[:3, :3])
    pixels, _ = cv2.projectPoints(points, rotation, matrix[:3, 3], written.K, written.D)
    return np.asarray(pixels[:, 0])


def planted(name: str, amount: float | None = None, camera: str = NAMES[0]) -> WrittenCalibration:
    fault = Fault(name, (camera,), FAULTS[name].amount if amount is None else amount)
    return plant(RIG, (fault,), 1e-3)[camera]


def true(camera: Camera = RIG[NAMES[0]]) -> WrittenCalibration:
    return WrittenCalibration.of(camera)


def test_without_faults_the_truth_is_written() -> None:
    for name, written in plant(RIG, (), 1e-3).items():
        assert np.abs(opencv_pixels(written) - RIG[name].project(POINTS)).max() < 1e-6


def test_only_the_named_camera_changes() -> None:
    written = plant(RIG, (Fault("rotated", (NAMES[1],), 0.3),), 1e-3)
    assert np.array_equal(written[NAMES[0]].world_from_cam, true().world_from_cam)
    assert not np.array_equal(written[NAMES[1]].world_from_cam, true(RIG[NAMES[1]]).world_from_cam)


def test_rotation_moves_the_prediction_by_focal_length_times_tangent() -> None:
    shift = opencv_pixels(planted("rotated", 0.3)) - opencv_pixels(true())
    expected = true().K[0, 0] * np.tan(np.deg2rad(0.3))
    # Turned to its right, the camera sees everything further left.
    assert np.allclose(shift[:, 0], -expected, rtol=0.03)
    assert np.abs(shift[:, 1]).max() < 0.1 * expected
    center = planted("rotated").world_from_cam[:3, 3]
    assert np.array_equal(center, true().world_from_cam[:3, 3])


def test_shift_moves_the_principal_point() -> None:
    assert np.allclose(opencv_pixels(planted("shifted", 5.0)) - opencv_pixels(true()), [4.0, 3.0])
    assert np.allclose(opencv_pixels(planted("half-pixel")) - opencv_pixels(true()), [0.5, 0.5])


def test_translation_is_in_millimetres_to_the_right() -> None:
    moved = planted("translated", 7.0).world_from_cam[:3, 3] - true().world_from_cam[:3, 3]
    assert np.allclose(moved, 0.007 * RIG[NAMES[0]].cam_from_world.R[0])


def test_roll_keeps_the_axis_and_scale_keeps_the_centre() -> None:
    assert np.allclose(planted("rolled", 2.0).world_from_cam[:3, 2], true().world_from_cam[:3, 2])
    assert not np.allclose(planted("rolled", 2.0).world_from_cam[:3, 0], true().world_from_cam[:3, 0])
    scaled = planted("scaled-focal", 1.1).K
    assert np.allclose(scaled[[0, 1], [0, 1]], true().K[[0, 1], [0, 1]] * 1.1)
    assert np.array_equal(scaled[:, 2], true().K[:, 2])


def test_distortion_faults() -> None:
    k1, k2, p1, p2, k3 = true().D
    assert np.array_equal(planted("no-distortion").D, np.zeros(5))
    assert np.array_equal(planted("distortion-order").D, [k1, k2, k3, p1, p2])
    assert np.array_equal(planted("flipped-distortion").D, [-k1, -k2, p1, p2, -k3])


def test_extrinsics_faults() -> None:
    assert np.allclose(planted("inverted-extrinsics").world_from_cam, RIG[NAMES[0]].cam_from_world.matrix)
    flipped = planted("gl-axes").world_from_cam
    assert np.allclose(flipped[:3, 1:3], -true().world_from_cam[:3, 1:3])
    assert np.allclose(planted("scaled-translation").world_from_cam[:3, 3], 1000.0 * true().world_from_cam[:3, 3])


def test_swapped_cameras_have_each_others_numbers() -> None:
    written = plant(RIG, (Fault("swapped", NAMES[:2], 0.0),), 1e-3)
    assert np.array_equal(written[NAMES[0]].K, RIG[NAMES[1]].K)
    assert np.array_equal(written[NAMES[1]].K, RIG[NAMES[0]].K)


def test_picture_faults_leave_the_calibration_alone() -> None:
    faults = (
        Fault("resized", NAMES[:1], 0.5),
        Fault("mirrored", NAMES[:1], 0.0),
        Fault("frame-offset", NAMES[:1], 2.0),
    )
    assert np.array_equal(plant(RIG, faults, 1e-3)[NAMES[0]].K, true().K)
    assert picture_fault(faults, "resized", NAMES[0]) == 0.5
    assert picture_fault(faults, "resized", NAMES[1]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rotated@25", Fault("rotated", ("25",), 0.3)),
        ("rotated@25=-1.5", Fault("rotated", ("25",), -1.5)),
        (" swapped@25, 28 ", Fault("swapped", ("25", "28"), 0.0)),
        ("half-pixel@all", Fault("half-pixel", ("all",), 0.5)),
        ("shifted@18-32, !25=3", Fault("shifted", ("18-32", "!25"), 3.0)),
        (r"shifted@a\=b\,c\@d", Fault("shifted", (r"a\=b\,c\@d",), 2.0)),
    ],
)
def test_faults_are_read_from_text(text: str, expected: Fault) -> None:
    assert parse_fault(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "rotated",
        "nonsense@25",
        "rotated@",
        "rotated@25=much",
        "rotated@25=1e",
        "@25",
        "",
        "rotated@25=1e999",
        "rotated@25=1=2",
        "rotated@9-1",
        "rotated@" + "[" * 300_000 + "=x",
    ],
)
def test_malformed_faults_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        parse_fault(text)


def test_faults_are_resolved_against_the_rig() -> None:
    assert resolve_faults([Fault("rolled", ("all",), 1.0)], NAMES)[0].cameras == NAMES
    assert resolve_faults([Fault("rolled", ("25-31", "!28"), 1.0)], NAMES)[0].cameras == ("25", "31")
    assert resolve_faults([parse_fault(r"rolled@a\=b\,c")], ("a=b,c", "d"))[0].cameras == ("a=b,c",)
    with pytest.raises(ValueError, match="no camera matches '99'"):
        resolve_faults([Fault("rolled", ("99",), 1.0)], NAMES)
    with pytest.raises(ValueError, match="two different cameras"):
        resolve_faults([Fault("swapped", (NAMES[0], NAMES[0]), 0.0)], NAMES)
    with pytest.raises(ValueError, match="ratio"):
        resolve_faults([Fault("resized", (NAMES[0],), 0.0)], NAMES)


def test_every_fault_says_what_it_means() -> None:
    for name, kind in FAULTS.items():
        assert name == kind.name
        assert kind.meaning.endswith(".")
        assert (kind.change is not None) == (kind.place == "calibration")
