"""Landmarks on FLAME: fixed ones, the sliding contour, MediaPipe's."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from renderkit.errors import DatasetError
from renderkit.flame.embedding import LandmarkEmbedding, contour_row, head_yaw_deg, read_landmark_embeddings

FACES = np.array([[0, 1, 2], [1, 2, 3]], np.int32)
VERTICES = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def weights(*shape: int) -> np.ndarray[Any, Any]:
    values = np.random.default_rng(0).random((*shape, 3))
    result: np.ndarray[Any, Any] = values / values.sum(axis=-1, keepdims=True)
    return result


def test_points_are_weighted_corners() -> None:
    embedding = LandmarkEmbedding(np.array([0, 1]), np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]), "ibug51")
    landmarks = embedding.landmarks(VERTICES, FACES)
    np.testing.assert_allclose(landmarks.points, [[0.25, 0.25, 0.0], [0.0, 0.0, 1.0]])
    assert landmarks.scheme == "ibug51"
    with pytest.raises(ValueError, match="names face 1, the mesh has 1"):
        embedding.landmarks(VERTICES, FACES[:1])
    with pytest.raises(ValueError, match="sum to one"):
        LandmarkEmbedding(np.array([0]), np.array([[1.0, 1.0, 0.0]]), "ibug51")


def test_every_published_file_layout(tmp_path: Path) -> None:
    static = {"lmk_face_idx": np.zeros(51, int), "lmk_b_coords": weights(51)}
    (tmp_path / "static.pkl").write_bytes(pickle.dumps(static, 2))
    dynamic = {"lmk_face_idx": np.zeros((79, 17), int), "lmk_b_coords": weights(79, 17)}
    np.save(tmp_path / "dynamic.npy", np.array(dynamic, dtype=object), allow_pickle=True)
    deca = {
        "static_lmk_faces_idx": np.zeros(51, int), "static_lmk_bary_coords": weights(51),
        "dynamic_lmk_faces_idx": np.zeros((79, 17), int), "dynamic_lmk_bary_coords": weights(79, 17),
        "full_lmk_faces_idx": np.zeros((1, 68), int), "full_lmk_bary_coords": weights(1, 68),
    }  # fmt: skip
    np.save(tmp_path / "deca.npy", np.array(deca, dtype=object), allow_pickle=True)
    indices = np.arange(105) * 4
    np.savez(tmp_path / "mp.npz", lmk_face_idx=np.zeros(105, int), lmk_b_coords=weights(105), landmark_indices=indices)

    one = read_landmark_embeddings(tmp_path / "static.pkl")
    assert one.static is not None
    assert (one.static.scheme, one.full, one.contour) == ("ibug51", None, None)
    two = read_landmark_embeddings(tmp_path / "dynamic.npy")
    assert two.contour is not None
    assert two.static is None
    three = read_landmark_embeddings(tmp_path / "deca.npy")
    assert three.static is not None
    assert three.full is not None
    assert three.contour is not None
    assert (three.full.scheme, len(three.full.face_index)) == ("ibug68", 68)
    four = read_landmark_embeddings(tmp_path / "mp.npz")
    assert four.static is not None
    assert four.static.scheme == "mediapipe"
    np.testing.assert_array_equal(four.static.landmark_indices, indices)


def test_what_is_no_embedding(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", other=np.zeros(3))
    np.savez(tmp_path / "b.npz", lmk_face_idx=np.zeros(5, int), lmk_b_coords=np.zeros((4, 3)))
    np.savez(tmp_path / "c.npz", dynamic_lmk_faces_idx=np.zeros((9, 17), int), dynamic_lmk_bary_coords=weights(9, 17))
    for name in "abcd":
        with pytest.raises(DatasetError, match=r"not a landmark embedding|no such file"):
            read_landmark_embeddings(tmp_path / f"{name}.npz")


@pytest.mark.parametrize(
    ("yaw", "row"), [(0.0, 0), (0.4, 0), (12.6, 13), (39.0, 39), (80.0, 39), (-1.0, 40), (-39.0, 78), (-90.0, 78)]
)
def test_contour_rows(yaw: float, row: int) -> None:
    assert contour_row(yaw) == row


def test_yaw_is_of_root_times_neck(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for _ in range(10):
        root, neck = random.normal(0.0, 0.3, (2, 3))
        matrix = (Rotation.from_rotvec(root) * Rotation.from_rotvec(neck)).as_matrix()
        # yaw is the middle angle of z-y-x Euler angles
        expected = Rotation.from_matrix(matrix).as_euler("ZYX", degrees=True)[1]
        assert head_yaw_deg(root, neck) == pytest.approx(expected, abs=1e-9)
    table = np.arange(79)[:, None].repeat(17, axis=1)
    np.savez(tmp_path / "d.npz", dynamic_lmk_faces_idx=table, dynamic_lmk_bary_coords=weights(79, 17))
    contour = read_landmark_embeddings(tmp_path / "d.npz").contour
    assert contour is not None
    turned = contour.at_pose([0.0, np.radians(-20.0), 0.0], [0.0, np.radians(10.0), 0.0])
    assert set(turned.face_index.tolist()) == {39 + 10}
    assert turned.scheme == "ibug17"
