"""A frame's two meshes compared in space: distances both ways, and a mesh coloured by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from renderkit.capture import Capture
from renderkit.errors import RenderkitError
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.surface import distance_colored, score_mesh_distance
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions
from renderkit.results.run_folder import SURFACES, safe_name
from renderkit.results.surface_comparison import DistanceSummary, SurfaceComparison
from renderkit.writing import make_subfolder, write_bytes


def compare_surfaces(
    capture: Capture, options: ValidationOptions, folder: Path | None = None
) -> Iterator[SurfaceComparison]:
    """Compare the scan and FLAME, or else the first two meshes, of every frame that has two with faces.

    Frames whose meshes cannot be read are left out: their rows say why.

    Args:
        capture: The capture.
        options: Which frames; meshes named there are the ones compared.
        folder: Run folder to write `surfaces/<frame>.ply` into: the second mesh coloured by its distance to the first,
            viridis up to the 95th percentile; None writes nothing.

    Raises:
        DatasetError: If a file cannot be written.
    """
    for frame_id in capture.frame_ids if options.frames is None else options.frames:
        try:
            meshes = _two_meshes(capture, frame_id, options)
        except RenderkitError:
            continue
        if meshes is None:
            continue
        first, second = meshes
        score = score_mesh_distance(first, second)
        backward = DistanceSummary.of(score.backward)
        colored = None
        if folder is not None:
            colored = f"{SURFACES}/{safe_name(frame_id)}.ply"
            limit = backward.p95 if backward.p95 > 0.0 else 1.0
            make_subfolder(folder, SURFACES)
            drawn = distance_colored(second, score.backward.distances, limit)
            write_bytes(folder / colored, bytes(drawn.to_trimesh().export(file_type="ply")))
        yield SurfaceComparison(frame_id, first.name, second.name, DistanceSummary.of(score.forward), backward, colored)


def _two_meshes(capture: Capture, frame_id: str, options: ValidationOptions) -> tuple[Mesh, Mesh] | None:
    frame = capture.frame(frame_id)
    names = options.meshes if len(options.meshes) > 1 else (*PREFERRED_MESHES, *options.meshes, *frame.mesh_names)
    found = []
    for name in dict.fromkeys(names):
        if name in frame.mesh_names:
            mesh = frame.read_mesh(name)
            if len(mesh.faces):
                found.append(Mesh(mesh.vertices, mesh.faces, name=name))
    return (found[0], found[1]) if len(found) > 1 else None
