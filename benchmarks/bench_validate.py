"""How long does a validated view take, from encoded bytes to scores?

    python benchmarks/bench_validate.py --json validate.json --plot validate.png

Three ways, a few views in a row in turn, so that what else the machine does hits all alike:

- ours: what `renderkit validate` runs for a view: PNG bytes -> decode -> contour mask -> IoU, containment, boundary F,
  plus projected landmarks, hidden ones found by depth probes -> reprojection;
- reused pyrender: OpenCV decode -> pyrender SEG with scene and renderer kept -> IoU by NumPy, plus cv2.projectPoints;
- toolkit way: photograph decoded and undistorted, pyrender made anew, the rendering blended over the photograph.

Then threads over views, a frame of sixty views with every score of `renderkit validate`, and the time and memory of
many views in a row. Pictures are 2448 x 2048 px.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench_capture import write_capture
from bench_meshes import SIZE, benchmark_meshes, flame_head, ring_cameras
from bench_peers import contenders
from bench_render import machine

from renderkit.arrays import FloatArray, Points3
from renderkit.capture import View
from renderkit.formats import open_capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage
from renderkit.pipeline.frame_content import FrameContent
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.process_engine import validate_in_processes
from renderkit.pipeline.validate import validate_views as validate_capture
from renderkit.pipeline.view import examine_view
from renderkit.pipeline.workers import map_in_order
from renderkit.renderers.cpu import CpuRenderer, warm
from renderkit.results.rows import ViewKey

NUM_LANDMARKS = 73
VIEWS = 8
IN_A_ROW = 8


@dataclass(frozen=True)
class BenchView:
    """One captured view: camera, encoded matte and photograph, landmarks."""

    camera: Camera
    matte: bytes
    photo: bytes
    landmarks: FloatArray


def make_views(mesh: Mesh, count: int) -> list[BenchView]:
    """Capture a mesh: its own outline, softened and shifted by a pixel, and a noisy photograph."""
    rng = np.random.default_rng(0)
    points = landmarks_of(mesh)
    views = []
    with CpuRenderer(1) as renderer:
        for camera in ring_cameras(count):
            mask = np.roll(renderer.render_mask(mesh, camera), 1, axis=1)
            matte = cv2.GaussianBlur(mask.astype(np.uint8) * 255, (5, 5), 1.0)
            photo = np.where(mask[..., None], 150, 90).astype(np.uint8) + rng.integers(
                0, 16, (SIZE[1], SIZE[0], 3), np.uint8
            )
            found = camera.project(points) + rng.normal(scale=1.0, size=(len(points), 2))
            views.append(BenchView(camera, _encode(".png", np.asarray(matte, np.uint8)), _encode(".jpg", photo), found))
    return views


def landmarks_of(mesh: Mesh) -> Points3:
    """Return some of a mesh's vertices as 3D landmarks."""
    picks = np.linspace(0, len(mesh.vertices) - 1, NUM_LANDMARKS).astype(int)
    return np.asarray(mesh.vertices[picks])


def ours(mesh: Mesh, renderer: CpuRenderer) -> Callable[[BenchView], float]:
    """PNG bytes to every standard score, by the function that `renderkit validate` calls for each view."""
    content = FrameContent.of(mesh, Landmarks.all_valid(landmarks_of(mesh), "mesh"))
    key, options = ViewKey("benchmark", "0", "00", mesh.name), ValidationOptions()

    def validate(view: BenchView) -> float:
        matte = EncodedImage(lambda: view.matte, Path("matte.png"))
        captured = View("0", view.camera, None, matte, lambda: Landmarks.all_valid(view.landmarks, "mesh"))
        return float(examine_view(key, captured, content, renderer, options).scores["mask"].iou)

    return validate


def reused_pyrender(mesh: Mesh, draw: Callable[[Camera], Any]) -> Callable[[BenchView], float]:
    """OpenCV decode, pyrender SEG with everything kept, NumPy."""
    points = landmarks_of(mesh)

    def validate(view: BenchView) -> float:
        matte = cv2.imdecode(np.frombuffer(view.matte, np.uint8), cv2.IMREAD_GRAYSCALE)
        captured = np.asarray(matte) >= 128
        rendered = draw(view.camera)[0][..., 0] > 0
        project_opencv(points, view.camera) - view.landmarks
        return float((rendered & captured).sum() / (rendered | captured).sum())

    return validate


