"""Rigs with one or two faulty cameras, projected by OpenCV, with realistic errors of detectors and 3D points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from planted_rigs import Shot, head, look_at, project

from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.formats.as_stated import RawCamera


@dataclass(frozen=True)
class Conditions:
    """How good the evidence is.

    Attributes:
        noise_px: Per component.
        outliers: Share of landmarks that are 10 px off.
        bias_px: Detector's bias by yaw, per landmark.
        landmark_m: Error of the 3D landmarks.
        pose: (rad, m) error of the 3D points' pose in each frame.
        jitter_px: Healthy cameras' own errors, px for each parameter.
        view_shift_px: Common shift of one view's detections.
    """

    noise_px: float = 0.3
    outliers: float = 0.0
    bias_px: float = 0.0
    landmark_m: float = 0.0
    pose: tuple[float, float] = (0.0, 0.0)
    jitter_px: float = 0.0
    view_shift_px: float = 0.0


IDEAL = Conditions()
NOISY = Conditions(1.0, 0.03, 1.0, 0.001)
REALISTIC = Conditions(1.0, 0.03, 1.0, 0.001, (float(np.deg2rad(1.0)), 0.002), 0.1, 0.3)


def perturbed(shot: Shot, kind: str, amount_px: float, points: np.ndarray, rng: np.random.Generator) -> Shot:
    """The camera with an error of one kind that displaces `points` by `amount_px` RMS."""

    def moved(amount: float) -> Shot:
        K, D, R, t = shot.K.copy(), shot.D.copy(), shot.R, shot.t
        if kind == "principal point":
            K[:2, 2] += amount * np.array(direction)
        elif kind == "turn":
            turn = cv2.Rodrigues(amount * np.array([*direction, 0.0]))[0]
            R, t = turn @ R, turn @ t
        elif kind == "sideways step":
            t = t + amount * np.array([*direction, 0.0])
        elif kind == "roll":
            turn = cv2.Rodrigues(np.array([0.0, 0.0, amount]))[0]
            R, t = turn @ R, turn @ t
        elif kind == "focal length":
            K[:2, :2] *= 1.0 + amount
        elif kind == "step along the axis":
            t = t + np.array([0.0, 0.0, amount])
        elif kind == "lens distortion k1":
            D[0] += amount
        elif kind == "aspect fx / fy":
            K[0, 0] *= 1.0 + 0.5 * amount
            K[1, 1] *= 1.0 - 0.5 * amount
        else:
            raise ValueError(kind)
        return Shot(shot.name, K, D, R, t, shot.size, shot.landmarks, shot.matte)

    angle = rng.uniform(0, 2 * np.pi)
    direction = (np.cos(angle), np.sin(angle))
    small = 1e-4
    before = project(shot, points)
    effect = np.sqrt(((project(moved(small), points) - before) ** 2).sum(axis=1).mean())
    return moved(small * amount_px / effect)


KINDS = (
    "principal point",
    "turn",
    "sideways step",
    "roll",
    "focal length",
    "step along the axis",
    "lens distortion k1",
    "aspect fx / fy",
)


def ring(rng: np.random.Generator, count: int) -> list[Shot]:
    """Cameras on an arc about the origin, 1 px = 1 mm at the head."""
    shots = []
    for index in range(count):
        yaw = np.deg2rad(np.linspace(-80, 80, count)[index])
        pitch = np.deg2rad(rng.normal() * 15)
        center = 1.0 * np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
        R, t = look_at(center, rng.normal(size=3) * 0.01, 0.03 * rng.normal())
        K = np.array([[1150.0, 0, 305.5 + rng.normal() * 4], [0, 1150.0, 255.5 + rng.normal() * 4], [0, 0, 1]])
        D = np.array([-0.08, 0.1, 0.0004, -0.0003, 0.0])
        shots.append(Shot(f"{index:02d}", K, D, R, t, (612, 512), np.zeros((0, 2)), None))
    return shots


def joint_evidence(
    rng: np.random.Generator,
    conditions: Conditions,
    *,
    cameras: int | list[Shot] = 12,
    frames: int = 3,
    landmarks: int = 60,
    faults: dict[int, tuple[str, float]] | None = None,
) -> RigEvidence:
    """Evidence of a rig whose files are right but for `faults`: camera index -> (kind, px)."""
    shots = ring(rng, cameras) if isinstance(cameras, int) else cameras
    points = head(rng)[0]
    points = points[rng.permutation(len(points))[:landmarks]]
    wrong_points = points + rng.normal(size=points.shape) * conditions.landmark_m
    bias = rng.normal(size=(len(points), 2)) * conditions.bias_px
    written = []
    for index, shot in enumerate(shots):
        file = shot
        if conditions.jitter_px:
            for kind in KINDS:
                file = perturbed(file, kind, float(rng.normal() * conditions.jitter_px), points, rng)
        if faults and index in faults:
            file = perturbed(file, *faults[index], points, rng)
        written.append(file)
    views = []
    for frame in range(frames):
        turn = cv2.Rodrigues(rng.normal(size=3) * 0.05)[0]
        moved = points @ turn.T + rng.normal(size=3) * 0.005
        error = cv2.Rodrigues(rng.normal(size=3) * conditions.pose[0])[0]
        believed = (
            (wrong_points @ turn.T) @ error.T + (moved - points @ turn.T) + rng.normal(size=3) * conditions.pose[1]
        )
        for shot, file in zip(shots, written, strict=True):
            yaw = float(np.arctan2(shot.R[2, 0], shot.R[2, 2]))
            pixels = project(shot, moved) + rng.normal(size=(len(points), 2)) * conditions.noise_px
            pixels += np.sin(yaw) * bias + rng.normal(size=2) * conditions.view_shift_px
            bad = rng.random(len(pixels)) < conditions.outliers
            pixels[bad] += rng.normal(size=(int(bad.sum()), 2)) * 10
            camera = RawCamera(
                name=file.name,
                K=file.K,
                pose=np.column_stack([file.R, file.t]),
                coefficients=tuple(file.D.tolist()),
                size=file.size,
            )
            views.append(ViewEvidence(camera=camera, frame=str(frame), points_world=believed, pixels=pixels))
    return RigEvidence(tuple(views))
