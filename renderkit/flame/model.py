"""The FLAME head model: parameters in, vertices out.

Li, Bolkart, Black, Li, Romero: "Learning a model of facial shape and expression from 4D scans", SIGGRAPH Asia 2017.
The arithmetic is SMPL's (Loper et al. 2015) with five joints. No model file is part of renderkit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arrays import Faces, FloatArray, Points3, as_array, frozen
from renderkit.errors import DatasetError
from renderkit.flame.mistaken import other_content, refuse_other_model
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files import MESH_SUFFIXES
from renderkit.untrusted.npz import read_npz
from renderkit.untrusted.pickled_arrays import read_pickled_arrays

JOINTS = ("global", "neck", "jaw", "left eye", "right eye")
NUM_SHAPE = 300
"""How many of the official model's shape directions are identity; the rest are expression."""

_KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")


@dataclass(frozen=True, eq=False)
class FlameModel:
    """A FLAME model of V vertices.

    Attributes:
        template: (V, 3) mean head, model units (metres).
        shape_directions: (V, 3, S) identity.
        expression_directions: (V, 3, E) expression.
        pose_directions: (V, 3, 36) correctives: nine per joint but the root, in the order of a row-major R - I.
        joint_regressor: (5, V) joints from shaped vertices.
        weights: (V, 5) skinning weights.
        parents: (5,) parent of each joint, -1 for the root; a parent comes before its children.
        faces: (F, 3) vertex indices.

    Example:
        >>> import renderkit as rk
        >>> model = rk.FlameModel(
        ...     template=np.eye(3),
        ...     shape_directions=np.zeros((3, 3, 2)),
        ...     expression_directions=np.zeros((3, 3, 1)),
        ...     pose_directions=np.zeros((3, 3, 36)),
        ...     joint_regressor=np.full((5, 3), 1 / 3),
        ...     weights=np.full((3, 5), 0.2),
        ...     parents=(-1, 0, 1, 1, 1),
        ...     faces=[[0, 1, 2]],
        ... )
        >>> model.template.shape
        (3, 3)
    """

    template: Points3
    shape_directions: FloatArray
    expression_directions: FloatArray
    pose_directions: FloatArray
    joint_regressor: FloatArray
    weights: FloatArray
    parents: tuple[int, ...]
    faces: Faces

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If shapes disagree, the joints are no tree, or a face points outside the vertices.
        """
        template = as_array(self.template, np.float64, (None, 3), "template")
        count, joints = len(template), len(JOINTS)
        shapes: dict[str, tuple[int | None, ...]] = {
            "shape_directions": (count, 3, None),
            "expression_directions": (count, 3, None),
            "pose_directions": (count, 3, 9 * (joints - 1)),
            "joint_regressor": (joints, count),
            "weights": (count, joints),
        }
        object.__setattr__(self, "template", frozen(template))
        for name, shape in shapes.items():
            object.__setattr__(self, name, frozen(as_array(getattr(self, name), np.float64, shape, name)))
        parents = tuple(int(parent) for parent in self.parents)
        if len(parents) != joints or parents[0] != -1 or not all(0 <= p < j for j, p in enumerate(parents[1:], 1)):
            raise ValueError(f"parents: expected -1 and then, for each joint, one before it; got {parents}")
        object.__setattr__(self, "parents", parents)
        object.__setattr__(self, "faces", Mesh(template, self.faces).faces)

    @classmethod
    def load(cls, path: str | Path, *, num_shape: int = NUM_SHAPE) -> FlameModel:
        """Read an official model (.pkl, a Python 2 pickle; nothing in it is run) or an .npz of the same keys.

        Args:
            path: The file.
            num_shape: How many of `shapedirs` are identity; the rest are expression.

        Raises:
            DatasetError: If the file is missing, damaged, lacks an array, or is a pickle of more than arrays.
        """
        file = Path(path)
        if not file.is_file():
            raise DatasetError(file, None, "no such file; FLAME is at flame.is.tue.mpg.de, after registration")
        if file.suffix.lower() in MESH_SUFFIXES and file.suffix.lower() != ".npz":
            raise DatasetError(file, None, "a mesh; expected the model with its directions and weights, .pkl or .npz")
        arrays = read_model_arrays(file)
        lacking = [key for key in _KEYS if key not in arrays]
        refuse_other_model(file, len(arrays["v_template"]) if arrays.get("v_template", np.empty(())).ndim else None)
        if lacking:
            why = f"not a FLAME model: it lacks {', '.join(lacking)}; {other_content(arrays)}"
            raise DatasetError(file, None, why)
        directions = arrays["shapedirs"]
        if directions.ndim != 3 or directions.shape[2] < num_shape:
            why = (
                f"expected (V, 3, at least {num_shape}), found {directions.shape}; num_shape says how many are identity"
            )
            raise DatasetError(file, "shapedirs", why)
        try:
            return cls(
                arrays["v_template"],
                directions[:, :, :num_shape],
                directions[:, :, num_shape:],
                arrays["posedirs"],
                arrays["J_regressor"],
                arrays["weights"],
                _parents(arrays["kintree_table"]),
                arrays["f"],
            )
        except (ValueError, IndexError) as error:
            raise DatasetError(file, None, f"not a FLAME model: {error}") from error

    def vertices(
        self,
        shape: ArrayLike = (),
        expression: ArrayLike = (),
        pose: ArrayLike | None = None,
        translation: ArrayLike = (0.0, 0.0, 0.0),
    ) -> Points3:
        """Return the posed head.

        Args:
            shape: At most S identity coefficients; the rest are zero.
            expression: At most E expression coefficients; the rest are zero.
            pose: (5, 3) axis-angle per joint, rad: global, neck, jaw, left eye, right eye; None for none.
            translation: (3,) added last.

        A leading axis of length 1, as programs that fit batches write it, is left out.

        Returns:
            (V, 3) vertices. The global rotation turns about the root joint, not about the origin.

        Raises:
            ValueError: If there are more coefficients than directions, or a shape is wrong.
        """
        shaped = self.shaped(shape, expression)
        rotations = rotation_matrices(np.zeros((len(JOINTS), 3)) if pose is None else _axis_angles(pose))
        features = (rotations[1:] - np.eye(3)).reshape(-1)
        posed = shaped + self.pose_directions @ features
        joints = self.joint_regressor @ shaped
        turned, shift = self._joint_transforms(rotations, joints)
        blended = np.einsum("vj,jab->vab", self.weights, turned)
        moved = np.einsum("vab,vb->va", blended, posed) + self.weights @ shift
        result: Points3 = moved + as_array(_unbatched(translation, 1), np.float64, (3,), "translation")
        return result

    def shaped(self, shape: ArrayLike = (), expression: ArrayLike = ()) -> Points3:
        """Return (V, 3) vertices of the unposed head; see `vertices`.

        Raises:
            ValueError: If there are more coefficients than the model has.
        """
        result: Points3 = self.template.copy()
        for values, directions, name in (
            (shape, self.shape_directions, "shape"),
            (expression, self.expression_directions, "expression"),
        ):
            coefficients = as_array(_unbatched(values, 1), np.float64, (None,), name)
            if len(coefficients) > directions.shape[2]:
                raise ValueError(
                    f"{name}: expected at most {directions.shape[2]} coefficients, got {len(coefficients)}"
                )
            result += directions[:, :, : len(coefficients)] @ coefficients
        return result

    def mesh(self, vertices: Points3, name: str = "flame") -> Mesh:
        """Return (V, 3) vertices with the model's faces."""
        return Mesh(as_array(vertices, np.float64, (len(self.template), 3), "vertices"), self.faces, name=name)

    def _joint_transforms(self, rotations: FloatArray, joints: Points3) -> tuple[FloatArray, FloatArray]:
        """Return (5, 3, 3) rotations and (5, 3) shifts that take the unposed head to where each joint carries it."""
        turned, place = np.empty_like(rotations), np.empty_like(joints)
        for joint, parent in enumerate(self.parents):
            if parent < 0:
                turned[joint], place[joint] = rotations[joint], joints[joint]
            else:
                turned[joint] = turned[parent] @ rotations[joint]
                place[joint] = turned[parent] @ (joints[joint] - joints[parent]) + place[parent]
        return turned, place - np.einsum("jab,jb->ja", turned, joints)


