"""How often misreadings of whole rigs are named: the readings' part of detection.py."""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from planted_misreadings import FAULTS, WIDE_FAULTS, planted
from planted_rigs import Planted

from renderkit.diagnosis.readings.registry import READINGS
from renderkit.diagnosis.readings.result import RigReading
from renderkit.diagnosis.readings.rig_wide import read_rig_wide
from renderkit.diagnosis.view_evidence import RigEvidence

ALL = {**FAULTS, **WIDE_FAULTS}
SLOTS = {reading.name: reading.slot for reading in READINGS}
EVIDENCE = ("landmarks", "mattes", "both")
BY_LANDMARKS = ("half pixel", "half pixel, subtracted twice", "lens missing")
"""What is told by landmarks alone: in mattes of 0.4 of the picture's size half a pixel is a fifth of one."""

RENAMED = {
    "pictures of other cameras": ("landmarks", "mattes"),
    "pictures mirrored": ("landmarks",),
    "mattes of undistorted pictures": ("mattes",),
}
"""What has another name where there is no other evidence: of the landmarks, the mattes, or the pictures."""

RESIZED_LANDMARKS = ("landmarks times", "landmarks of another size")
"""Landmarks that need a factor."""

PLANTED = ("alone", "in pairs", "no such reading", "nothing")


@dataclass(frozen=True)
class ReadingTrial:
    """One rig: which evidence it has, what is planted, and its seed."""

    evidence: str
    title: str
    truth: tuple[str, ...]
    cameras: int
    seed: int


def can_show(name: str, evidence: str) -> bool:
    """Whether a misreading leaves a trace in this evidence at all."""
    if evidence in RENAMED.get(name, ()):
        return False
    if name in BY_LANDMARKS and evidence == "mattes":
        return False
    of_landmarks, of_mattes = name.startswith("landmark"), name.startswith("mattes")
    return not (of_landmarks and evidence == "mattes") and not (of_mattes and evidence == "landmarks")


def run_reading(trial: ReadingTrial) -> tuple[str, str]:
    """Return how the answer compares with what was planted, and the answer in words."""
    rng = np.random.default_rng(trial.seed)
    rig = planted(rng, *trial.truth, count=trial.cameras, noise_px=float(rng.uniform(0.2, 0.8)))
    if trial.title == "no such reading":
        _spoil(rig, rng)
    given = rig.evidence()
    if trial.evidence == "landmarks":
        given = RigEvidence(tuple(replace(view, vertices=None, matte=None) for view in given.views))
    elif trial.evidence == "mattes":
        given = RigEvidence(tuple(replace(view, points_world=None, pixels=None) for view in given.views))
    found = read_rig_wide(given)
    return judged(found, set(trial.truth)), f"{trial.truth} -> {found.readings} {found.alternatives} {found.sentence}"


def study_readings(pool: Executor, rigs: int, cameras: int, seed: int, *, verbose: bool) -> None:
    """Print how often misreadings of whole rigs are named."""
    print(f"{'evidence':10s} {'planted':16s} {'rigs':>4s}  answers")
    for row, evidence in enumerate(EVIDENCE):
        names = [name for name in ALL if can_show(name, evidence)]
        rng = np.random.default_rng((seed, row))
        for title in PLANTED:
            trials = []
            for number in range(rigs):
                truth: tuple[str, ...] = ()
                if title == "alone":
                    truth = (names[number % len(names)],)
                elif title == "in pairs":
                    truth = _pair(rng, names, evidence)
                trials.append(ReadingTrial(evidence, title, truth, cameras, int(rng.integers(1 << 31))))
            answers = list(pool.map(run_reading, trials))
            counts = Counter(answer for answer, _ in answers)
            print(f"{evidence:10s} {title:16s} {rigs:4d}  {dict(counts.most_common())}", flush=True)
            for answer, words in answers:
                if verbose and answer not in {"named", "fits"}:
                    print(f"   {answer}: {words}", flush=True)


def judged(found: RigReading, truth: set[str]) -> str:
    """Return how an answer compares with what was planted."""
    if found.verdict in {"no reading fits", "fits"}:
        return found.verdict
    if found.verdict == "cannot tell" and not found.readings:
        return "no reading fits"
    answers = [set(found.readings), *map(set, found.alternatives)]
    if truth and truth in map(set, found.same):
        answers[0] = truth
    if truth and truth in answers:
        return "named" if len(answers) == 1 else "tied, truth among them"
    return "part named" if set(found.readings) < truth else "WRONG"


def _pair(rng: np.random.Generator, names: list[str], evidence: str) -> tuple[str, str]:
    while True:
        first, second = (names[int(index)] for index in rng.choice(len(names), 2, replace=False))
        if SLOTS[first] != SLOTS[second] and not _is_one_fault({first, second}, evidence):
            return first, second


def _is_one_fault(names: set[str], evidence: str) -> bool:
    """Whether two misreadings together are one other, exactly, for this evidence."""
    slots = {SLOTS[name] for name in names}
    # A mirrored world that is turned as well is one that is mirrored along another axis.
    if slots == {"handedness", "world"}:
        return True
    # By landmarks alone two changes of size are one, and so are a mirrored picture and a turn.
    resized = all(SLOTS[name] == "scale" or name.startswith(RESIZED_LANDMARKS) for name in names)
    return evidence == "landmarks" and (resized or slots <= {"turn", "landmark axes", "landmark order"})


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
