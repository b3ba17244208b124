"""How long does an overlay take, from a photograph's bytes to a JPEG's? And a whole run with its pictures?

    python benchmarks/bench_overlay.py
    python benchmarks/bench_overlay.py --run 20

Photographs are 2448 x 2048 px, pictures 1600 px long. Ways, a few views of each in turn, so that what else the machine
does hits all alike:

- ours: what `renderkit overlay` runs for a view: photograph and matte decoded, mesh rendered, outlines traced, drawn,
  caption, JPEG; on all cores, and on one;
- floor: the photograph decoded at the size of the picture and encoded again, nothing drawn; on all cores, and on one;
- toolkit way: as the FaceScape toolkit does: photograph decoded and undistorted at full size, pyrender made anew, the
  rendering blended over the photograph, the result encoded at full size; one view after the other.

With --run, sixty cameras of so many frames are validated with no pictures, with the default ones, and with all.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench_capture import write_capture
from bench_meshes import SIZE, benchmark_meshes
from bench_peers import contenders
from bench_render import machine
from bench_validate import BenchView, make_views

import renderkit as rk
from renderkit.arrays import ColorImage, FloatArray
from renderkit.capture import View
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.pictures.drawing import encode_picture
from renderkit.pictures.layers.layer import Drawing
from renderkit.pictures.overlay import draw_view
from renderkit.pictures.style import OverlayStyle
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.picture_evidence import PictureJob, gather_picture, render_picture
from renderkit.pipeline.workers import map_in_order
from renderkit.renderers.cpu import CpuRenderer
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.system import usable_cores

STYLE = OverlayStyle(max_size=1600)
OUT = Path("overlay.jpg")


def photograph(camera: Camera, mesh: Mesh, renderer: CpuRenderer) -> bytes:
    """Return a JPEG with a photograph's smoothness and noise: the shaded mesh before a wall."""
    rng = np.random.default_rng(0)
    rendering = renderer.render(mesh, camera, rk.RenderPass.COLOR)
    wall = cv2.resize(rng.uniform(70, 130, (9, 9, 3)), camera.size, interpolation=cv2.INTER_CUBIC)
    picture = np.where(rendering.mask[:, :, None], np.asarray(rendering.color), wall)
    picture = picture + rng.normal(scale=1.5, size=picture.shape)
    image = np.clip(picture, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def ours(mesh: Mesh, renderer: CpuRenderer) -> Callable[[BenchView], int]:
    """Bytes to JPEG bytes, by the functions that `renderkit overlay` calls for each view."""
    content, options = FrameContent.of(mesh, None), ValidationOptions()
    row = ViewResult(ViewKey("benchmark", "0", "00", mesh.name), failure=Failure("NotScored", "drawn only"))

    def draw(view: BenchView) -> int:
        photo = EncodedImage(lambda: view.photo, Path("photo.jpg"))
        matte = EncodedImage(lambda: view.matte, Path("matte.png"))
        job = PictureJob(row, View("0", view.camera, photo, matte), content, STYLE)
        evidence = gather_picture(render_picture(job, renderer, options), renderer, options)
        return len(encode_picture(draw_view(Drawing(evidence, STYLE)).whole(), OUT))

    return draw


def floor(view: BenchView) -> int:
    """Decode at the picture's size, encode."""
    size = (1600, round(1600 * SIZE[1] / SIZE[0]))
    return len(encode_picture(EncodedImage(lambda: view.photo, Path("photo.jpg")).decode_color_at(size), OUT))


def toolkit_way(draw_anew: Callable[[Camera], Any]) -> Callable[[BenchView], int]:
    """Everything at full size, pyrender made anew."""

    def draw(view: BenchView) -> int:
        photo = np.asarray(cv2.imdecode(np.frombuffer(view.photo, np.uint8), cv2.IMREAD_COLOR))
        flat = cv2.undistort(photo, view.camera.K, view.camera.distortion.coefficients)
        color, depth = draw_anew(view.camera)
        inside = (np.asarray(depth) > 0)[:, :, None]
        blended: ColorImage = np.where(inside, cv2.addWeighted(flat, 0.5, np.asarray(color)[..., :3], 0.5, 0.0), flat)
        return len(cv2.imencode(".jpg", blended)[1])

    return draw


def compare(rounds: int, num_views: int, wanted: Sequence[str]) -> None:
    """Print milliseconds per overlay of every way, medians of interleaved rounds."""
    cores = usable_cores()
    peers = contenders("pyrender anew")
    for name, mesh in benchmark_meshes().items():
        if wanted and name not in wanted:
            continue
        with CpuRenderer() as many, CpuRenderer(1) as one:
            views = [
                BenchView(view.camera, view.matte, photograph(view.camera, mesh, many), view.landmarks)
                for view in make_views(mesh, num_views)
            ]
            ways: dict[str, tuple[Callable[[BenchView], int], int, Sequence[BenchView]]] = {
                f"ours, {cores} cores": (ours(mesh, many), cores, views),
                "ours, 1 core": (ours(mesh, one), 1, views),
                f"floor, {cores} cores": (floor, cores, views),
                "floor, 1 core": (floor, 1, views),
            }
            if "pyrender anew" in peers:
                ways["toolkit way"] = (toolkit_way(peers["pyrender anew"](mesh)), 1, views[:2])
            took: dict[str, list[FloatArray]] = {way: [] for way in ways}
            for number in range(rounds + 1):
                for way, (draw, threads, some) in ways.items():
                    start = _clocks()
                    list(map_in_order(draw, some, threads))
                    if number:  # the first compiles
                        took[way].append(1e3 * (_clocks() - start) / len(some))
        print_ways(name, {way: np.median(times, axis=0) for way, times in took.items()}, cores)


def _clocks() -> FloatArray:
    """Return seconds by the clock and of the processor, all threads together."""
    return np.array([time.perf_counter(), time.process_time()])


def print_ways(name: str, medians: dict[str, FloatArray], cores: int) -> None:
    """Print milliseconds by the clock and of the processor, and what they are of each other."""
    print(f"{name}, ms by the clock (ms of the processor): ")
    print("  " + ", ".join(f"{way} {wall:.1f} ({cpu:.1f})" for way, (wall, cpu) in medians.items()))
    mine, least, alone = (medians[way] for way in (f"ours, {cores} cores", f"floor, {cores} cores", "ours, 1 core"))
    print(f"  {mine[0] / least[0]:.2f} x the floor ({mine[1] / least[1]:.2f} x)")
    print(f"  {alone[0] / mine[0]:.2f} x as fast on {cores} cores, of which {mine[1] / mine[0]:.2f} were busy")
    if "toolkit way" in medians:
        toolkit = medians["toolkit way"]
        print(f"  {toolkit[0] / mine[0]:.1f} x as fast as the toolkit way, which is {toolkit[0] / least[0]:.1f} floors")


def run_with_pictures(num_frames: int, rounds: int) -> None:
    """Print seconds of a run of sixty cameras with no, the default and all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        file, faces = write_capture(Path(folder), num_frames=num_frames, photographs=True)
        best: dict[str, float] = {}
        for number in range(rounds):
            for which in ("none", "worst", "all"):
                start = time.perf_counter()
                out = Path(folder) / f"run-{which}-{number}"
                rk.validate(file, flame=faces, overlays=which, out=out, renderer="cpu", checks=False)
                best[which] = min(best.get(which, np.inf), time.perf_counter() - start)
    print(f"60 cameras x {num_frames} frames: " + ", ".join(f"{name} {value:.1f} s" for name, value in best.items()))
    print(f"  default pictures {best['worst'] / best['none']:.2f} x, all {best['all'] / best['none']:.2f} x")


def main() -> None:
    """Run the comparison, or whole runs."""
    parser = argparse.ArgumentParser(description="Overlays against the toolkit's way and the floor.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--meshes", nargs="*", default=(), help="names of meshes; all by default")
    parser.add_argument("--run", type=int, metavar="FRAMES", help="whole runs of so many frames instead")
    arguments = parser.parse_args()
    print(f"# {machine()}")
    if arguments.run:
        run_with_pictures(arguments.run, max(1, arguments.rounds // 3))
    else:
        compare(arguments.rounds, arguments.views, arguments.meshes)


if __name__ == "__main__":
    main()