def toolkit_way(draw_anew: Callable[[Camera], Any]) -> Callable[[BenchView], float]:
    """Photograph decoded and undistorted, pyrender made anew for the view, a blended overlay."""

    def validate(view: BenchView) -> float:
        photo = np.asarray(cv2.imdecode(np.frombuffer(view.photo, np.uint8), cv2.IMREAD_COLOR))
        flat = cv2.undistort(photo, view.camera.K, view.camera.distortion.coefficients)
        color, _ = draw_anew(view.camera)
        return float(cv2.addWeighted(flat, 0.5, np.asarray(color)[..., :3], 0.5, 0.0)[0, 0, 0])

    return validate


def project_opencv(points: Points3, camera: Camera) -> FloatArray:
    """cv2.projectPoints for one of our cameras."""
    pose = camera.cam_from_world
    pixels, _ = cv2.projectPoints(points, pose.rotation_vector, pose.t, camera.K, camera.distortion.coefficients)
    return np.asarray(pixels, np.float64).reshape(-1, 2)


def compare_ways(rounds: int, wanted: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Return seconds per view by mesh and way, interleaved."""
    peers = contenders()
    result: dict[str, dict[str, list[float]]] = {}
    for name, mesh in benchmark_meshes().items():
        if wanted and name not in wanted:
            continue
        views = make_views(mesh, VIEWS)
        with CpuRenderer() as renderer:
            ways = {"ours": ours(mesh, renderer)}
            if "pyrender SEG" in peers:
                ways["reused pyrender"] = reused_pyrender(mesh, peers["pyrender SEG"](mesh))
                ways["toolkit way"] = toolkit_way(peers["pyrender anew"](mesh))
            for validate in ways.values():
                validate(views[0])
            seconds: dict[str, list[float]] = {way: [] for way in ways}
            for number in range(rounds):
                for way, validate in ways.items():
                    for step in range(1 if way == "toolkit way" else IN_A_ROW):
                        start = time.perf_counter()
                        validate(views[(number + step) % VIEWS])
                        seconds[way].append(time.perf_counter() - start)
        result[name] = seconds
    return result


def measure_threads(wanted: Sequence[str]) -> dict[str, list[float]]:
    """Return seconds per view with one and with two threads over views, best of interleaved runs."""
    result = {}
    for name, mesh in benchmark_meshes().items():
        if wanted and name not in wanted:
            continue
        views = make_views(mesh, VIEWS) * 12
        with CpuRenderer(1) as one, CpuRenderer(2) as two:
            ways = [ours(mesh, renderer) for renderer in (one, two)]
            best = [np.inf, np.inf]
            for _ in range(5):
                for index, validate in enumerate(ways):
                    start = time.perf_counter()
                    for _ in map_in_order(validate, views, index + 1, batch=4):
                        pass
                    best[index] = min(best[index], (time.perf_counter() - start) / len(views))
        result[name] = [float(value) for value in best]
    return result


def measure_frame() -> dict[str, float]:
    """Return seconds for sixty views of one FLAME frame through `validate`, by number of workers, best of interleaved.

    Everything from opening the SMC file to the rows: IoU, containment, boundary F, reprojection with hidden landmarks.
    """
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        file, faces = write_capture(Path(folder))
        with CpuRenderer(1) as one, CpuRenderer() as all_cores:
            for _ in range(6):
                for name, renderer in (("one thread", one), (f"{all_cores.threads} threads", all_cores)):
                    start = time.perf_counter()
                    with open_capture(file, flame=faces) as capture:
                        rows = list(validate_capture(capture, renderer))
                    best[name] = min(best.get(name, np.inf), time.perf_counter() - start)
                    if any(row.failure for row in rows):
                        raise RuntimeError(str(next(row.failure for row in rows if row.failure)))
    return best


def measure_workers(num_frames: int) -> dict[str, dict[str, float]]:
    """Return seconds by the processor, own and children's, and by the clock: one worker, two threads, two processes.

    Processes start as new interpreters. Where other programs run, the clock tells nothing of the gain; with two equal
    processes it is at most the time of one worker over half of theirs.
    """
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file, faces = write_capture(Path(folder), num_frames=num_frames)
        for name, threads in {"one worker": 1, "two threads": 2, "two processes": 1}.items():
            before, start = os.times(), time.perf_counter()
            with CpuRenderer(threads) as renderer, open_capture(file, flame=faces) as capture:
                if name == "two processes":
                    rows = list(validate_in_processes(capture, partial(CpuRenderer, 1), num_workers=2))
                else:
                    rows = list(validate_capture(capture, renderer))
            wall, after = time.perf_counter() - start, os.times()
            own = after.user + after.system - before.user - before.system
            children = after.children_user + after.children_system - before.children_user - before.children_system
            found[name] = {"views": len(rows), "own_s": own, "children_s": children, "wall_s": wall}
    return found


def measure_flatness(count: int) -> dict[str, list[float]]:
    """Return views done, median seconds per view of the last ten, and resident MiB, on the way to `count` views."""
    mesh = flame_head()
    views = make_views(mesh, VIEWS)
    marks = [mark for mark in (10, 100, 1000, 10_000) if mark <= count]
    found: dict[str, list[float]] = {"views": [], "seconds": [], "resident_mib": []}
    seconds: list[float] = []
    with CpuRenderer(1) as renderer:
        validate = ours(mesh, renderer)
        for number in range(1, marks[-1] + 1):
            start = time.perf_counter()
            validate(views[number % VIEWS])
            seconds.append(time.perf_counter() - start)
            if number in marks:
                found["views"].append(number)
                found["seconds"].append(float(np.median(seconds)))
                found["resident_mib"].append(_status_mib("VmRSS"))
                seconds.clear()
    return found


def measure_cold() -> dict[str, float]:
    """Return the seconds in which the kernels are ready in this process: compiled, or read from the cache folder."""
    start = time.perf_counter()
    warm()
    return {"kernels_ready_s": time.perf_counter() - start, "peak_mib": _status_mib("VmHWM")}


def print_result(result: dict[str, Any]) -> None:
    """Print one table per question."""
    print(f"\n{result['machine']}\nkernels ready after {result['cold']['kernels_ready_s']:.2f} s")
    print(f"\n{'median ms per view':16}{'ours':>10}{'reused':>10}{'toolkit':>10}{'x reused':>10}{'x toolkit':>10}")
    for name, seconds in result["ways"].items():
        ms = [1e3 * float(np.median(values)) for values in seconds.values()]
        ratios = [value / ms[0] for value in ms[1:]]
        print(f"{name:18}" + "".join(f"{value:10.1f}" for value in ms + ratios))
    print(f"\n{'threads':16}{'1 (ms)':>10}{'2 (ms)':>10}{'gain':>10}")
    for name, (one, two) in result["threads"].items():
        print(f"{name:18}{1e3 * one:10.2f}{1e3 * two:10.2f}{one / two:10.2f}")
    for name, seconds in result["frame_s"].items():
        print(f"\n60 views of a FLAME frame through validate(), {name}: {seconds:.2f} s", end="")
    print()
    flat = result["flatness"]
    print(f"\n{'views':>10}{'ms per view':>14}{'resident MiB':>14}")
    for views, seconds, resident in zip(flat["views"], flat["seconds"], flat["resident_mib"], strict=True):
        print(f"{views:10d}{1e3 * seconds:14.2f}{resident:14.1f}")
    print(f"\npeak memory of this process, peers included: {result['peak_mib']:.0f} MiB")


def plot(result: dict[str, Any], path: Path) -> None:
    """Draw the ways as bars on a logarithmic axis."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    names = list(result["ways"])
    ways = list(next(iter(result["ways"].values())))
    for index, way in enumerate(ways):
        values = [1e3 * float(np.median(result["ways"][name][way])) for name in names]
        bars = axes.barh(np.arange(len(names)) + 0.27 * index, values, height=0.25, label=way)
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.set_yticks(np.arange(len(names)) + 0.27, names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("median ms per validated view, from PNG bytes (2448 x 2048 px)")
    axes.set_title(result["machine"], fontsize=9)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--views", type=int, default=10_000, help="views in a row for the flatness test")
    parser.add_argument("--meshes", nargs="*", default=[], help="names of meshes; all by default")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--workers", type=int, metavar="FRAMES", help="only workers over so many frames of 60 views")
    options = parser.parse_args()
    if options.workers:
        for name, found in measure_workers(options.workers).items():
            print(f"{name:16}" + "".join(f"{key:>12} {value:.2f}" for key, value in found.items()))
        return
    result: dict[str, Any] = {"machine": machine(), "size": list(SIZE), "cold": measure_cold()}
    # First of all, while nothing else has filled the process's memory.
    result["flatness"] = measure_flatness(options.views)
    result["ways"] = compare_ways(options.rounds, options.meshes)
    result["threads"] = measure_threads(options.meshes)
    result["frame_s"] = measure_frame()
    result["peak_mib"] = _status_mib("VmHWM")
    print_result(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    if options.plot:
        plot(result, options.plot)


def _encode(suffix: str, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    return bytes(cv2.imencode(suffix, pixels)[1])


def _status_mib(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024.0 for line in lines if line.startswith(field))


if __name__ == "__main__":
    main()
