"""Detection study: what the rig-wide readings and the joint estimate find in seeded rigs with planted faults.

    python benchmarks/detection.py --only clean --captures 100 --seed 1
    python benchmarks/detection.py --only cameras --sizes 0.25,0.5,1,2,4,8 --seed 1 --plot detection.png
    python benchmarks/detection.py --only readings --captures 60 --seed 1

"clean" counts rigs without fault in which a camera is named; "cameras" plants every kind of fault at every size in one
camera, in two, and the same one in all, where the rig's sentence has to name it; "readings" plants misreadings of whole
rigs, alone and in pairs. Rigs and faults come from the tests' generators, which project with OpenCV.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

# Each process works on a rig of its own: threads inside of them would only get in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from detection_readings import study_readings
from detection_trials import CONDITIONS, EVERY_KIND, IN_MESH, NO_CLASS, Outcome, Trial, run_trial, suits

STUDIES = ("clean", "cameras", "readings")


def _trials(given: argparse.Namespace, name: str, size: float, faulty: int = 1) -> list[Trial]:
    """Return every kind once at this size, or `--captures` rigs without fault."""
    kinds = [kind for kind in EVERY_KIND if suits(kind, name)] if size else ["nothing"] * given.captures
    if faulty > 1:
        kinds = [kind for kind in kinds if kind not in NO_CLASS]
    first = _sizes(given).index(size) if size in _sizes(given) else 0
    chosen = [number for number in range(len(kinds)) if not size or (number + first) % given.stride == 0]
    return [
        Trial(
            conditions=name,
            kind=kinds[number],
            size_px=size,
            cameras=given.cameras,
            frames=given.frames,
            seed=(given.seed, list(CONDITIONS).index(name), number, round(1000 * size), faulty, repeat),
            faulty=faulty,
            rig=given.rig,
        )
        for repeat in range(given.repeats if size else 1)
        for number in chosen
    ]


def _sizes(given: argparse.Namespace) -> list[float]:
    return [float(one) for one in given.sizes.split(",")]


def study_clean(pool: Executor, given: argparse.Namespace, names: Sequence[str]) -> None:
    """Print how often rigs without fault are accused."""
    print("conditions               rigs  accused  s per rig")
    for name in names:
        outcomes = list(pool.map(run_trial, _trials(given, name, 0.0), chunksize=2))
        accused = [one for one in outcomes if one.others]
        seconds = np.mean([one.seconds for one in outcomes])
        print(f"{name:24s} {len(outcomes):4d} {len(accused):8d} {seconds:10.2f}", flush=True)
        for one in accused if given.verbose else ():
            print(f"   {one.trial.seed} {one.words}", flush=True)


def study_cameras(pool: Executor, given: argparse.Namespace, names: Sequence[str]) -> None:
    """Print how often faulty cameras are found and what is said about them."""
    sizes = _sizes(given)
    everything: list[Outcome] = []
    curves: dict[str, list[tuple[float, float]]] = {}
    print(f"{'conditions':24s} {'px':>5s} {_HEADER}")
    for name in names:
        for size in sizes:
            outcomes = list(pool.map(run_trial, _trials(given, name, size)))
            everything += outcomes
            print(f"{name:24s} {size:5.2f} {_row(outcomes)}", flush=True)
            of_cameras = [one for one in outcomes if one.trial.kind not in IN_MESH]
            curves.setdefault(name, []).append((size, float(np.mean([one.found > 0 for one in of_cameras]))))
    print(f"\n{'kind, all conditions':30s} {_HEADER}")
    for kind in EVERY_KIND:
        outcomes = [one for one in everything if one.trial.kind == kind]
        if outcomes:
            print(f"{kind:30s} {_row(outcomes)}")
    print(f"{'all kinds':30s} {_row(everything)}")
    large = [one for one in everything if one.trial.size_px >= 2.0]
    print(f"{'all kinds, 2 px and more':30s} {_row(large)}", flush=True)
    for one in everything if given.verbose else ():
        if one.others:
            print(f"   {one.trial} {one.words}", flush=True)
    if given.several:
        _study_several(pool, given, names)
    if given.plot is not None:
        plot_curves(curves, given.plot)


def _study_several(pool: Executor, given: argparse.Namespace, names: Sequence[str]) -> None:
    """Print the same for faults in two cameras, and in all of them: these by conditions and by kind."""
    print(f"\n{'faulty cameras':30s} {_HEADER}")
    for faulty, title in ((2, "two"), (given.cameras, "all")):
        outcomes = [one for name in names for one in pool.map(run_trial, _trials(given, name, given.several, faulty))]
        print(f"{title + f', {given.several:g} px':30s} {_row(outcomes)}", flush=True)
    for part in dict.fromkeys([*(one.trial.conditions for one in outcomes), *(one.trial.kind for one in outcomes)]):
        chosen = [one for one in outcomes if part in {one.trial.conditions, one.trial.kind}]
        print(f"   {part:27s} {_row(chosen)}", flush=True)


_HEADER = "faults  found  in class  first  sole & right  innocent  mesh named  within 95 %"


def _row(outcomes: Sequence[Outcome]) -> str:
    """Return counts of cameras: found, the true slip among the causes, first of them, alone and right; and of rigs."""
    faulty = sum(_num_faulty(one) for one in outcomes)
    judged = [one for one in outcomes if one.trial.kind not in NO_CLASS]
    found = sum(one.found for one in judged)
    right, sole = (sum(one.sole[part] for one in judged) for part in range(2))
    z = np.array([value for one in outcomes for value in one.z])
    within = f"{np.mean(np.abs(z) < 1.96):.3f} of {len(z)}" if len(z) else "-"
    return (
        f"{faulty:6d} {sum(one.found for one in outcomes):6d} "
        f"{f'{sum(one.classed for one in judged)}/{found}':>9s} {sum(one.top for one in judged):6d} "
        f"{f'{right}/{sole}':>13s} {sum(one.others > 0 for one in outcomes):9d} "
        f"{sum(one.mesh for one in outcomes):11d} {within:>13s}"
    )


def _num_faulty(outcome: Outcome) -> int:
    if outcome.trial.kind in IN_MESH:
        return 0
    if outcome.trial.faulty == outcome.trial.cameras:
        return 1
    return outcome.trial.faulty * (2 if outcome.trial.kind == "exchanged calibrations" else 1)


def plot_curves(curves: dict[str, list[tuple[float, float]]], path: Path) -> None:
    """Write the detection curves as a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name, points in curves.items():
        sizes, shares = zip(*points, strict=True)
        axes.plot(sizes, np.multiply(shares, 100.0), marker="o", label=name)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("displacement by the planted fault, px RMS")
    axes.set_ylabel("found, %")
    axes.set_ylim(-3, 103)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run the studies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=STUDIES, help="all by default")
    parser.add_argument("--captures", type=int, default=100, help="rigs without fault, or for each row of the readings")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--conditions", default="", help=f"of single cameras: {', '.join(CONDITIONS)}; all by default")
    parser.add_argument("--sizes", default="0.25,0.5,1,2,4,8", help="planted displacements in px")
    parser.add_argument(
        "--several", type=float, default=4.0, help="size in px of faults in two and in all cameras; 0: none"
    )
    parser.add_argument("--repeats", type=int, default=1, help="rigs for each kind and size")
    parser.add_argument("--stride", type=int, default=1, help="plant every so many kinds at a size, others at the next")
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--rig", type=Path, help="cameras of this RenderMe-360 calibration instead")
    parser.add_argument("--processes", type=int, default=None, help="one for each core by default")
    parser.add_argument("--plot", type=Path, help="write the curves of single cameras to this picture (matplotlib)")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    names = [one.strip() for one in given.conditions.split(",")] if given.conditions else list(CONDITIONS)
    start = time.perf_counter()
    with ProcessPoolExecutor(given.processes) as pool:
        if given.only in {None, "clean"}:
            study_clean(pool, given, names)
        if given.only in {None, "cameras"}:
            study_cameras(pool, given, names)
        if given.only in {None, "readings"}:
            study_readings(pool, given.captures, given.cameras, given.seed, verbose=given.verbose)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
