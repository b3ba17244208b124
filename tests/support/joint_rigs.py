"""Rigs with one or two faulty cameras, projected by OpenCV, with realistic errors of detectors and 3D points."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from planted_rigs import Shot, head, look_at, project

from renderkit.diagnosis.view_evidence import OutlineEvidence, RigEvidence, ViewEvidence
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
        mattes: Whether there are outlines.
        landmarks: Whether there are landmarks.
        edge_px: Noise of a matte's outline, correlated along it over `edge_length_px`.
        edge_length_px: px.
        mesh: (rad, m) error of the mesh's pose in each frame.
        mesh_m: Smooth errors of the mesh's shape.
        hairy: Share of the cameras with a third of their outline under hair, or eroded by 2 px.
        dilation_px: Each camera's mattes are larger by so much.
        marked: Share of the cameras with landmarks.
    """

    noise_px: float = 0.3
    outliers: float = 0.0
    bias_px: float = 0.0
    landmark_m: float = 0.0
    pose: tuple[float, float] = (0.0, 0.0)
    jitter_px: float = 0.0
    view_shift_px: float = 0.0
    mattes: bool = False
    landmarks: bool = True
    edge_px: float = 0.05
    edge_length_px: float = 8.0
    mesh: tuple[float, float] = (0.0, 0.0)
    mesh_m: float = 0.0
    hairy: float = 0.0
    dilation_px: float = 0.0
    marked: float = 1.0


IDEAL = Conditions()
NOISY = Conditions(1.0, 0.03, 1.0, 0.001)
REALISTIC = Conditions(1.0, 0.03, 1.0, 0.001, (float(np.deg2rad(1.0)), 0.002), 0.1, 0.3)


def perturbed(shot: Shot, kind: str, amount_px: float, points: np.ndarray, rng: np.random.Generator) -> Shot:
    """The camera with an error of one kind that displaces `points` by `amount_px` RMS."""
    angle = rng.uniform(0, 2 * np.pi)
    aside = np.array([np.cos(angle), np.sin(angle), 0.0])
    small = 1e-4
    moved = _moved(shot, kind, small, aside)
    effect = np.sqrt(((project(moved, points) - project(shot, points)) ** 2).sum(axis=1).mean())
    return _moved(shot, kind, small * amount_px / effect, aside)


def perturbed_alike(
    shots: list[Shot], kind: str, amount_px: float, points: np.ndarray, rng: np.random.Generator
) -> list[Shot]:
    """All cameras with the same error, which displaces `points` by `amount_px` RMS in the middle one of them."""
    angle = rng.uniform(0, 2 * np.pi)
    aside = np.array([np.cos(angle), np.sin(angle), 0.0])
    small = 1e-4
    effects = [project(_moved(shot, kind, small, aside), points) - project(shot, points) for shot in shots]
    effect = float(np.median([np.sqrt((one**2).sum(axis=1).mean()) for one in effects]))
    return [_moved(shot, kind, small * amount_px / effect, aside) for shot in shots]


def _moved(shot: Shot, kind: str, amount: float, aside: np.ndarray) -> Shot:
    K, D, R, t = shot.K.copy(), shot.D.copy(), shot.R, shot.t
    if kind in TURNS:
        turn = cv2.Rodrigues(amount * (aside if not TURNS[kind] else np.array(TURNS[kind])))[0]
        R, t = turn @ R, turn @ t
    elif kind in STEPS:
        t = t + amount * (aside if not STEPS[kind] else np.array(STEPS[kind]))
    elif kind in LENS:
        D[LENS[kind]] += amount
    elif kind in {"cx", "cy"}:
        K[["cx", "cy"].index(kind), 2] += amount
    elif kind == "principal point":
        K[:, 2] += amount * aside
    elif kind == "focal length":
        K[:2, :2] *= 1.0 + amount
    elif kind == "aspect fx / fy":
        K[:2, :2] *= np.exp([[0.5 * amount], [-0.5 * amount]])
    else:
        raise ValueError(kind)
    return Shot(shot.name, K, D, R, t, shot.size, shot.landmarks, shot.matte)


_ASIDE: tuple[float, ...] = ()
TURNS = {"turn": _ASIDE, "roll": (0.0, 0.0, 1.0), "pitch": (1.0, 0.0, 0.0), "yaw": (0.0, 1.0, 0.0)}
"""Axis of the camera about which it is turned; () is any in the picture's plane."""

STEPS = {
    "sideways step": _ASIDE,
    "step along the axis": (0.0, 0.0, 1.0),
    "step x": (1.0, 0.0, 0.0),
    "step y": (0.0, 1.0, 0.0),
}
"""Direction of the step, likewise."""

LENS = {"lens distortion k1": 0, "lens distortion k2": 1, "lens distortion p1": 2, "lens distortion p2": 3}
"""Places in OpenCV's order of the coefficients."""

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


