"""Where landmarks lie on FLAME: fixed points, and a contour that slides with the head's yaw.

The 17 contour points are where the face's outline is seen, so they have no fixed place on the mesh; FLAME's dynamic
embedding gives one for each degree of yaw, as FLAME_PyTorch does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arguments import as_path
from renderkit.arrays import Faces, FloatArray, Points3, as_array, frozen
from renderkit.errors import DatasetError
from renderkit.flame.model import read_model_arrays, rotation_matrices
from renderkit.geometry.landmarks import Landmarks

MAX_YAW_DEG = 39
"""The dynamic embedding's range: rows 0..39 for yaw 0..39 degrees, rows 40..78 for -1..-39."""

_SCHEMES = {51: "ibug51", 68: "ibug68", 17: "ibug17"}
_STATIC_NAMES = (("static_lmk_faces_idx", "static_lmk_bary_coords"), ("lmk_face_idx", "lmk_b_coords"))
_FULL_NAMES = (("full_lmk_faces_idx", "full_lmk_bary_coords"),)
_DYNAMIC_NAMES = (("dynamic_lmk_faces_idx", "dynamic_lmk_bary_coords"), ("lmk_face_idx", "lmk_b_coords"))


@dataclass(frozen=True, eq=False)
class LandmarkEmbedding:
    """Landmarks as fixed points on faces.

    Attributes:
        face_index: (L,) face of each landmark.
        barycentric: (L, 3) weights of the face's vertices.
        scheme: Which landmarks these are: "ibug51", "ibug68", "mediapipe", ...
        landmark_indices: (L,) which points of the scheme are embedded, for "mediapipe"; else None.
    """

    face_index: NDArray[np.int64]
    barycentric: FloatArray
    scheme: str
    landmark_indices: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If shapes disagree or weights do not sum to one.
        """
        face_index = as_array(self.face_index, np.int64, (None,), "face_index")
        barycentric = as_array(self.barycentric, np.float64, (len(face_index), 3), "barycentric")
        if face_index.size and face_index.min() < 0:
            raise ValueError(f"face_index: expected indices from 0, got {face_index.min()}")
        if not np.allclose(barycentric.sum(axis=1), 1.0, atol=1e-3):
            raise ValueError("barycentric: expected weights that sum to one")
        object.__setattr__(self, "face_index", frozen(face_index))
        object.__setattr__(self, "barycentric", frozen(barycentric))
        if self.landmark_indices is not None:
            indices = as_array(self.landmark_indices, np.int64, (len(face_index),), "landmark_indices")
            object.__setattr__(self, "landmark_indices", frozen(indices))

    def landmarks(self, vertices: Points3, faces: Faces) -> Landmarks:
        """Return the (L, 3) landmarks on a mesh of (V, 3) vertices and (F, 3) faces.

        Raises:
            ValueError: If the embedding names a face that the mesh has not.
        """
        largest = int(np.max(self.face_index, initial=-1))
        if largest >= len(faces):
            raise ValueError(f"the embedding names face {largest}, the mesh has {len(faces)}")
        corners = np.asarray(vertices)[faces[self.face_index]]
        return Landmarks.all_valid(np.einsum("lc,lcd->ld", self.barycentric, corners), self.scheme)


@dataclass(frozen=True, eq=False)
class DynamicContour:
    """The 17 contour landmarks for each whole degree of yaw.

    Attributes:
        face_index: (79, 17) faces; rows 0..39 for yaw 0..39 degrees, rows 40..78 for -1..-39.
        barycentric: (79, 17, 3) weights.
    """

    face_index: NDArray[np.int64]
    barycentric: FloatArray

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If shapes are wrong.
        """
        rows = 2 * MAX_YAW_DEG + 1
        face_index = as_array(self.face_index, np.int64, (rows, None), "face_index")
        barycentric = as_array(self.barycentric, np.float64, (*face_index.shape, 3), "barycentric")
        object.__setattr__(self, "face_index", frozen(face_index))
        object.__setattr__(self, "barycentric", frozen(barycentric))

    def at_pose(self, global_pose: ArrayLike, neck_pose: ArrayLike) -> LandmarkEmbedding:
        """Return the contour seen from the front of the model's own frame.

        Args:
            global_pose: (3,) axis-angle of the root, rad.
            neck_pose: (3,) axis-angle of the neck, rad.
        """
        row = contour_row(head_yaw_deg(global_pose, neck_pose))
        return LandmarkEmbedding(self.face_index[row], self.barycentric[row], "ibug17")


