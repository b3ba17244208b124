"""Hold a renderer against the ray-cast oracle and OpenCV on sixty real cameras: python benchmarks/check_exactness.py.

Needs the folder of real data beside the checkout. Prints, per camera, how many mask pixels differ from casting one ray
per pixel, how far the farthest of them is from an edge of the mesh, the median relative depth difference, and how far
the pixel centres are from cv2.projectPoints of the surface points that the renderer says they see.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from renderkit.arrays import FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.render.base import Rendering, RenderPass
from renderkit.render.choose import make_renderer
from renderkit.render.raycast import RayCaster

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_SEGMENTS = 32


def real_cameras(data: Path) -> list[Camera]:
    """Read the sixty cameras: K, D, RT camera-to-world, 2448 x 2048 px."""
    calibration = json.loads((data / "renderme360" / "calibration_distorted.json").read_text())
    return [
        Camera.from_opencv(entry["K"], entry["D"], Pose.from_matrix(entry["RT"]).inverse(), (2448, 2048), name)
        for name, entry in calibration.items()
    ]


def real_head(data: Path) -> Mesh:
    """Read the FLAME fit: its vertices exclude the translation, which is in `cam`."""
    fit = np.load(data / "renderme360" / "flame_fit.npz")
    faces = np.load(data / "flame" / "topology.npz")["faces"]
    return Mesh(fit["verts"][0] + fit["cam"][0, 1:4], faces, name="flame")


def distance_to_edges(pixels: FloatArray, mesh: Mesh, camera: Camera) -> FloatArray:
    """Return the distance of (N, 2) pixels to the nearest edge of the mesh, edges bent by the lens."""
    edges = np.unique(np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    steps = np.linspace(0.0, 1.0, _SEGMENTS + 1)[:, None, None]
    points = mesh.vertices[edges[:, 0]] * (1.0 - steps) + mesh.vertices[edges[:, 1]] * steps
    drawn = camera.project(points.reshape(-1, 3)).reshape(len(steps), -1, 2)
    result = np.full(len(pixels), np.inf)
    with np.errstate(invalid="ignore"):
        low, high = drawn.min(axis=0) - 2.0, drawn.max(axis=0) + 2.0
        partly = np.isnan(drawn).any(axis=(0, 2))
    for index, pixel in enumerate(pixels):
        near = partly | ((pixel >= low) & (pixel <= high)).all(axis=1)
        start, end = drawn[:-1, near].reshape(-1, 2), drawn[1:, near].reshape(-1, 2)
        along = end - start
        part = ((pixel - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-30)
        foot = start + np.clip(part, 0.0, 1.0)[:, None] * along
        gaps = np.linalg.norm(pixel - foot, axis=1)
        result[index] = np.min(gaps[np.isfinite(gaps)], initial=np.inf)
    return result


def surface_error_px(rendering: Rendering, mesh: Mesh, camera: Camera) -> float:
    """Return the 99.9th percentile of the distance from a pixel's centre to OpenCV's projection of what it sees.

    The last thousandth are faces seen edge-on, where a pixel's point is not defined by its centre.
    """
    rows, columns = np.nonzero(rendering.mask)
    if not len(rows) or rendering.barycentric is None:
        return 0.0
    corners = mesh.vertices[mesh.faces[rendering.face_index[rows, columns]]]
    points = np.einsum("ni,nij->nj", rendering.barycentric[rows, columns].astype(np.float64), corners)
    pose = camera.cam_from_world
    pixels, _ = cv2.projectPoints(
        points.reshape(-1, 1, 3), pose.rotation_vector, pose.t, camera.K, camera.distortion.coefficients
    )
    gaps = np.linalg.norm(pixels.reshape(-1, 2) - np.column_stack([columns, rows]), axis=1)
    return float(np.quantile(gaps, 0.999))


def compare_masks(rendered: MaskImage, cast: MaskImage, mesh: Mesh, camera: Camera) -> tuple[float, int, float]:
    """Return IoU, the number of differing pixels, and how far the farthest of them is from an edge."""
    different = np.column_stack(np.nonzero(rendered != cast))[:, ::-1].astype(np.float64)
    union = int(np.count_nonzero(rendered | cast))
    iou = 1.0 - len(different) / union if union else float("nan")
    return iou, len(different), float(np.max(distance_to_edges(different, mesh, camera), initial=0.0))


def main() -> None:
    """Print one row per camera."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renderer", choices=["egl", "cpu"], default="egl")
    parser.add_argument("--data", type=Path, default=_DATA)
    parser.add_argument("--cameras", type=int, default=60)
    options = parser.parse_args()
    mesh = real_head(options.data)
    caster = RayCaster(mesh)
    with make_renderer(options.renderer) as renderer:
        print(f"{renderer.info.device} ({renderer.info.version})")
        print("camera       IoU       px differ mask/face  edge px depth rel   cv2 px")
        for camera in real_cameras(options.data)[: options.cameras]:
            mask = renderer.render_mask(mesh, camera)
            rendering = renderer.render(mesh, camera, RenderPass.BARYCENTRIC)
            oracle = caster.render(camera)
            iou, num_different, farthest = compare_masks(mask, oracle.mask, mesh, camera)
            same = (rendering.face_index == oracle.face_index) & oracle.mask
            depth = np.abs(rendering.depth[same] / oracle.depth[same] - 1.0)
            error = surface_error_px(rendering, mesh, camera)
            print(
                f"{camera.name:>6} {iou:9.6f} {np.count_nonzero(oracle.mask):8d} {num_different:6d} "
                f"{np.count_nonzero(mask != rendering.mask):9d} {farthest:8.4f} "
                f"{np.median(depth):9.1e} {error:8.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
