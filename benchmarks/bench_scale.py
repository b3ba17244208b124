"""Runs over many captures: `python benchmarks/bench_scale.py [speed [store]] [rows N]`.

`speed`: views per second in one process, and in 1, 2, 4 ... processes and Ray workers up to the number of cores, and
what the store adds to scoring (`speed store`: without the other engines; `speed processes`: without Ray).
`rows N`: N million simulated rows planned, stored, resumed and reported, with the time and memory of each step.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

import renderkit as rk
from renderkit.dataset.identity import input_stamp
from renderkit.dataset.merge import compact_run
from renderkit.dataset.plan import VIEWS_PER_UNIT
from renderkit.dataset.run import EngineName, Machinery, run_dataset
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore
from renderkit.metrics.score_json import listed_points
from renderkit.results.row_json import row_from_json, row_json
from renderkit.system import usable_cores

FRAMES, CAMERAS = 810, 60


SIZES = ((612, 512, 6), (2448, 2048, 3))
"""Width and height in px, and frames; each capture has 12 cameras and is one unit of work."""

UNITS_PER_CORE = 2


def speed() -> None:
    """Compare engines; seconds are those from the first to the last view of a unit, without the start of workers."""
    num_captures = UNITS_PER_CORE * usable_cores()
    for width, height, num_frames in SIZES:
        with tempfile.TemporaryDirectory() as name:
            options = rk.SynthOptions(num_cameras=12, num_frames=num_frames, size=(width, height), scan_faces=20_000)
            first = Path(name, "data", "subject0")
            rk.synthesize(first, options)
            for index in range(1, num_captures):
                shutil.copytree(first, first.with_name(f"subject{index}"), copy_function=os.link)
            views = num_captures * 12 * num_frames
            plain = min(_plain(Path(name, "data")) for _ in range(3)) / views
            print(f"\n{width} x {height} px, {views} views; scoring alone: {1e3 * plain:.2f} ms of CPU per view")
            serial = 0.0
            for engine, workers in _engines():
                in_units, whole, cpu = _many(Path(name), engine, workers)
                rate = views / in_units
                serial = serial or rate
                told = f", {1e3 * cpu / views:.2f} ms of CPU per view" if engine != "ray" else ""
                print(
                    f"  {engine}, {workers} workers: {rate:.1f} views/s, {rate / serial:.2f} x serial; "
                    f"{views / whole:.1f} views/s with the start of workers{told}",
                    flush=True,
                )
            for num_rows in (views // num_captures, VIEWS_PER_UNIT):
                cpu, wall = _storing(Path(name), num_rows)
                print(
                    f"  store, {num_rows} views in a unit: {1e3 * cpu:.3f} ms of CPU per view, "
                    f"{100 * cpu / plain:.2f} % of scoring; {1e3 * wall:.3f} ms until it is on the disk",
                    flush=True,
                )


def _engines() -> list[tuple[EngineName, int]]:
    """Return engines with their numbers of workers, serial first."""
    engines: list[tuple[EngineName, int]] = [("serial", 1)]
    counts = [1 << power for power in range(usable_cores().bit_length())]
    if "store" not in sys.argv:
        engines += [("processes", count) for count in counts]
        engines += [("ray", count) for count in counts] if "processes" not in sys.argv else []
    return engines


def _plain(data: Path) -> float:
    """Return seconds of CPU that opening and scoring take, what reads HDF5 included."""
    clock = _cpu()
    for capture in sorted(data.glob("*/*_raw.smc")):
        with rk.open_capture(capture) as opened, rk.make_renderer("cpu", threads=1) as renderer:
            list(rk.validate_views(opened, renderer))
    return _cpu() - clock


def _many(folder: Path, engine: EngineName, workers: int) -> tuple[float, float, float]:
    """Return seconds from the first to the last stored unit as the log has it, of the whole run, and of CPU."""
    out = folder / f"run-{engine}-{workers}"
    settings = DatasetSettings(renderer="cpu", checks=False, sanity=False)
    clock, cpu = time.monotonic(), _cpu()
    run_dataset([folder / "data"], out, settings, Machinery(engine, workers, "local", reports="none"))
    whole, cpu = time.monotonic() - clock, _cpu() - cpu
    lines = (out / "log.txt").read_text().splitlines()
    spent = sum(float(line.split(" in ")[1].split()[0]) for line in lines if " stored " in line)
    return spent / workers, whole, cpu


def _storing(folder: Path, num_rows: int) -> tuple[float, float]:
    """Return seconds of CPU and of wall time per view that a unit of so many views costs beside its scoring."""
    store = RunStore(folder / "run-serial-1")
    planned = store.read_plan()[0]
    scored = store.read_rows(planned)
    rows = (scored * (1 + num_rows // len(scored)))[:num_rows]
    spent = []
    with rk.open_capture(planned.found.path) as capture:
        for _ in range(20):
            # Read anew: scores keep what was computed from them.
            fresh = [row_from_json(json.loads(json.dumps(row_json(row), default=listed_points)), 0.0) for row in rows]
            cpu, wall = time.process_time(), time.monotonic()
            input_stamp(capture)
            input_stamp(capture)
            store.write_part(planned, planned.units[0], fresh)
            store.log("stored")
            spent.append((time.process_time() - cpu, time.monotonic() - wall))
    return min(one for one, _ in spent) / num_rows, min(one for _, one in spent) / num_rows


def rows(millions: float) -> None:
    """Plan, store, resume and report rows that are made up."""
    from simulated_dataset import run_simulated, simulated_plan

    num_captures = max(1, round(millions * 1e6 / FRAMES / CAMERAS))
    with tempfile.TemporaryDirectory() as name:
        run, clock = Path(name, "run"), _Clock()
        plan = tuple(simulated_plan(num_captures, FRAMES, CAMERAS, DatasetSettings(), VIEWS_PER_UNIT))
        clock.tell(f"planned {num_captures} captures")
        for what in ("stored and reported", "resumed and reported", "compacted", "resumed again and reported"):
            if what == "compacted":
                clock.tell(f"{what}: {compact_run(run)} files fewer")
            else:
                report = run_simulated(run, plan, CAMERAS, workers=2)
                clock.tell(f"{what}: {report.num_views} rows, {report.units_done} units, {report.computed} computed")
        size = sum(path.stat().st_size for path in run.rglob("*.parquet"))
        print(f"{size / report.num_views:.0f} bytes per row stored")


class _Clock:
    """Tells the time, the processor time and the memory of each step."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), _cpu()

    def tell(self, what: str) -> None:
        """Print what was done since the last time."""
        wall, cpu = time.monotonic(), _cpu()
        peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(
            f"{what}: {wall - self._wall:.0f} s, {cpu - self._cpu:.0f} s of CPU; peak {peaks[0]:.0f} MiB, largest "
            f"worker {peaks[1]:.0f} MiB",
            flush=True,
        )
        self._wall, self._cpu = wall, cpu


def _cpu() -> float:
    """Return the processor time of this process and of those that it has waited for, s."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    if len(sys.argv) == 1 or "speed" in sys.argv:
        speed()
    if "rows" in sys.argv:
        rows(float(sys.argv[sys.argv.index("rows") + 1]))
