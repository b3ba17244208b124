"""Detection study: what the rig-wide readings and the joint estimate find in seeded rigs with planted faults.

    python benchmarks/detection.py --captures 50 --seed 1 --conditions "outlines ideal,both realistic"

Prints one table for misreadings of whole rigs (alone, in pairs, faults that no reading describes, no fault) and one for
single cameras. Rigs and faults come from the tests' generators, which project with OpenCV.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

# Each process works on a rig of its own: threads inside of them would only get in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from joint_rigs import IDEAL, KINDS, NOISY, REALISTIC, Conditions, joint_evidence
from planted_misreadings import FAULTS, WIDE_FAULTS, planted
from planted_rigs import Planted

from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.readings import READINGS, RigReading, read_rig_wide

ALL = {**FAULTS, **WIDE_FAULTS}
SLOTS = {reading.name: reading.slot for reading in READINGS}


def judged(found: RigReading, truth: set[str]) -> str:
    """Return how an answer compares with what was planted."""
    if found.verdict in {"no reading fits", "fits"}:
        return found.verdict
    answers = [set(found.readings), *map(set, found.alternatives)]
    if truth and truth in answers:
        return "named" if len(answers) == 1 else "tied, truth among them"
    return "part named" if set(found.readings) < truth else "WRONG"


def study_readings(rigs: int, seed: int, *, verbose: bool) -> None:
    """Print how often misreadings of whole rigs are named."""
    rng = np.random.default_rng(seed)
    names = list(ALL)
    print(f"{'planted':34s} {'rigs':>5s}  answers")
    for title in ("alone", "in pairs", "no such reading", "nothing"):
        counts: Counter[str] = Counter()
        for number in range(rigs):
            truth: tuple[str, ...] = ()
            if title == "alone":
                truth = (names[number % len(names)],)
            elif title == "in pairs":
                truth = _pair(rng, names)
            own = np.random.default_rng(int(rng.integers(1 << 31)))
            count, noise = int(rng.integers(6, 14)), float(rng.uniform(0.2, 0.8))
            rig = planted(own, *truth, count=count, noise_px=noise)
            if title == "no such reading":
                _spoil(rig, own)
            found = read_rig_wide(rig.evidence())
            answer = judged(found, set(truth))
            counts[answer] += 1
            if verbose and answer not in {"named", "fits"}:
                print(f"   {answer}: {truth} -> {found.readings} {found.alternatives} {found.sentence}", flush=True)
        print(f"{title:34s} {rigs:5d}  {dict(counts.most_common())}", flush=True)


def _pair(rng: np.random.Generator, names: list[str]) -> tuple[str, str]:
    while True:
        first, second = (names[int(index)] for index in rng.choice(len(names), 2, replace=False))
        if SLOTS[first] != SLOTS[second]:
            return first, second


def _spoil(rig: Planted, rng: np.random.Generator) -> None:
    """Damage a rig in a way that no reading describes: every camera turned, or every pose of another camera."""
    if rng.random() < 0.5:
        for shot in rig.shots:
            axis = rng.normal(size=3)
            angle = rng.uniform(0.15, 1.0)
            x, y, z = axis / np.linalg.norm(axis)
            cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
            turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
            shot.R = shot.R @ turn
    else:
        order = rng.permutation(len(rig.points))
        rig.points = rig.points[order]
        rig.vertices = rig.vertices[:, [2, 0, 1]] * 1.3


@dataclass(frozen=True)
class Trial:
    """One rig: its conditions, what is planted, and where it starts from."""

    conditions: str
    kind: str
    size_px: float
    cameras: int
    frames: int
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What was concluded about one rig.

    Attributes:
        trial: What was planted.
        found: Whether the faulty camera is named.
        in_class: Whether the true slip is among the causes that cannot be told apart.
        top: Whether it is the first of them.
        others: Healthy cameras that are named.
        z: (found amount - planted) / standard error for a slip with one amount, else of its size; NaN if not named.
        seconds: How long the fit took.
    """

    trial: Trial
    found: bool
    in_class: bool
    top: bool
    others: int
    z: float
    seconds: float


POOR = Conditions(mattes=True, edge_px=0.5, mesh=(0.0175, 0.002), mesh_m=0.001, hairy=1 / 3, dilation_px=0.3)
"""Realistic mattes and meshes, ideal landmarks."""


def _with_realistic_landmarks(mattes: Conditions) -> Conditions:
    names = ("noise_px", "outliers", "bias_px", "landmark_m", "pose", "jitter_px", "view_shift_px")
    return replace(mattes, **{name: getattr(REALISTIC, name) for name in names})


