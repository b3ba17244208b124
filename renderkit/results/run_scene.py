"""The geometry of a run: rig.json with its cameras, meshes.json with light previews of its meshes, for views in 3D."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import read_rig, write_rig
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.results.run_folder import own_file
from renderkit.untrusted.json_text import read_json
from renderkit.writing import write_json

RIG_NAME: Final = "rig.json"
MESHES_NAME: Final = "meshes.json"
SCHEMA: Final = "renderkit.meshes/1"
MAX_PREVIEW_VERTICES: Final = 3000
_MAX_BYTES = 64 << 20


def write_run_scene(folder: Path, rig: Rig, meshes: Mapping[str, Mesh]) -> None:
    """Write the cameras exactly and the meshes lightly into a run folder.

    Raises:
        DatasetError: If a file cannot be written.
    """
    write_rig(rig, folder / RIG_NAME, format="rig")
    previews = {name: preview_of(mesh) for name, mesh in meshes.items()}
    document = {
        "schema": SCHEMA,
        "meshes": {
            name: {"vertices": np.round(mesh.vertices, 6).tolist(), "faces": mesh.faces.tolist()}
            for name, mesh in previews.items()
        },
    }
    write_json(folder / MESHES_NAME, document, sort_keys=True)


def read_run_rig(folder: Path) -> Rig | None:
    """Read a run's cameras; None when the run has none stored.

    Raises:
        DatasetError: If the file exists but is not a rig.
    """
    path = folder / RIG_NAME
    return read_rig(path, "rig") if own_file(folder, path) else None


def read_mesh_previews(folder: Path) -> dict[str, Mesh]:
    """Read a run's mesh previews by mesh name; empty when the run has none stored.

    Raises:
        DatasetError: If the file is there but is not one of these.
    """
    path = folder / MESHES_NAME
    if not own_file(folder, path):
        return {}
    try:
        document = read_json(path, _MAX_BYTES)
        if document["schema"] != SCHEMA:
            raise DatasetError(path, "schema", f"expected {SCHEMA!r}, found {document['schema']!r}")
        return {
            name: Mesh(
                np.array(part["vertices"], np.float64).reshape(-1, 3),
                np.array(part["faces"], np.int32).reshape(-1, 3),
                name=name,
            )
            for name, part in document["meshes"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DatasetError(path, None, f"not a renderkit mesh preview: {error}") from error


def preview_of(mesh: Mesh, max_vertices: int = MAX_PREVIEW_VERTICES) -> Mesh:
    """Return a light copy with at most about `max_vertices` vertices, by clustering (Rossignac and Borrel 1993).

    Vertices in one cell of a grid become their mean; faces that lose a corner vanish. A mesh that is light already
    keeps its shape exactly. Vertices of no face, which may lie anywhere, are left out.
    """
    used = mesh.surface_vertices
    if used is not None:
        numbers = np.unique(mesh.faces, return_inverse=True)[1].reshape(-1, 3)
        mesh = Mesh(used, numbers.astype(np.int32), name=mesh.name)
    if len(mesh.vertices) <= max_vertices:
        return Mesh(mesh.vertices, mesh.faces, name=mesh.name)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    # A surface meets about 6 n^2 cells of an n^3 grid around it.
    cells = max(2, int(np.sqrt(max_vertices / 6.0)))
    while True:
        vertices, faces = _clustered(mesh, low, max(float(np.max(high - low)), 1e-300) / cells)
        if len(vertices) <= max_vertices or cells == 1:
            return Mesh(vertices, faces, name=mesh.name)
        cells = max(1, int(cells * 0.85))


def _clustered(mesh: Mesh, low: FloatArray, cell: float) -> tuple[FloatArray, Faces]:
    index = np.floor((mesh.vertices - low) / cell).astype(np.int64)
    _, group, counts = np.unique(_row_numbers(index), return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(group, mesh.vertices[:, axis], len(counts)) for axis in range(3)], axis=1)
    faces = group[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    _, first = np.unique(_row_numbers(np.sort(faces[whole], axis=1)), return_index=True)
    return sums / counts[:, None], faces[whole][first].astype(np.int32)


def _row_numbers(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each row of (N, 3) small numbers, in the order of the rows: sorted ten times faster."""
    base = int(rows.max(initial=0)) + 1
    return np.asarray((rows[:, 0] * base + rows[:, 1]) * base + rows[:, 2])
