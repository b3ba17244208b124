"""Which translation do stored FLAME vertices lack? Decided by evidence, per frame.

Stored vertices may already stand in the world, or lack `trans`, or lack the last three numbers of `cam`: the dataset
does not say, and files differ. Each candidate is tried against what is known of the world: the 3D landmarks, which lie
on the head, or else the point where the cameras' optical axes meet, which lies in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray, Points3, frozen
from renderkit.geometry.camera import Camera

Evidence: TypeAlias = Literal["landmarks3d", "optical axes", "none"]


@dataclass(frozen=True, eq=False)
class TranslationChoice:
    """The candidate that fits, and by how much.

    Attributes:
        choice: "none", "trans" or "cam".
        offset: (3,) what to add to the stored vertices, world units.
        scores: For every candidate its distance from the evidence in world units; smaller is better.
        margin: Second best score minus best, world units; NaN when there was no second candidate or no evidence.
        evidence: What decided: the median distance of the 3D landmarks to the nearest vertex, or the distance of the
            vertices' centroid from the point nearest to all optical axes.
    """

    choice: str
    offset: FloatArray
    scores: Mapping[str, float]
    margin: float
    evidence: Evidence

    def __post_init__(self) -> None:
        """Freeze."""
        object.__setattr__(self, "offset", frozen(np.asarray(self.offset, dtype=np.float64)))
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))

    def __str__(self) -> str:
        """Say it in one line."""
        if self.evidence == "none":
            return f"translation: {self.choice}, without evidence"
        scores = ", ".join(f"{name} {score:.4f}" for name, score in sorted(self.scores.items(), key=lambda s: s[1]))
        return f"translation: {self.choice}, by {self.evidence} ({scores}; margin {self.margin:.4f})"


def choose_translation(
    vertices: Points3, candidates: Mapping[str, FloatArray], landmarks: Points3 | None, focus: FloatArray | None
) -> TranslationChoice:
    """Choose what to add to stored vertices.

    Args:
        vertices: (V, 3) as stored.
        candidates: Offsets (3,) by name; "none" is always tried too. Candidates that equal an earlier one are dropped.
        landmarks: (L, 3) 3D landmarks in the world, valid ones only, or None.
        focus: (3,) the point nearest to all optical axes, or None; used without landmarks.
    """
    tried: dict[str, FloatArray] = {"none": np.zeros(3)}
    for name, offset in candidates.items():
        if np.isfinite(offset).all() and all(np.linalg.norm(offset - other) > 1e-9 for other in tried.values()):
            tried[name] = offset
    scores: dict[str, float]
    evidence: Evidence
    if landmarks is not None and len(landmarks):
        evidence = "landmarks3d"
        scores = {name: _median_distance(landmarks - offset, vertices) for name, offset in tried.items()}
    elif focus is not None:
        evidence = "optical axes"
        center = vertices.mean(axis=0)
        scores = {name: float(np.linalg.norm(center + offset - focus)) for name, offset in tried.items()}
    else:
        return TranslationChoice("none", np.zeros(3), {}, float("nan"), "none")
    ranked = sorted(scores, key=lambda name: scores[name])
    margin = scores[ranked[1]] - scores[ranked[0]] if len(ranked) > 1 else float("nan")
    return TranslationChoice(ranked[0], tried[ranked[0]], scores, margin, evidence)


def optical_axes_focus(cameras: Iterable[Camera]) -> FloatArray | None:
    """Return the (3,) world point with the least sum of squared distances to the optical axes.

    None for fewer than two cameras, or when all axes are parallel.
    """
    normal: FloatArray = np.zeros((3, 3))
    right: FloatArray = np.zeros(3)
    count = 0
    for camera in cameras:
        axis = camera.optical_axis_world
        across: FloatArray = np.eye(3) - np.outer(axis, axis)
        normal += across
        right += across @ camera.center_world
        count += 1
    if count < 2 or np.linalg.cond(normal) > 1e12:
        return None
    return np.asarray(np.linalg.solve(normal, right), dtype=np.float64)


def _median_distance(points: Points3, vertices: Points3) -> float:
    """Return the median over (L, 3) points of the distance to the nearest of (V, 3) vertices."""
    columns = np.ascontiguousarray(vertices.T)
    nearest = [np.square(columns - point[:, None]).sum(axis=0).min() for point in points]
    return float(np.median(np.sqrt(nearest)))
