"""FaceScape's multi-view models moved into the frame of the topologically uniform (TU) models, and back.

`Rt_scale_dict.json` holds, per subject and expression, a scale s and a (3, 4) matrix [R | t]:
X_TU = R (s X_mv) + t. The TU frame is in millimetres, face towards +Z, up +Y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arguments import as_path
from renderkit.arrays import Points3, as_array
from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.untrusted.json_text import read_json_object


@dataclass(frozen=True, eq=False)
class TuAlignment:
    """The similarity X_TU = R (s X_mv) + t of one tuple.

    Attributes:
        scale: s, millimetres per unit of the tuple's own world.
        tu_from_scaled: R and t in millimetres.
    """

    scale: float
    tu_from_scaled: Pose

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ValueError: If the scale is not a positive number.
        """
        if not (math.isfinite(self.scale) and self.scale > 0.0):
            raise ValueError(f"scale: expected a positive number, got {self.scale}")

    def to_tu(self, points_mv: ArrayLike) -> Points3:
        """Move (N, 3) points of the tuple's world into the TU frame, mm."""
        return self.tu_from_scaled.apply(self.scale * as_array(points_mv, np.float64, (None, 3), "points_mv"))

    def from_tu(self, points_tu: ArrayLike) -> Points3:
        """Move (N, 3) points of the TU frame, mm, into the tuple's world: X_mv = R^T (X_TU - t) / s."""
        return self.tu_from_scaled.inverse().apply(points_tu) / self.scale

    def camera_in_tu(self, camera: Camera) -> Camera:
        """Return the camera that sees points of the TU frame where `camera` sees the same points of its own world."""
        scaled = Pose(camera.cam_from_world.R, self.scale * camera.cam_from_world.t)
        return replace(camera, cam_from_world=scaled @ self.tu_from_scaled.inverse())


def read_tu_alignment(path: str | Path, subject: int | str, expression: int | str) -> TuAlignment:
    """Read one tuple's alignment from Rt_scale_dict.json.

    Args:
        path: The file.
        subject: The subject's id, such as 122.
        expression: The expression's number, or a tuple folder's name that begins with it, such as "4_anger".

    Raises:
        DatasetError: If the file is not such a file, or the tuple is not in it, or its numbers are no similarity.

    To draw a TU mesh into a tuple's picture, use `alignment.camera_in_tu(capture.camera("7"))`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "Rt_scale_dict.json")
        ...     _ = file.write_text('{"122": {"4": [2.0, [[1, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0]]]}}')
        ...     rk.read_tu_alignment(file, 122, "4_anger").scale
        2.0
    """
    file = as_path("path", path)
    first, second = str(subject), str(expression).split("_", 1)[0]
    entry = read_json_object(file).get(first)
    entry = entry.get(second) if isinstance(entry, dict) else None
    key = f"{first}/{second}"
    if entry is None:
        raise DatasetError(file, key, "this subject and expression are not in the file")
    try:
        scale, matrix = entry
        return TuAlignment(float(scale), Pose.from_matrix(matrix))
    except (ValueError, OverflowError, TypeError) as error:
        raise DatasetError(file, key, f"expected [scale, (3, 4) matrix]: {error}") from error
