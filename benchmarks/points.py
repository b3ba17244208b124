"""What points alone tell about a rig: planted errors of single cameras, and rigs without any.

    python benchmarks/points.py --rigs 40 --clean 120

24 cameras on an arc see 68 points in 5 frames, with 0.5 px of noise on each axis. An error of 1 px (RMS, over the
points) is planted in one camera, of every kind in turn. OpenCV projects. docs/guide/no-mesh.md has the figures.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# Each process works on a rig of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from joint_rigs import KINDS, perturbed, ring
from planted_rigs import head, project

from renderkit.capture import View
from renderkit.diagnosis.evidence.kind import EvidenceOptions
from renderkit.diagnosis.evidence.points import measure_points
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.pose import Pose

CLEAN = "nothing"


@dataclass(frozen=True)
class Study:
    """How large the rigs are.

    Attributes:
        cameras: Cameras.
        frames: Frames.
        points: Points of a frame.
        noise_px: Standard deviation of a detection, on each axis.
        size_px: RMS displacement of the points by the error.
        seed: First seed.
    """

    cameras: int = 24
    frames: int = 5
    points: int = 68
    noise_px: float = 0.5
    size_px: float = 1.0
    seed: int = 1


@dataclass(frozen=True)
class Answer:
    """What was said of one rig."""

    found: bool
    innocent: bool
    cause: bool
    size_px: float


def make_views(study: Study, kind: str, rng: np.random.Generator) -> tuple[list[View], str]:
    """Return the views of a rig, and the name of the camera whose file is wrong."""
    shots = ring(rng, study.cameras)
    points = head(rng)[0][: study.points]
    faulty = int(rng.integers(study.cameras))
    written = list(shots)
    if kind != CLEAN:
        written[faulty] = perturbed(shots[faulty], kind, study.size_px, points, rng)
    views = []
    for frame in range(study.frames):
        # A face that turns, moves, and speaks.
        turn = Pose.from_rotation_vector(rng.normal(0.0, 0.05, 3), rng.normal(0.0, 0.005, 3))
        moved = turn.apply(points) + rng.normal(0.0, 0.001, points.shape)
        for true, stated in zip(shots, written, strict=True):
            pixels = project(true, moved) + rng.normal(0.0, study.noise_px, (study.points, 2))
            pose = Pose(stated.R, np.ravel(stated.t))
            camera = Camera.from_opencv(stated.K, stated.D, pose, stated.size, stated.name)
            found = Landmarks.all_valid(pixels, "unknown")
            views.append(View(str(frame), camera, read_landmarks=partial(_given, found)))
    return views, shots[faulty].name


def _given(landmarks: Landmarks) -> Landmarks:
    return landmarks


def answer(study: Study, kind: str, run: int) -> Answer:
    """Judge one rig."""
    views, faulty = make_views(study, kind, np.random.default_rng([study.seed, KINDS_AND_CLEAN.index(kind), run]))
    off = {one.camera: one for one in measure_points(views, EvidenceOptions()).findings.off}
    mine = off.get(faulty) if kind != CLEAN else None
    return Answer(
        found=mine is not None,
        innocent=bool(set(off) - ({faulty} if kind != CLEAN else set())),
        cause=mine is not None and kind in mine.cannot_tell,
        size_px=mine.size_px if mine is not None else np.nan,
    )


KINDS_AND_CLEAN = (*KINDS, CLEAN)


def main() -> None:
    """Print a line for every kind of error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rigs", type=int, default=10, help="rigs for each kind of error")
    parser.add_argument("--clean", type=int, default=20, help="rigs without an error")
    parser.add_argument("--size", type=float, default=1.0, help="px")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    study = Study(size_px=given.size, seed=given.seed)
    total = Counter[str]()
    with ProcessPoolExecutor(given.workers) as pool:
        for kind in KINDS_AND_CLEAN:
            count = given.clean if kind == CLEAN else given.rigs
            answers = list(pool.map(partial(answer, study, kind), range(count)))
            found, innocent, cause = (
                sum(getattr(one, name) for one in answers) for name in ("found", "innocent", "cause")
            )
            sizes = [one.size_px for one in answers if one.found]
            size = f"; size {np.mean(sizes):.2f} +/- {np.std(sizes):.2f} px" if sizes else ""
            print(f"{kind:20} {count:4} rigs: found {found}, cause among those named {cause}, "
                  f"innocent accused in {innocent}{size}", flush=True)  # fmt: skip
            if kind != CLEAN:
                total.update(found=found, innocent=innocent, rigs=count)
    print(f"all errors: found {total['found']} of {total['rigs']}, innocent accused in {total['innocent']}")


if __name__ == "__main__":
    main()
