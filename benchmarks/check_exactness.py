"""Compare a renderer with the ray caster and OpenCV: python benchmarks/check_exactness.py.

Runs on a synthetic rig of sixty cameras whose lenses fold over, with a synthetic head, and then on the real rig if its
folder of data lies beside the checkout or is given by --data. Prints, per camera, how many mask pixels differ from
casting one ray per pixel, how far the farthest of them is from an edge of the mesh, the median relative depth
difference, and how far the pixel centres are from cv2.projectPoints of the surface points that the renderer says they
see.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from renderkit.arrays import FloatArray, MaskImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.base import Renderer, Rendering, RenderPass
from renderkit.renderers.choose import make_renderer
from renderkit.renderers.raycast import RayCaster
from renderkit.synth.flame_head import build_flame_head
from renderkit.synth.placement import RENDERME360_PLACEMENT
from renderkit.synth.rig import FULL_SIZE, NUM_RENDERME360, renderme360_rig

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_SEGMENTS = 32


@dataclass(frozen=True, eq=False)
class Scene:
    """What is rendered.

    Attributes:
        name: Heading of its table.
        mesh: The head.
        cameras: The rig.
    """

    name: str
    mesh: Mesh
    cameras: Sequence[Camera]


def synthetic_scene() -> Scene:
    """Return the bare synthetic head in a rig like RenderMe-360's, 2448 x 2048 px, lenses that fold over."""
    head = build_flame_head()
    mesh = Mesh(RENDERME360_PLACEMENT.apply(head.vertices), head.faces, name="synthetic head")
    rig = renderme360_rig(NUM_RENDERME360, FULL_SIZE, "folding", seed=0)
    return Scene("synthetic rig", mesh, list(rig.values()))


def scenes(data: Path) -> Iterator[Scene]:
    """Yield the synthetic scene, and the real one if its data is there."""
    yield synthetic_scene()
    if data.is_dir():
        yield Scene("real rig", real_head(data), real_cameras(data))
    else:
        print(f"no real rig: {data} is not a folder")


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


@dataclass(frozen=True)
class Comparison:
    """One camera: a renderer against the ray caster.

    Attributes:
        num_covered: Pixels that the ray caster sees the mesh in.
        iou: Of the two masks.
        num_different: Mask pixels that differ.
        farthest_px: The farthest of them from an edge of the mesh.
        num_inconsistent: Pixels that differ between `render_mask` and `render`.
        depth_error: Median relative difference of depth where both see the same face.
        error_px: Distance between pixel centres and OpenCV's projection of what they see.
    """

    num_covered: int
    iou: float
    num_different: int
    farthest_px: float
    num_inconsistent: int
    depth_error: float
    error_px: float


def compare(renderer: Renderer, caster: RayCaster, mesh: Mesh, camera: Camera) -> Comparison:
    """Compare one view."""
    mask = renderer.render_mask(mesh, camera)
    rendering = renderer.render(mesh, camera, RenderPass.BARYCENTRIC)
    oracle = caster.render(camera)
    iou, num_different, farthest_px = compare_masks(mask, oracle.mask, mesh, camera)
    same = (rendering.face_index == oracle.face_index) & oracle.mask
    return Comparison(
        num_covered=int(np.count_nonzero(oracle.mask)),
        iou=iou,
        num_different=num_different,
        farthest_px=farthest_px,
        num_inconsistent=int(np.count_nonzero(mask != rendering.mask)),
        depth_error=float(np.median(np.abs(rendering.depth[same] / oracle.depth[same] - 1.0))),
        error_px=surface_error_px(rendering, mesh, camera),
    )


def check_scene(scene: Scene, renderer: Renderer, num_cameras: int) -> None:
    """Print one row per camera, and the worst of each column."""
    caster = RayCaster(scene.mesh)
    print(f"\n{scene.name}: {scene.mesh.name}, {len(scene.mesh.faces)} faces")
    print("camera       IoU       px differ mask/face  edge px depth rel   cv2 px")
    rows = []
    for camera in scene.cameras[:num_cameras]:
        row = compare(renderer, caster, scene.mesh, camera)
        rows.append(row)
        print(
            f"{camera.name:>6} {row.iou:9.6f} {row.num_covered:8d} {row.num_different:6d} {row.num_inconsistent:9d} "
            f"{row.farthest_px:8.4f} {row.depth_error:9.1e} {row.error_px:8.4f}",
            flush=True,
        )
    num_different, farthest_px = max(row.num_different for row in rows), max(row.farthest_px for row in rows)
    depth_error, error_px = max(row.depth_error for row in rows), max(row.error_px for row in rows)
    print(
        f"worst of {len(rows)}: IoU {min(row.iou for row in rows):.6f}, {num_different} px differ, "
        f"{farthest_px:.4f} px from an edge, depth {depth_error:.1e}, cv2 {error_px:.4f} px"
    )


def main() -> None:
    """Check both scenes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renderer", choices=["egl", "cpu"], default="egl")
    parser.add_argument("--data", type=Path, default=_DATA, help="folder with the real rig")
    parser.add_argument("--cameras", type=int, default=NUM_RENDERME360, help="how many cameras of each rig")
    options = parser.parse_args()
    with make_renderer(options.renderer) as renderer:
        print(f"{renderer.info.device} ({renderer.info.version})")
        for scene in scenes(options.data):
            check_scene(scene, renderer, options.cameras)


if __name__ == "__main__":
    main()
