"""Matrices in the shapes in which files have them: nested, row by row, as columns; stored by columns is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from camera_samples import ROTATION, TRANSLATION, K, brown_pixels, file_with, worst

from renderkit.errors import DatasetError
from renderkit.formats import read_raw_rig
from renderkit.formats.matrices import extrinsics_at, intrinsics_at
from renderkit.untrusted.content import numbers

HERE = Path("x")
SQUARE = np.vstack([np.column_stack([ROTATION, TRANSLATION]), [0.0, 0.0, 0.0, 1.0]])


@pytest.mark.parametrize("wide", [K, np.column_stack([K, np.zeros(3)]), np.diag([*K.diagonal(), 1.0])])
def test_intrinsics_nested_and_flat(wide: np.ndarray) -> None:
    for value in (wide.tolist(), wide.ravel().tolist(), [wide.ravel().tolist()], [str(one) for one in wide.ravel()]):
        np.testing.assert_array_equal(intrinsics_at(value, HERE, "K"), wide[:3, :3])


@pytest.mark.parametrize("square", [SQUARE, SQUARE[:3], np.vstack([SQUARE[:3], np.zeros(4)])])
def test_extrinsics_nested_and_flat(square: np.ndarray) -> None:
    for value in (square.tolist(), square.ravel().tolist()):
        np.testing.assert_array_equal(extrinsics_at(value, HERE, "RT"), SQUARE[:3])


@pytest.mark.parametrize("value", [SQUARE.T, SQUARE.T.ravel(), SQUARE + np.eye(4)])
def test_a_pose_by_columns_is_refused(value: np.ndarray) -> None:
    with pytest.raises(DatasetError, match=r"last row of the pose.*stored column by column"):
        extrinsics_at(value, HERE, "RT")


def test_vectors_of_a_row_or_column_and_what_may_be_either() -> None:
    for value in ([[1.0], [2.0], [3.0]], [[1.0, 2.0, 3.0]]):
        assert numbers(value, [(3,)], HERE, "t").tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(DatasetError, match="expected shape"):
        numbers([1.0] * 12, [(3, 4), (4, 3)], HERE, "T")
    with pytest.raises(DatasetError, match="expected shape"):
        numbers([[1.0, 2.0], [3.0, 4.0]], [(4,)], HERE, "D")


def _kalibr(pose: np.ndarray) -> str:
    inner = (
        f"  camera_model: pinhole\n  intrinsics: {K[[0, 1, 0, 1], [0, 1, 2, 2]].tolist()}\n  resolution: [640, 480]\n"
    )
    return f"cam0:\n{inner}  T_cam_imu: {pose.tolist()}\n"


def _mvsnet(pose: np.ndarray) -> str:
    moved = K + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    return f"extrinsic\n{_words(pose)}\n\nintrinsic\n{_words(moved)}\n"


def _words(values: np.ndarray) -> str:
    return " ".join(map(str, values.ravel().tolist()))


def _nersemble(pose: np.ndarray) -> str:
    return json.dumps({"world_2_cam": {"0": pose.tolist()}, "intrinsics": K.ravel().tolist()})


def _krt_json(pose: np.ndarray) -> str:
    return json.dumps({"KRT": [{"cameraId": "0", "K": K.T.tolist(), "T": pose.T.tolist()}]})


@pytest.mark.parametrize(
    ("file", "write"),
    [("c.yaml", _kalibr), ("0_cam.txt", _mvsnet), ("n.json", _nersemble), ("k.json", _krt_json)],
)
def test_every_format_refuses_a_transposed_pose(file: str, write: Callable[[np.ndarray], str], tmp_path: Path) -> None:
    camera = next(iter(read_raw_rig(file_with(tmp_path, file, write(SQUARE)), size=(640, 480)).to_rig()))
    assert worst(camera, brown_pixels(ROTATION, TRANSLATION, [])) < 1e-9
    with pytest.raises(DatasetError, match="stored column by column"):
        read_raw_rig(file_with(tmp_path, file, write(SQUARE.T)), size=(640, 480))


def test_projection_matrices_flat_and_under_a_key(tmp_path: Path) -> None:
    projection = K @ SQUARE[:3]
    for value in (projection.ravel().tolist(), {"P": projection.tolist(), "dist": [0.1]}):
        raw = read_raw_rig(file_with(tmp_path, "p.json", json.dumps({"0": value})), size=(640, 480))
        assert worst(raw.to_rig()["0"], brown_pixels(ROTATION, TRANSLATION, [])) < 1e-6
        assert ("`dist` is ignored (1 camera)" in raw.notes) == isinstance(value, dict)
