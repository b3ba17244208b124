"""Detection study: what the rig-wide readings and the joint estimate find in seeded rigs with planted faults.

    python benchmarks/detection.py --rigs 50 --seed 1

Prints one table for misreadings of whole rigs (alone, in pairs, faults that no reading describes, no fault) and one for
single cameras. Rigs and faults come from the tests' generators, which project with OpenCV.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

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


def study_cameras(rigs: int, seed: int) -> None:
    """Print how often single faulty cameras are found, and clean rigs accused."""
    print("conditions   fault px  rigs  found in set  top others   size")
    table: tuple[tuple[str, Conditions], ...] = (("ideal", IDEAL), ("noisy", NOISY), ("realistic", REALISTIC))
    for title, conditions in table:
        for size in (0.0, 0.25, 0.5, 1.0, 2.0):
            hits = inside = top = others = 0
            sizes = []
            for number in range(rigs):
                rng = np.random.default_rng([seed, number, int(100 * size)])
                kind, camera = KINDS[number % len(KINDS)], int(rng.integers(12))
                found = fit_joint(joint_evidence(rng, conditions, faults={camera: (kind, size)} if size else None))
                mine = [one for one in found.findings if size and one.camera == f"{camera:02d}"]
                others += len(found.findings) > len(mine)
                for one in mine:
                    hits += 1
                    inside += kind in one.cannot_tell
                    top += kind == one.cause
                    sizes.append(one.size_px / size)
            middle = f"{np.median(sizes):.2f}" if sizes else "-"
            print(
                f"{title:12s} {size:8.2f} {rigs:5d} {hits:6d} {inside:6d} {top:4d} {others:6d} {middle:>6s}", flush=True
            )


def main() -> None:
    """Run both studies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rigs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("readings", "cameras"))
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    start = time.perf_counter()
    if given.only != "cameras":
        study_readings(given.rigs, given.seed, verbose=given.verbose)
    if given.only != "readings":
        study_cameras(given.rigs, given.seed)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
