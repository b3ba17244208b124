"""How long do people wait for a whole capture, from its files to the files that renderkit writes?

    python benchmarks/bench_whole.py

- FaceScape: JPEG photographs of 4 to 12 megapixels, params.json and a PLY of 328k faces, no mattes: `renderkit overlay`
  of every view at 1600 px, once where every view has another size (as in the dataset) and once where all have the same,
  with as many pixels in all;
- RenderMe-360: sixty cameras of 2448 x 2048 px with mattes, landmarks and photographs in SMC files:
  `renderkit validate --overlays all` and `--overlays none`;
- the toolkit's way of the same views, as FaceScape's own code does it: photograph read and undistorted at full size,
  pyrender made anew, blended, written at full size; a few views.

Ours are whole processes, imports included. All ways in turn, medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench_capture import write_capture
from bench_meshes import SIZE, benchmark_meshes, ring_cameras
from bench_overlay import photograph
from bench_peers import contenders
from bench_render import machine

from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.cpu import CpuRenderer
from renderkit.synth.faults import WrittenCalibration
from renderkit.synth.write_facescape import view_params, write_params, write_ply

HEAD = "head 328k"
DIFFERING = ((2592, 1728), (2736, 1824), (3072, 2048), (3456, 2304), (3888, 2592), (4272, 2848))
"""4.5 to 12.2 megapixels, 3 to 2 as the dataset's cameras have."""
EQUAL = (3384, 2256)
"""As many pixels as the mean of those."""
NUM_VIEWS = 24
_TOOLKIT_VIEWS = 2


@dataclass(frozen=True)
class WrittenView:
    """A photograph on disk and its camera."""

    camera: Camera
    photo: Path


def write_facescape(folder: Path, mesh: Mesh, sizes: Sequence[tuple[int, int]]) -> tuple[Path, list[WrittenView]]:
    """Write one tuple of FaceScape; returns its folder and its views."""
    tuple_folder = folder / "101" / "1_neutral"
    tuple_folder.mkdir(parents=True)
    params: dict[str, Any] = {}
    views = []
    with CpuRenderer() as renderer:
        for index, ring in enumerate(ring_cameras(NUM_VIEWS)):
            size = sizes[index % len(sizes)]
            camera = _fitted(ring, size)
            photo = tuple_folder / f"{index}.jpg"
            photo.write_bytes(photograph(camera, mesh, renderer))
            pose = camera.cam_from_world.inverse().matrix
            written = WrittenCalibration(camera.K, camera.distortion.coefficients, pose)
            params |= view_params(str(index), written, size, True, 1000)
            views.append(WrittenView(camera, photo))
    write_params(tuple_folder / "params.json", params)
    grey = np.full((len(mesh.vertices), 3), 170, np.uint8)
    write_ply(tuple_folder.with_suffix(".ply"), mesh.vertices, mesh.faces, grey)
    return tuple_folder, views


def _fitted(camera: Camera, size: tuple[int, int]) -> Camera:
    """Return the camera of another sensor that sees as much from above to below."""
    scale = size[1] / SIZE[1]
    K = np.array(camera.K)
    K[:2, :2] *= scale
    K[:2, 2] = (size[0] - 1) / 2, (size[1] - 1) / 2
    return Camera(K, *size, camera.distortion, camera.cam_from_world)


def process(*arguments: str | Path) -> Callable[[], None]:
    """Return a function that runs a renderkit command in its own process."""
    command = [sys.executable, "-c", "import sys; from renderkit.cli import main; main(sys.argv[1:])"]

    def run() -> None:
        done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)  # noqa: S603
        # 1: a gate or the verdict did not pass, which is no matter here.
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stderr)

    return run


def toolkit(mesh: Mesh, views: Sequence[WrittenView], out: Path) -> Callable[[], None]:
    """Return a function that draws the views the way the FaceScape toolkit does."""
    draw_anew: Callable[[Camera], Any] = contenders("pyrender anew")["pyrender anew"](mesh)

    def run() -> None:
        for view in views:
            photo = np.asarray(cv2.imread(str(view.photo)))
            flat = cv2.undistort(photo, view.camera.K, view.camera.distortion.coefficients)
            color, depth = draw_anew(view.camera)
            blended = cv2.addWeighted(flat, 0.5, np.asarray(color)[..., 2::-1], 0.5, 0.0)
            inside = (np.asarray(depth) > 0)[:, :, None]
            cv2.imwrite(str(out / view.photo.name), np.where(inside, blended, flat))

    return run


def measure(rounds: int, folder: Path) -> dict[str, float]:
    """Return seconds per view of every way, medians of interleaved rounds."""
    mesh = benchmark_meshes()[HEAD]
    differing, views = write_facescape(folder / "differing", mesh, DIFFERING)
    equal, equal_views = write_facescape(folder / "equal", mesh, [EQUAL])
    smc, faces = write_capture(folder, photographs=True)
    out = folder / "out"
    out.mkdir()
    overlay = ("--max-size", "1600", "--renderer", "cpu")
    validate = ("validate", smc, "--flame", faces, "--renderer", "cpu", "--no-checks")
    ways: dict[str, tuple[Callable[[], None], int]] = {
        "facescape, differing sizes": (process("overlay", differing, *overlay, "--out", out / "differing"), NUM_VIEWS),
        "facescape, equal sizes": (process("overlay", equal, *overlay, "--out", out / "equal"), NUM_VIEWS),
        "renderme360, no pictures": (process(*validate, "--overlays", "none", "--out", out / "none"), 60),
        "renderme360, all pictures": (process(*validate, "--overlays", "all", "--out", out / "all"), 60),
        "toolkit way, facescape": (toolkit(mesh, views[3 : 3 + _TOOLKIT_VIEWS], out), _TOOLKIT_VIEWS),
        "toolkit way, equal sizes": (toolkit(mesh, equal_views[:_TOOLKIT_VIEWS], out), _TOOLKIT_VIEWS),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (run, count) in ways.items():
            start = time.perf_counter()
            run()
            if number:  # the first fills caches
                seconds[name].append((time.perf_counter() - start) / count)
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Whole captures, from files to files.")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"# {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments.rounds, Path(folder))
    for name, value in found.items():
        print(f"{name:28s} {1e3 * value:8.1f} ms per view")
    differing, equal = found["facescape, differing sizes"], found["facescape, equal sizes"]
    print(f"differing sizes take {differing / equal:.2f} x the time of equal ones")
    print(f"{found['toolkit way, facescape'] / differing:.1f} x as fast as the toolkit's way (FaceScape, overlays)")


if __name__ == "__main__":
    main()