def amounts_between(file: Shot, true: Shot) -> dict[str, float]:
    """What to add to the file's numbers to get the true ones, in the joint estimate's parameters."""
    R = true.R @ file.R.T
    turn = cv2.Rodrigues(R)[0].ravel()
    step = true.t - R @ file.t
    ratio = np.log(np.diag(true.K)[:2] / np.diag(file.K)[:2])
    return {
        **dict(zip(("turn_x", "turn_y", "roll"), turn.tolist(), strict=True)),
        **dict(zip(("step_x", "step_y", "step_z"), step.tolist(), strict=True)),
        "log_focal": float(ratio.mean()),
        "log_aspect": float(ratio[0] - ratio[1]),
        "cx": float(true.K[0, 2] - file.K[0, 2]),
        "cy": float(true.K[1, 2] - file.K[1, 2]),
        **{name: float(true.D[i] - file.D[i]) for i, name in enumerate(("k1", "k2", "p1", "p2"))},
    }


def bumps(rng: np.random.Generator, vertices: np.ndarray) -> np.ndarray:
    """Smooth relative errors of a shape, of standard deviation 1 px / 0.1 m: (V, 1)."""
    units = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    directions = rng.normal(size=(60, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    waves = np.exp((units @ directions.T - 1.0) / 0.25**2) @ rng.normal(size=60)
    return np.asarray(waves / max(float(np.std(waves)), 1e-12) / 0.1)[:, None]


def convex_outline(
    file: Shot, mesh: np.ndarray, true: np.ndarray, matte: tuple[np.random.Generator, Conditions, bool, float]
) -> OutlineEvidence:
    """Offsets between the hulls of a mesh as the file draws it and of the true one, along the drawn one's normals."""
    rng, conditions, hairy, dilation = matte
    drawn = project(file, mesh)
    order = cv2.convexHull(drawn.astype(np.float32), returnPoints=False)[:, 0]
    corners, behind = drawn[order], np.roll(np.arange(len(order)), -1)
    lengths = np.linalg.norm(corners[behind] - corners, axis=1)
    places = np.cumsum(np.r_[0.0, lengths])
    at = (np.arange(96) + 0.5) / 96 * places[-1]
    side = np.clip(np.searchsorted(places, at, side="right") - 1, 0, len(order) - 1)
    share = ((at - places[side]) / lengths[side])[:, None]
    # Nearly equal depths at both ends of a short edge: the share in space is that in the picture.
    points = mesh[order[side]] * (1 - share) + mesh[order[behind[side]]] * share
    pixels = corners[side] * (1 - share) + corners[behind[side]] * share
    along = (corners[behind] - corners)[side] / lengths[side][:, None]
    # A corner's normal is no edge's: smoothed over neighbours.
    normals = np.column_stack([along[:, 1], -along[:, 0]])
    normals = np.sum([np.roll(normals, step, axis=0) for step in (-1, 0, 1)], axis=0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    if ((pixels - pixels.mean(axis=0)) * normals).sum() < 0:
        normals = -normals
    offsets = _to_hull(pixels, normals, true) + dilation
    spacing = places[-1] / 96
    offsets += _correlated(rng, 96, conditions.edge_length_px / spacing) * conditions.edge_px
    if hairy:
        start, length = rng.integers(96), int(rng.integers(24, 40))
        where = (start + np.arange(length)) % 96
        offsets[where] += np.abs(rng.normal(size=length)) * 8.0
    offsets[np.abs(offsets) > 25.0] = np.nan
    return OutlineEvidence(points, normals, offsets, np.zeros(96, dtype=np.int64))


def _correlated(rng: np.random.Generator, count: int, length: float) -> np.ndarray:
    """Noise of standard deviation 1, correlated like exp(-distance / length), around a closed curve."""
    distance = np.minimum(np.arange(count), count - np.arange(count))
    spectrum = np.maximum(np.fft.fft(np.exp(-distance / max(length, 1e-3))).real, 0.0)
    return np.asarray(np.fft.ifft(np.fft.fft(rng.normal(size=count)) * np.sqrt(spectrum)).real)


def _to_hull(pixels: np.ndarray, normals: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Distance along each normal to the outline of the hull of `true`; NaN where the line misses it."""
    hull = cv2.convexHull(true.astype(np.float32))[:, 0].astype(np.float64)
    start, step = hull, np.roll(hull, -1, axis=0) - hull
    away = start[None] - pixels[:, None]
    across = step[None, :, 0] * normals[:, None, 1] - step[None, :, 1] * normals[:, None, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (away[..., 1] * normals[:, None, 0] - away[..., 0] * normals[:, None, 1]) / across
        distance = ((away + share[..., None] * step[None]) * normals[:, None]).sum(axis=2)
    distance = np.where((share >= 0) & (share <= 1), distance, np.inf)
    best = np.abs(distance).argmin(axis=1)
    found = distance[np.arange(len(pixels)), best]
    return np.where(np.isfinite(found), found, np.nan)


def joint_evidence(  # noqa: C901 - one block for each condition
    rng: np.random.Generator,
    conditions: Conditions,
    *,
    cameras: int | list[Shot] = 12,
    frames: int = 3,
    landmarks: int = 60,
    faults: dict[int, tuple[str, float]] | None = None,
    planted_amounts: dict[int, dict[str, float]] | None = None,
    mesh_fault: Callable[[np.ndarray], np.ndarray] | None = None,
    subject: np.random.Generator | None = None,
    shared: tuple[str, float] | None = None,
) -> RigEvidence:
    """Evidence of a rig whose files are right but for `faults`: camera index -> (kind, px).

    `shared` is a fault that all cameras have, the same in each.

    `subject` draws the head, its errors and the detector's bias, if they are to be the same in another call.
    `planted_amounts` receives what each of them needs; `mesh_fault` changes the (V, 3) mesh that the file holds.
    """
    shots = ring(rng, cameras) if isinstance(cameras, int) else cameras
    kept = rng if subject is None else subject
    points, vertices = head(kept)
    points = points[kept.permutation(len(points))[:landmarks]]
    believed_vertices = vertices * (1.0 + conditions.mesh_m * bumps(kept, vertices))
    if mesh_fault is not None:
        believed_vertices = mesh_fault(believed_vertices)
    hairy = rng.random(len(shots)) < conditions.hairy
    marked = rng.permutation(len(shots)) < max(conditions.marked * len(shots), 4)
    wrong_points = points + kept.normal(size=points.shape) * conditions.landmark_m
    bias = kept.normal(size=(len(points), 2)) * conditions.bias_px
    written = []
    for index, shot in enumerate(shots):
        file = shot
        if conditions.jitter_px:
            for kind in KINDS:
                file = perturbed(file, kind, float(rng.normal() * conditions.jitter_px), points, rng)
        direction = copy.deepcopy(rng)
        if faults and index in faults:
            file = perturbed(file, *faults[index], points, rng)
        written.append(file)
        if faults and index in faults and planted_amounts is not None:
            # Of the fault alone, with the direction that it has in the file.
            planted_amounts[index] = amounts_between(perturbed(shot, *faults[index], points, direction), shot)
    if shared is not None:
        before, written = written, perturbed_alike(written, *shared, points, rng)
        if planted_amounts is not None:
            pairs = zip(written, before, strict=True)
            planted_amounts.update({index: amounts_between(*pair) for index, pair in enumerate(pairs)})
    views = []
    dilations = rng.normal(size=len(shots)) * conditions.dilation_px
    for frame in range(frames):
        turn = cv2.Rodrigues(rng.normal(size=3) * 0.05)[0]
        moved = points @ turn.T + rng.normal(size=3) * 0.005
        error = cv2.Rodrigues(rng.normal(size=3) * conditions.pose[0])[0]
        believed = (
            (wrong_points @ turn.T) @ error.T + (moved - points @ turn.T) + rng.normal(size=3) * conditions.pose[1]
        )
        step = moved[0] - points[0] @ turn.T
        mesh_turn = cv2.Rodrigues(rng.normal(size=3) * conditions.mesh[0])[0] @ turn
        mesh = believed_vertices @ mesh_turn.T + step + rng.normal(size=3) * conditions.mesh[1]
        for index, (shot, file) in enumerate(zip(shots, written, strict=True)):
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
            outline = None
            if conditions.mattes:
                true = project(shot, vertices @ turn.T + step)
                outline = convex_outline(file, mesh, true, (rng, conditions, bool(hairy[index]), dilations[index]))
            has = conditions.landmarks and marked[index]
            views.append(
                ViewEvidence(
                    camera=camera,
                    frame=str(frame),
                    points_world=believed if has else None,
                    pixels=pixels if has else None,
                    outline=outline,
                )
            )
    return RigEvidence(tuple(views))


def retaken(
    rng: np.random.Generator, base: RigEvidence, name: str, fault: tuple[str, float], noise_px: float
) -> RigEvidence:
    """The evidence with a fault (kind, px) and other noise in one camera; the others' detections are kept.

    The 3D points of `base` must be exact: the camera's pictures are projected from them.
    """
    views = []
    for view in base.views:
        if view.camera.name != name or view.points_world is None:
            views.append(view)
            continue
        raw, nothing = view.camera, np.zeros((0, 2))
        true = Shot(
            name, raw.K, np.array(raw.coefficients), raw.pose[:, :3], raw.pose[:, 3], raw.size or (0, 0), nothing, None
        )
        file = perturbed(true, *fault, view.points_world, np.random.default_rng(0))
        pixels = project(true, view.points_world) + rng.normal(size=(len(view.points_world), 2)) * noise_px
        camera = replace(raw, K=file.K, pose=np.column_stack([file.R, file.t]), coefficients=tuple(file.D.tolist()))
        views.append(replace(view, camera=camera, pixels=pixels))
    return RigEvidence(tuple(views))