@dataclass(frozen=True, eq=False)
class StoredVertexCheck:
    """How well stored vertices agree with the parameters stored beside them.

    Attributes:
        offset: (3,) mean of stored minus computed vertices: the translation that the stored ones carry.
        residuals: (V,) distances that are left once `offset` is taken out, model units.
    """

    offset: FloatArray
    residuals: FloatArray

    @property
    def median(self) -> float:
        """Median distance."""
        return float(np.median(self.residuals))

    @property
    def largest(self) -> float:
        """Largest distance."""
        return float(np.max(self.residuals))


def check_stored_vertices(
    model: FlameModel, stored: Points3, shape: ArrayLike, expression: ArrayLike, pose: ArrayLike
) -> StoredVertexCheck:
    """Compare a dataset's stored vertices with those of its stored parameters.

    Args:
        model: The model that the fit was made with.
        stored: (V, 3) stored vertices.
        shape: Identity coefficients.
        expression: Expression coefficients.
        pose: (5, 3) axis-angle; see `FlameModel.vertices`.
    """
    difference = as_array(stored, np.float64, (len(model.template), 3), "stored") - model.vertices(
        shape, expression, pose
    )
    offset = difference.mean(axis=0)
    return StoredVertexCheck(frozen(offset), frozen(np.linalg.norm(difference - offset, axis=1)))


