"""What a file is that is given as FLAME and is not: for the refusal."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from renderkit.errors import DatasetError
from renderkit.wording import list_names

FLAME_VERTICES: Final = 5023
TEETH_VERTICES: Final = 5143

_BY_COUNT: Final = {
    6890: "SMPL or SMPL-H, a body",
    10475: "SMPL-X, a body with FLAME's head among its parts; SMPL-X__FLAME_vertex_ids.npy lists its vertices",
    778: "MANO, a hand",
    53215: "the Basel Face Model as 3DDFA has it",
    35709: "the Basel Face Model as Deep3DFaceRecon has it",
    26317: "FaceScape's TU model",
    26719: "ICT-FaceKit",
}
"""Other models by their number of vertices."""

_BY_KEYS: Final = (
    ({"lmk_face_idx", "static_lmk_faces_idx"}, "where landmarks lie on FLAME (read_landmark_embeddings)"),
    (
        {"shape", "shape_params", "betas", "exp", "expr", "expression", "expression_params", "jaw_pose", "global_pose"},
        "parameters of a fit, for FlameModel.vertices",
    ),
    ({"verts", "vertices"}, "vertices without faces"),
)
"""Other files about FLAME by one of their arrays."""


def refuse_other_model(path: Path, num_vertices: int | None) -> None:
    """Refuse a model that is known to be another one.

    Raises:
        DatasetError: Naming it.
    """
    if num_vertices in _BY_COUNT:
        raise DatasetError(
            path, None, f"not FLAME: {num_vertices} vertices are {_BY_COUNT[num_vertices]}; FLAME has {FLAME_VERTICES}"
        )


def other_content(names: Collection[str]) -> str:
    """Return what arrays of these names are, as far as it shows."""
    what = next((f": {what}" for keys, what in _BY_KEYS if keys & set(names)), "")
    return f"it holds {list_names(sorted(names), 8) or 'no arrays'}{what}"
