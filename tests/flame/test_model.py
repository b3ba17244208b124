"""FLAME's arithmetic against vertices worked out independently: one vertex at a time, with 4 x 4 matrices."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.spatial.transform import Rotation

from renderkit.errors import DatasetError
from renderkit.flame.model import FlameModel, check_stored_vertices

NUM_VERTICES, NUM_SHAPE, NUM_EXPRESSION = 17, 4, 3
PARENTS = [-1, 0, 1, 1, 1]


def numbers() -> dict[str, Any]:
    """Return a small model under the official keys, with J_regressor sparse and the root's parent as stored."""
    random = np.random.default_rng(11)
    weights = random.random((NUM_VERTICES, 5)) ** 3
    regressor = random.random((5, NUM_VERTICES)) * (random.random((5, NUM_VERTICES)) < 0.5)
    regressor[:, 0] += 0.1
    return {
        "v_template": random.normal(0.0, 0.1, (NUM_VERTICES, 3)) + np.array([0.2, -0.1, 0.3]),
        "shapedirs": random.normal(0.0, 0.02, (NUM_VERTICES, 3, NUM_SHAPE + NUM_EXPRESSION)),
        "posedirs": random.normal(0.0, 0.02, (NUM_VERTICES, 3, 36)),
        "J_regressor": scipy.sparse.csc_matrix(regressor / regressor.sum(axis=1, keepdims=True)),
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], dtype=np.uint32),
        "f": np.array([[0, 1, 2], [3, 4, 5]], dtype=np.uint32),
    }


@pytest.fixture
def model(tmp_path: Path) -> FlameModel:
    file = tmp_path / "generic_model.pkl"
    file.write_bytes(pickle.dumps(numbers(), 2))
    return FlameModel.load(file, num_shape=NUM_SHAPE)


