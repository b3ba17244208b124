"""Checks of `prove`, `drift` and `refine` over many seeds, with planted faults that OpenCV projects.

    python benchmarks/fault_limits.py --rigs 100

prove: how often faults of the predicted 50 % and 99 % sizes are found. drift: how often a pair of runs without a move
has a finding, and how often a move is found. refine: how often what is left exceeds its 95 % bound, and how often a
clean rig is changed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from drift_rigs import runs_of
from joint_rigs import IDEAL, NOISY, REALISTIC, Conditions, joint_evidence, retaken, ring
from planted_rigs import Shot, head, project

from renderkit.diagnosis.detection_limits import find_limits
from renderkit.diagnosis.drift import find_drift
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.refine import refine_rig
from renderkit.geometry.rig import Rig

CONDITIONS: dict[str, Conditions] = {"ideal": IDEAL, "noisy": NOISY, "realistic": REALISTIC}
PLANTED = {
    "roll": "roll",
    "focal length": "focal",
    "aspect fx / fy": "fx / fy",
    "turn": "turn x",
    "principal point": "cx",
}
CAMERA = 3
FACTORS = (0.7, 0.85, 1.0, 1.2, 1.4)


def study_prove(rigs: int) -> None:
    """Print found shares at multiples of the predicted 50 % size, and at the 99 % size.

    The faulty camera's noise is drawn anew for every trial, the other cameras' detections are kept.
    """
    heads = "".join(f"{factor:8.2f} x" for factor in FACTORS)
    print(f"prove: found at multiples of the 50 % size\n{'':29s}{heads}   99 % size")
    for title, conditions in (("0.3 px", IDEAL), ("0.8 px", Conditions(0.8))):
        found = {kind: np.zeros(len(FACTORS) + 1) for kind in PLANTED}
        for seed in range(rigs):
            rng = np.random.default_rng(seed)
            base = joint_evidence(rng, conditions, cameras=12, frames=2, landmarks=40)
            limits = find_limits(base, alpha=0.01).cameras[CAMERA]
            for kind, shown in PLANTED.items():
                limit = limits.fault(shown)
                sizes = (*(factor * limit.found_50_px for factor in FACTORS), limit.found_99_px)
                for at, size in enumerate(sizes):
                    seen = retaken(rng, base, f"{CAMERA:02d}", (kind, size), conditions.noise_px)
                    found[kind][at] += f"{CAMERA:02d}" in {one.camera for one in fit_joint(seen).findings}
        for kind, counts in found.items():
            print(f"{title:12s} {kind:16s}" + "".join(f"{count / rigs:10.2f}" for count in counts), flush=True)


def study_drift(rigs: int) -> None:
    """Print false alarms and detections of moves between two runs."""
    print("drift        frames   subject   move px    accused wrongly   found")
    for title, conditions in CONDITIONS.items():
        for frames, same in ((2, False), (10, False), (10, True)):
            for size in (0.0, 0.5, 1.0, 2.0):
                wrong = hits = 0
                for seed in range(rigs):
                    moves = {CAMERA: ("turn", size)} if size else {}
                    runs, _ = runs_of(seed, conditions, (moves,), frames=frames, one_subject=same)
                    moved = {one.camera for one in find_drift(runs, alpha=0.01).moved}
                    mine = {f"{CAMERA:02d}"} if size else set()
                    wrong += bool(moved - mine)
                    hits += bool(moved & mine)
                subject = "same" if same else "another"
                words = f"{title:12s} {frames:6d}   {subject:8s} {size:8.2f}"
                print(f"{words} {wrong:12d}/{rigs} {hits:8d}/{rigs}", flush=True)


def study_refine(rigs: int) -> None:
    """Print what is left of planted faults against its bound, and clean rigs that are changed."""
    print("refine       faults   named   supported   beyond their 95 % bound   clean rigs changed")
    points = head(np.random.default_rng(77))[0]
    for title, conditions in CONDITIONS.items():
        planted = named = supported = beyond = changed = 0
        for seed in range(rigs):
            rng = np.random.default_rng(seed)
            shots = ring(rng, 8)
            faults = {1: ("principal point", 2.0), 3: ("turn", 4.0), 6: ("focal length", 2.0)}
            for some in (faults, {}):
                seen = joint_evidence(rng, conditions, cameras=shots, frames=2, landmarks=24, faults=some)
                rig = Rig({name: raw.to_camera() for name, raw in seen.cameras.items()}, "m")
                found = refine_rig(rig, seen)
                changed += not some and found.better
                planted += len(some)
                for one in (each for each in found.cameras if int(each.camera) in some):
                    named += 1
                    supported += one.supported
                    camera = found.forced_rig[one.camera]
                    pose, true = camera.cam_from_world, shots[int(one.camera)]
                    mine = Shot("", camera.K, camera.distortion.coefficients, pose.R, pose.t, true.size, points, None)
                    off = project(mine, points) - project(true, points)
                    beyond += float(np.sqrt((off**2).sum(axis=1).mean())) > one.left_px
        print(f"{title:12s} {planted:6d} {named:7d} {supported:10d} {beyond:18d} {changed:22d}/{rigs}", flush=True)


def main() -> None:
    """Run the studies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rigs", type=int, default=50)
    parser.add_argument("--only", choices=("prove", "drift", "refine"))
    given = parser.parse_args()
    start = time.perf_counter()
    if given.only in {None, "prove"}:
        study_prove(given.rigs)
    if given.only in {None, "drift"}:
        study_drift(given.rigs)
    if given.only in {None, "refine"}:
        study_refine(given.rigs)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
