"""Two days of one rig: pictures by OpenCV of true cameras, some of which moved, read with one imperfect calibration."""

from __future__ import annotations

import numpy as np
from joint_rigs import Conditions, joint_evidence, perturbed, ring
from planted_rigs import Shot, head

from renderkit.diagnosis.camera_change import moved_view, with_cameras
from renderkit.diagnosis.drift import RunEvidence
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.similarity import Similarity

SAME_WORLD = Similarity.identity()


def camera_of(shot: Shot) -> Camera:
    return Camera.from_opencv(shot.K, shot.D, Pose(shot.R, shot.t), shot.size, shot.name)


def runs_of(
    seed: int,
    conditions: Conditions,
    moves: tuple[dict[int, tuple[str, float]], ...],
    *,
    cameras: int = 8,
    landmarks: int = 24,
    frames: int = 2,
    one_subject: bool = False,
) -> tuple[list[RunEvidence], list[list[Shot]]]:
    """One run without moves, then one for each of `moves`: camera index -> (kind, px).

    Detections differ from run to run, and unless there is one subject, the head, its errors and the detector's bias.
    The calibration is 0.5 px of turn and 0.3 px of focal length off.
    """
    rng = np.random.default_rng(seed)
    points = head(rng)[0]
    shots = ring(rng, cameras)
    written = {}
    for shot in shots:
        turned = perturbed(shot, "turn", float(rng.normal()) * 0.5, points, rng)
        written[shot.name] = camera_of(perturbed(turned, "focal length", float(rng.normal()) * 0.3, points, rng))
    runs, truths = [], []
    for day, moved in enumerate(({}, *moves)):
        truth = [perturbed(shot, *moved[i], points, rng) if i in moved else shot for i, shot in enumerate(shots)]
        of_day = np.random.default_rng([seed, day])
        seen = joint_evidence(
            of_day,
            conditions,
            cameras=truth,
            frames=frames,
            landmarks=landmarks,
            subject=np.random.default_rng([seed, 99]) if one_subject else None,
        )
        own = {shot.name: camera_of(shot) for shot in truth}
        views = [moved_view(view, own[view.camera.name], written[view.camera.name], SAME_WORLD) for view in seen.views]
        by_first = with_cameras(RigEvidence(tuple(views)), written)
        runs.append(RunEvidence(f"day {day}", by_first))
        truths.append(truth)
    return runs, truths