def read_model_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz, or of a .pkl or .npy that holds a pickled dictionary of arrays.

    Raises:
        DatasetError: If it cannot be read as such.
    """
    return read_npz(path) if path.suffix.lower() == ".npz" else read_pickled_arrays(path)


def rotation_matrices(pose: ArrayLike) -> FloatArray:
    """Return (N, 3, 3) rotations of (N, 3) axis-angle vectors in rad (OpenCV's Rodrigues)."""
    vectors = as_array(pose, np.float64, (None, 3), "pose")
    return np.stack([np.asarray(cv2.Rodrigues(vector)[0]) for vector in vectors])


def _unbatched(values: ArrayLike, ndim: int) -> ArrayLike:
    """Return one set of parameters without the axis of a batch of one."""
    array = np.asarray(values)
    return array[0] if array.ndim == ndim + 1 and len(array) == 1 else values


def _axis_angles(pose: ArrayLike) -> FloatArray:
    """Return (5, 3) axis-angle vectors.

    Raises:
        ValueError: If it is something else, such as matrices.
    """
    given = _unbatched(pose, 2)
    try:
        return as_array(given, np.float64, (len(JOINTS), 3), "pose")
    except ValueError as error:
        forms = {(3, 3): "rotation matrices", (6,): "six numbers of a rotation each", (4,): "quaternions"}
        form = forms.get(np.shape(given)[1:])
        hint = f": {form}; expected axis-angle vectors, as cv2.Rodrigues gives them" if form else ""
        raise ValueError(f"{error}{hint}, of {', '.join(JOINTS)}") from error


def _parents(kintree_table: NDArray[Any]) -> tuple[int, ...]:
    """Return parents from the official (2, 5) table, whose root has 2^32 - 1 or -1."""
    parents = [int(parent) for parent in np.atleast_2d(kintree_table)[0]]
    return (-1, *parents[1:])