CONDITIONS: dict[str, Conditions] = {
    "landmarks ideal": IDEAL,
    "landmarks 1 px": NOISY,
    "landmarks realistic": REALISTIC,
    "outlines ideal": Conditions(mattes=True, landmarks=False),
    "outlines 0.5 px": Conditions(mattes=True, landmarks=False, edge_px=0.5),
    "outlines realistic": replace(POOR, landmarks=False, jitter_px=0.1),
    "both ideal": Conditions(mattes=True),
    "both realistic": _with_realistic_landmarks(POOR),
    "landmarks in a quarter": replace(_with_realistic_landmarks(POOR), marked=0.25),
}


def run_trial(trial: Trial) -> Outcome:
    """Plant, fit, compare."""
    rng = np.random.default_rng(trial.seed)
    faulty = int(rng.integers(trial.cameras))
    faults = {faulty: (trial.kind, trial.size_px)} if trial.size_px else None
    amounts: dict[int, float] = {}
    evidence = joint_evidence(
        rng,
        CONDITIONS[trial.conditions],
        cameras=trial.cameras,
        frames=trial.frames,
        faults=faults,
        planted_sizes=amounts,
    )
    start = time.perf_counter()
    found = fit_joint(evidence)
    seconds = time.perf_counter() - start
    mine = next((one for one in found.findings if faults and one.camera == f"{faulty:02d}"), None)
    others = len(found.findings) - (mine is not None)
    if mine is None:
        return Outcome(trial, False, False, False, others, float("nan"), seconds)
    z = float("nan")
    if mine.cause == trial.kind:
        z = (mine.size_px - amounts[faulty]) / max(mine.size_error_px, 1e-9)
    return Outcome(trial, True, trial.kind in mine.cannot_tell, trial.kind == mine.cause, others, z, seconds)


def study_cameras(given: argparse.Namespace) -> None:
    """Print how often single faulty cameras are found, and clean rigs accused."""
    names = [one.strip() for one in given.conditions.split(",")] if given.conditions else list(CONDITIONS)
    sizes = [float(one) for one in given.sizes.split(",")]
    curves: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    print("conditions               fault px  rigs  found  in class   top  others  within 95 %  s per rig")
    with ProcessPoolExecutor(given.processes) as pool:
        for row, name in enumerate(names):
            for size in sizes:
                trials = [
                    Trial(
                        conditions=name,
                        kind=KINDS[number % len(KINDS)],
                        size_px=size,
                        cameras=given.cameras,
                        frames=given.frames,
                        seed=(given.seed, row, number, round(1000 * size)),
                    )
                    for number in range(given.captures)
                ]
                outcomes = list(pool.map(run_trial, trials, chunksize=2))
                print(_row_text(name, size, outcomes), flush=True)
                # With nothing planted: rigs in which any camera is named.
                found = [one.found if size else one.others > 0 for one in outcomes]
                curves[name].append((size, float(np.mean(found))))
    if given.plot is not None:
        plot_curves(curves, given.plot)


def plot_curves(curves: dict[str, list[tuple[float, float]]], path: Path) -> None:
    """Write the detection curves as a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name, points in curves.items():
        sizes, shares = zip(*points, strict=True)
        axes.plot(sizes, np.multiply(shares, 100.0), marker="o", label=name)
    axes.set_xlabel("displacement by the planted fault, px RMS (0: no fault, rigs with a finding)")
    axes.set_ylabel("found, %")
    axes.set_ylim(-3, 103)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _row_text(name: str, size: float, outcomes: list[Outcome]) -> str:
    z = np.array([one.z for one in outcomes])
    z = z[np.isfinite(z)]
    within = f"{np.mean(np.abs(z) < 1.96):.2f} of {len(z)}" if len(z) else "-"
    return (
        f"{name:24s} {size:8.2f} {len(outcomes):5d} {sum(one.found for one in outcomes):6d} "
        f"{sum(one.in_class for one in outcomes):9d} {sum(one.top for one in outcomes):5d} "
        f"{sum(one.others > 0 for one in outcomes):7d} {within:>12s} {np.mean([one.seconds for one in outcomes]):10.2f}"
    )


def main() -> None:
    """Run both studies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int, default=50, help="rigs for each row of a table")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--conditions", default="", help=f"of single cameras: {', '.join(CONDITIONS)}; all by default")
    parser.add_argument("--sizes", default="0,0.25,0.5,1,2", help="planted displacements in px; 0 plants nothing")
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--processes", type=int, default=None, help="one for each core by default")
    parser.add_argument("--plot", type=Path, help="write the curves of single cameras to this picture (matplotlib)")
    parser.add_argument("--only", choices=("readings", "cameras"))
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    start = time.perf_counter()
    if given.only != "cameras":
        study_readings(given.captures, given.seed, verbose=given.verbose)
    if given.only != "readings":
        study_cameras(given)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