@dataclass(frozen=True, eq=False)
class LandmarkEmbeddings:
    """What an embedding file holds.

    Attributes:
        static: The 51 inner landmarks, or MediaPipe's points; or None.
        full: All 68 landmarks at fixed places, or None.
        contour: The sliding contour, or None.
    """

    static: LandmarkEmbedding | None
    full: LandmarkEmbedding | None
    contour: DynamicContour | None


def head_yaw_deg(global_pose: ArrayLike, neck_pose: ArrayLike) -> float:
    """Return the head's turn about the model's y axis in degrees, global rotation times neck rotation."""
    turns = rotation_matrices(
        np.stack(
            [as_array(global_pose, np.float64, (3,), "global_pose"), as_array(neck_pose, np.float64, (3,), "neck_pose")]
        )
    )
    relative = turns[0] @ turns[1]
    return float(np.degrees(np.arctan2(-relative[2, 0], np.hypot(relative[0, 0], relative[1, 0]))))


def contour_row(yaw_deg: float) -> int:
    """Return the dynamic embedding's row for a yaw, which is rounded to degrees and cut to the table's range."""
    degrees = int(np.clip(np.rint(yaw_deg), -MAX_YAW_DEG, MAX_YAW_DEG))
    return degrees if degrees >= 0 else MAX_YAW_DEG - degrees


def read_landmark_embeddings(path: str | Path) -> LandmarkEmbeddings:
    """Read an embedding: FLAME's static .pkl or .npz, dynamic .npy, DECA's landmark_embedding.npy, or MediaPipe's .npz.

    Raises:
        DatasetError: If the file is missing, damaged, or holds no embedding. Nothing in a pickle is run.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "mediapipe.npz")
        ...     np.savez(file, lmk_face_idx=[0, 7], lmk_b_coords=[[1, 0, 0], [0.2, 0.3, 0.5]], landmark_indices=[1, 4])
        ...     rk.read_landmark_embeddings(file).static.face_index.tolist()
        [0, 7]
    """
    file = as_path("path", path)
    if not file.is_file():
        raise DatasetError(file, None, "no such file")
    arrays = read_model_arrays(file)
    try:
        pair = _first(arrays, _STATIC_NAMES)
        static = None if pair is None or _is_table(pair[0]) else _embedding(*pair, arrays.get("landmark_indices"))
        pair = _first(arrays, _FULL_NAMES)
        full = None if pair is None else _embedding(*pair, None)
        pair = _first(arrays, _DYNAMIC_NAMES)
        contour = None if pair is None or not _is_table(pair[0]) else DynamicContour(*pair)
    except ValueError as error:
        raise DatasetError(file, None, f"not a landmark embedding: {error}") from error
    if static is None and full is None and contour is None:
        raise DatasetError(file, None, "not a landmark embedding: expected lmk_face_idx and lmk_b_coords")
    return LandmarkEmbeddings(static, full, contour)


def _first(
    arrays: dict[str, NDArray[Any]], names: tuple[tuple[str, str], ...]
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    return next(((arrays[a], arrays[b]) for a, b in names if a in arrays and b in arrays), None)


def _is_table(face_index: NDArray[Any]) -> bool:
    return face_index.ndim == 2 and face_index.shape[0] > 1


def _embedding(
    face_index: NDArray[Any], barycentric: NDArray[Any], landmark_indices: NDArray[Any] | None
) -> LandmarkEmbedding:
    flat = face_index.reshape(-1)
    scheme = "mediapipe" if landmark_indices is not None else _SCHEMES.get(len(flat), f"flame{len(flat)}")
    return LandmarkEmbedding(flat, barycentric.reshape(-1, 3), scheme, landmark_indices)