def by_hand(
    shape: np.ndarray[Any, Any], expression: np.ndarray[Any, Any], pose: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Pose the model vertex by vertex with homogeneous matrices; shares no code with the model."""
    m = numbers()
    regressor = m["J_regressor"].toarray()
    coefficients = [*shape, *expression]
    shaped = np.zeros((NUM_VERTICES, 3))
    joints = np.zeros((5, 3))
    for v, axis in np.ndindex(NUM_VERTICES, 3):
        shaped[v, axis] = m["v_template"][v, axis]
        for k, coefficient in enumerate(coefficients):
            shaped[v, axis] += m["shapedirs"][v, axis, k] * coefficient
    for j, v in np.ndindex(5, NUM_VERTICES):
        joints[j] += regressor[j, v] * shaped[v]
    turns = [Rotation.from_rotvec(each).as_matrix() for each in pose]
    features = [turn[row][column] - (row == column) for turn in turns[1:] for row in range(3) for column in range(3)]
    world: list[np.ndarray[Any, Any]] = []
    for j in range(5):
        about = np.eye(4)  # turn about the joint itself, in the unposed head's coordinates
        about[:3, :3] = turns[j]
        about[:3, 3] = joints[j] - turns[j] @ joints[j]
        world.append(about if PARENTS[j] < 0 else world[PARENTS[j]] @ about)
    result = []
    for v in range(NUM_VERTICES):
        corrected = [shaped[v][a] + sum(m["posedirs"][v][a][k] * f for k, f in enumerate(features)) for a in range(3)]
        point = np.zeros(4)
        for j in range(5):
            point += m["weights"][v][j] * (world[j] @ np.array([*corrected, 1.0]))
        result.append(point[:3])
    return np.array(result)


@pytest.mark.parametrize("joint", range(5))
def test_each_joint_alone(model: FlameModel, joint: int) -> None:
    pose = np.zeros((5, 3))
    pose[joint] = (0.4, -0.7, 0.3)
    shape, expression = np.array([1.0, -2.0, 0.5, 0.1]), np.array([0.3, -0.6, 0.9])
    np.testing.assert_allclose(model.vertices(shape, expression, pose), by_hand(shape, expression, pose), atol=1e-12)


def test_all_joints_shape_expression_and_translation(model: FlameModel) -> None:
    random = np.random.default_rng(5)
    for _ in range(5):
        shape, expression, pose = random.normal(size=4), random.normal(size=3), random.normal(0.0, 0.6, (5, 3))
        shift = random.normal(size=3)
        expected = by_hand(shape, expression, pose) + shift
        np.testing.assert_allclose(model.vertices(shape, expression, pose, shift), expected, atol=1e-12)


def test_global_rotation_turns_about_the_root_joint(model: FlameModel) -> None:
    pose = np.zeros((5, 3))
    pose[0] = (0.0, np.pi / 2, 0.0)
    root = numbers()["J_regressor"].toarray()[0] @ numbers()["v_template"]
    arms = numbers()["v_template"] - root
    turned = np.column_stack([arms[:, 2], arms[:, 1], -arms[:, 0]]) + root
    np.testing.assert_allclose(model.vertices(pose=pose), turned, atol=1e-12)


def test_short_coefficients_are_padded_and_long_ones_refused(model: FlameModel) -> None:
    np.testing.assert_array_equal(model.vertices([0.7]), model.vertices([0.7, 0.0, 0.0, 0.0], [0.0]))
    np.testing.assert_allclose(model.vertices(), numbers()["v_template"], atol=1e-15)
    with pytest.raises(ValueError, match="at most 4 coefficients, got 5"):
        model.vertices(np.zeros(5))
    with pytest.raises(ValueError, match="pose"):
        model.vertices(pose=np.zeros((4, 4)))


def test_npz_and_pickle_give_the_same_model(model: FlameModel, tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", **(numbers() | {"J_regressor": numbers()["J_regressor"].toarray()}))
    other = FlameModel.load(tmp_path / "m.npz", num_shape=NUM_SHAPE)
    pose = np.full((5, 3), 0.2)
    np.testing.assert_array_equal(other.vertices([1.0], [1.0], pose), model.vertices([1.0], [1.0], pose))
    assert model.mesh(model.template).faces.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"weights": None}, "lacks weights"),
        ({"weights": np.zeros((NUM_VERTICES, 4))}, "weights: expected shape"),
        ({"posedirs": np.zeros((NUM_VERTICES, 3, 27))}, "pose_directions"),
        ({"f": np.array([[0, 1, 99]])}, "outside"),
        ({"kintree_table": np.array([[0, 2, 1, 1, 1]])}, "parents"),
        ({"kintree_table": np.array([[0, 0]])}, "parents"),
        ({"shapedirs": np.zeros((NUM_VERTICES, 3, 2))}, "at least 4"),
        ({"v_template": np.full((NUM_VERTICES, 3), np.nan)}, "NaN"),
    ],
)
def test_files_that_are_no_model(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    content = {key: value for key, value in (numbers() | change).items() if value is not None}
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(content, 2))
    with pytest.raises(DatasetError, match=why):
        FlameModel.load(tmp_path / "m.pkl", num_shape=NUM_SHAPE)


def test_a_missing_model_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"flame\.is\.tue\.mpg\.de"):
        FlameModel.load(tmp_path / "none.pkl")


def test_stored_vertices_are_checked_and_their_translation_found(model: FlameModel) -> None:
    pose = np.full((5, 3), 0.1)
    computed = by_hand(np.ones(4), np.ones(3), pose)
    check = check_stored_vertices(model, computed + np.array([0.5, -1.0, 2.0]), np.ones(4), np.ones(3), pose)
    np.testing.assert_allclose(check.offset, [0.5, -1.0, 2.0], atol=1e-12)
    assert check.largest < 1e-12
    wrong = check_stored_vertices(model, computed, np.ones(4), np.ones(3), np.zeros((5, 3)))
    assert wrong.median > 1e-3


def test_a_batch_of_one_is_one_set_of_parameters(model: FlameModel) -> None:
    shape, expression, translation = np.array([0.5, -1.0]), np.array([0.25]), np.array([1.0, 2, 3])
    pose = np.linspace(-0.3, 0.3, 15).reshape(5, 3)
    one = model.vertices(shape, expression, pose, translation)
    np.testing.assert_array_equal(one, model.vertices(shape[None], expression[None], pose[None], translation[None]))
    with pytest.raises(ValueError, match="shape"):
        model.vertices(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("pose", "why"),
    [
        (np.tile(np.eye(3), (5, 1, 1)), "rotation matrices"),
        (np.zeros((5, 6)), "six numbers"),
        (np.zeros((5, 4)), "quaternions"),
        (np.zeros((4, 3)), "expected shape .5, 3., got .4, 3., of global, neck, jaw"),
        (np.zeros(6), "expected shape .5, 3."),
    ],
)
def test_rotations_in_another_form_are_named(model: FlameModel, pose: np.ndarray[Any, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        model.vertices(pose=pose)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"v_template": np.zeros((6890, 3))}, "6890 vertices are SMPL"),
        ({"shape": np.zeros(300)}, "it holds shape: parameters of a fit, for FlameModel.vertices"),
        ({"lmk_face_idx": np.zeros(51)}, "it holds lmk_face_idx: where landmarks lie on FLAME"),
    ],
)
def test_files_of_other_kinds_are_named(tmp_path: Path, arrays: dict[str, Any], why: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DatasetError, match=why):
        FlameModel.load(tmp_path / "a.npz")


def test_a_mesh_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "head.obj").write_text("v 0 0 0\n")
    with pytest.raises(DatasetError, match="a mesh; expected the model"):
        FlameModel.load(tmp_path / "head.obj")
