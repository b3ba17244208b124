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
import statistics
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
from renderkit.arrays import ColorImage
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


def compare(rounds: int, num_views: int) -> None:
    """Print milliseconds per overlay of every way, medians of interleaved rounds."""
    cores = usable_cores()
    peers = contenders("pyrender anew")
    for name, mesh in benchmark_meshes().items():
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
            seconds: dict[str, list[float]] = {way: [] for way in ways}
            for number in range(rounds + 1):
                for way, (draw, threads, some) in ways.items():
                    start = time.perf_counter()
                    list(map_in_order(draw, some, threads))
                    if number:  # the first compiles
                        seconds[way].append((time.perf_counter() - start) / len(some))
        medians = {way: 1e3 * statistics.median(times) for way, times in seconds.items()}
        print(f"{name}: " + ", ".join(f"{way} {value:.1f} ms" for way, value in medians.items()))
        mine, least = medians[f"ours, {cores} cores"], medians[f"floor, {cores} cores"]
        print(f"  {mine / least:.2f} x the floor; {medians['ours, 1 core'] / mine:.2f} x as fast on {cores} cores")
        if "toolkit way" in medians:
            print(f"  {medians['toolkit way'] / mine:.1f} x as fast as the toolkit way")


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
    parser.add_argument("--run", type=int, metavar="FRAMES", help="whole runs of so many frames instead")
    arguments = parser.parse_args()
    print(f"# {machine()}")
    if arguments.run:
        run_with_pictures(arguments.run, max(1, arguments.rounds // 3))
    else:
        compare(arguments.rounds, arguments.views)


if __name__ == "__main__":
    main()
