"""What an error that all cameras share looks like as another one, by least squares on OpenCV's projections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from planted_rigs import Shot, project

from renderkit.diagnosis.view_evidence import RigEvidence

_SMALL = {"turn": 1e-5, "roll": 1e-5, "step": 1e-6, "log": 1e-5, "cx": 1e-2, "cy": 1e-2, "k": 1e-3, "p": 1e-4}
_SHARE = 1e-3
"""Of the planted error, so that all of it is linear."""

_LENS = {"k1": 0, "k2": 1, "p1": 2, "p2": 3}


def changed(shot: Shot, amounts: Mapping[str, float]) -> Shot:
    """The camera with amounts added to its numbers, by the names of the joint estimate."""
    K, D = shot.K.copy(), shot.D.copy()
    turn = cv2.Rodrigues(np.array([amounts.get(name, 0.0) for name in ("turn_x", "turn_y", "roll")]))[0]
    step = np.array([amounts.get(name, 0.0) for name in ("step_x", "step_y", "step_z")])
    focal, aspect = amounts.get("log_focal", 0.0), amounts.get("log_aspect", 0.0)
    K[0, :2] *= np.exp(focal + 0.5 * aspect)
    K[1, :2] *= np.exp(focal - 0.5 * aspect)
    K[:2, 2] += amounts.get("cx", 0.0), amounts.get("cy", 0.0)
    for name, place in _LENS.items():
        D[place] += amounts.get(name, 0.0)
    return Shot(shot.name, K, D, turn @ shot.R, turn @ shot.t + step, shot.size, shot.landmarks, shot.matte)


def seen_as(evidence: RigEvidence, planted: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Amounts of other numbers, in all cameras, that displace the pictures as `planted` does.

    What a motion and a size of the subject imitate does not count: these are fitted beside.
    """
    rows, targets = [], []
    frame = evidence.views[0].frame
    for view in (one for one in evidence.views if one.frame == frame):
        points = view.outline.points_world if view.points_world is None and view.outline else view.points_world
        if points is None:
            continue
        raw, nothing = view.camera, np.zeros((0, 2))
        file = Shot(raw.name, raw.K, np.array(raw.coefficients), raw.pose[:, :3], raw.pose[:, 3],
                    raw.size or (0, 0), nothing, None)  # fmt: skip
        start = project(file, points)
        columns = [(project(changed(file, {name: _step(name)}), points) - start) / _step(name) for name in names]
        for axis in range(3):
            turn = cv2.Rodrigues(1e-5 * np.eye(3)[axis])[0]
            columns.append((project(file, points @ turn.T) - start) / 1e-5)
            columns.append((project(file, points + 1e-6 * np.eye(3)[axis]) - start) / 1e-6)
        columns.append((project(file, points * (1.0 + 1e-5)) - start) / 1e-5)
        rows.append(np.stack(columns, axis=2).reshape(-1, len(columns)))
        part = {name: _SHARE * value for name, value in planted.items()}
        targets.append((project(changed(file, part), points) - start).ravel() / _SHARE)
    design = np.concatenate(rows)
    scale = np.linalg.norm(design, axis=0)
    found = np.linalg.lstsq(design / scale, np.concatenate(targets), rcond=None)[0] / scale
    return dict(zip(names, found.tolist(), strict=False))


def _step(name: str) -> float:
    return next(step for start, step in _SMALL.items() if name.startswith(start))
