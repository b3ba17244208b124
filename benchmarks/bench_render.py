"""How long does a view take? Every pass of our renderers beside pyrender, VTK, Open3D and Embree, interleaved.

    python benchmarks/bench_render.py --json render.json --plot render.png

Peers draw without a lens, which they do not have; ours draw with one. Pictures are 2448 x 2048 px, times include the
readback. In each round every contender draws a few views in a row, as the views of a rig come, then it is the next
one's turn, so that what else the machine does hits all alike; slow contenders draw one view, and sit rounds out. "cpu"
shares a view between all cores, as llvmpipe does; "cpu 1 thread" draws it with one. Cold start and peak memory are
measured in a process of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bench_meshes import benchmark_meshes, flame_head, ring_cameras
from bench_peers import Draw, contenders

_SLOW_S = 0.15
_IN_A_ROW = 8
_RATIOS = (
    ("mask", "pyrender SEG"),
    ("depth", "pyrender DEPTH_ONLY"),
    ("shaded", "pyrender default"),
    ("shaded", "pyrender FLAT"),
    ("mask", "pyrender anew"),
    ("mask", "VTK mask"),
    ("depth", "Open3D depth"),
    ("depth", "embreex depth"),
)


def measure_mesh(draws: dict[str, Draw], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each drawing, by contender, interleaved over `rounds` rounds."""
    cameras = ring_cameras(max(rounds, 1))
    seconds: dict[str, list[float]] = defaultdict(list)
    pause: dict[str, int] = {}
    for name, draw in draws.items():
        draw(cameras[0])
        start = time.perf_counter()
        draw(cameras[-1])
        pause[name] = 1 + int((time.perf_counter() - start) / _SLOW_S)
    for number in range(len(cameras)):
        for name, draw in draws.items():
            if number % pause[name]:
                continue
            for step in range(_IN_A_ROW if pause[name] == 1 else 1):
                view = cameras[(number + step) % len(cameras)]
                start = time.perf_counter()
                picture = draw(view)
                seconds[name].append(time.perf_counter() - start)
                del picture
    return dict(seconds)


def measure_cold(name: str) -> dict[str, float]:
    """Return seconds from a fresh interpreter to the first picture of the 10k head, and peak memory in MiB."""
    command = [sys.executable, str(Path(__file__).resolve()), "--cold-child", name]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own file
    total = time.perf_counter() - start
    child: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {"process_s": total, **child}


def cold_child(name: str) -> None:
    """Draw the first and a few more views in this process and print what they cost."""
    mesh, cameras = flame_head(), ring_cameras(4)
    start = time.perf_counter()
    draw = contenders(name)[name](mesh)
    draw(cameras[0])
    first = time.perf_counter() - start
    for camera in cameras:
        draw(camera)
    print(json.dumps({"first_s": first, "peak_mib": _peak_mib()}))


def print_table(result: dict[str, Any]) -> None:
    """Print medians, ratios, and cold starts."""
    meshes: dict[str, dict[str, list[float]]] = result["seconds"]
    names = list(dict.fromkeys(name for by_name in meshes.values() for name in by_name))
    print(f"\nmedian ms per view, {result['size'][0]} x {result['size'][1]} px, {result['machine']}")
    _print_row("", meshes)
    for name in names:
        _print_row(name, [f"{_median_ms(by_name.get(name)):.1f}" for by_name in meshes.values()])
    print("\ntimes faster than")
    for ours in ("cpu", "cpu 1 thread", "egl"):
        for what, peer in _RATIOS:
            ratios = [
                _median_ms(by_name.get(peer)) / _median_ms(by_name.get(f"{ours} {what}")) for by_name in meshes.values()
            ]
            if np.isfinite(ratios).any():
                _print_row(f"{ours} {what} / {peer}", [f"{ratio:.1f}x" for ratio in ratios])
    if result["cold"]:
        print("\ncold start, 10k head: s to first picture, s whole process, peak MiB")
        for name, cold in result["cold"].items():
            _print_row(name, [f"{cold['first_s']:.2f}", f"{cold['process_s']:.2f}", f"{cold['peak_mib']:.0f}"])


def plot(result: dict[str, Any], path: Path) -> None:
    """Draw the medians as bars on a logarithmic scale."""
    from matplotlib.figure import Figure

    meshes: dict[str, dict[str, list[float]]] = result["seconds"]
    names = list(dict.fromkeys(name for by_name in meshes.values() for name in by_name))
    figure = Figure(figsize=(10, 0.36 * len(names) * max(1, len(meshes)) ** 0.5 + 1.5), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(meshes)
    for slot, (mesh, by_name) in enumerate(meshes.items()):
        places = np.arange(len(names)) + (slot - 0.5 * (len(meshes) - 1)) * height
        axes.barh(places, [_median_ms(by_name.get(name)) for name in names], height, label=mesh)
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(left=0.5)
    axes.set_xlabel("median ms per view (2448 x 2048 px)")
    axes.set_title(result["machine"], fontsize=9)
    axes.legend()
    axes.grid(axis="x", which="both", alpha=0.3)
    figure.savefig(path, dpi=120)


def machine() -> str:
    """Return the processor, its cores, and Python."""
    model = next(
        (line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.machine(),
    )
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, Python {platform.python_version()}, NumPy {np.__version__}"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--meshes", nargs="*", help="names of meshes; all by default")
    parser.add_argument("--only", nargs="*", default=[], help="contenders whose name contains one of these")
    parser.add_argument("--no-cold", action="store_true", help="leave out cold start and peak memory")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--cold-child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cold_child:
        cold_child(options.cold_child)
        return
    found = contenders()
    found = {
        name: make for name, make in found.items() if not options.only or any(part in name for part in options.only)
    }
    seconds: dict[str, dict[str, list[float]]] = {}
    kept: list[dict[str, Draw]] = []
    for mesh_name, mesh in benchmark_meshes().items():
        if options.meshes and mesh_name not in options.meshes:
            continue
        print(f"# {mesh_name}: {len(mesh.faces)} faces, closed: {mesh.is_closed}", flush=True)
        # Kept to the end: VTK's window takes the EGL display down under everybody else when it goes.
        kept.append({name: make(mesh) for name, make in found.items()})
        seconds[mesh_name] = measure_mesh(kept[-1], options.rounds)
    cold = {} if options.no_cold else {name: measure_cold(name) for name in found}
    result = {"machine": machine(), "size": [2448, 2048], "seconds": seconds, "cold": cold}
    print_table(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    if options.plot:
        plot(result, options.plot)


def _median_ms(seconds: Sequence[float] | None) -> float:
    return float(np.median(seconds)) * 1e3 if seconds else float("nan")


def _print_row(name: str, cells: Iterable[str]) -> None:
    print(f"{name:36}" + "".join(f"{cell:>12}" for cell in cells))


def _peak_mib() -> float:
    """Return this process's own peak; getrusage would count what its parent had."""
    lines = _lines(Path("/proc/self/status"))
    return next((float(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM")), float("nan"))


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


if __name__ == "__main__":
    main()
