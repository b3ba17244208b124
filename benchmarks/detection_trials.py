"""Rigs with one planted fault, and what the joint estimate concludes about them: the trials of detection.py."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from common_oracle import seen_as
from joint_rigs import IDEAL, KINDS, LENS, NOISY, REALISTIC, STEPS, TURNS, Conditions, bumps, joint_evidence
from planted_rigs import Shot

from renderkit.diagnosis.joint import CameraFinding, JointDiagnosis, fit_joint
from renderkit.diagnosis.joint.parameters import PARAMETERS
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence

POOR = Conditions(mattes=True, edge_px=0.5, mesh=(0.0175, 0.002), mesh_m=0.001, hairy=1 / 3, dilation_px=0.3)
"""Realistic mattes and meshes, ideal landmarks."""


def _with_realistic_landmarks(mattes: Conditions) -> Conditions:
    names = ("noise_px", "outliers", "bias_px", "landmark_m", "pose", "jitter_px", "view_shift_px")
    return replace(mattes, **{name: getattr(REALISTIC, name) for name in names})


CONDITIONS: dict[str, Conditions] = {
    "landmarks ideal": IDEAL,
    "landmarks 1 px": NOISY,
    "landmarks realistic": REALISTIC,
    "landmarks 3 px": replace(REALISTIC, noise_px=3.0),
    "outlines ideal": Conditions(mattes=True, landmarks=False),
    "outlines 0.5 px": Conditions(mattes=True, landmarks=False, edge_px=0.5),
    "outlines realistic": replace(POOR, landmarks=False, jitter_px=0.1),
    "both ideal": Conditions(mattes=True),
    "both realistic": _with_realistic_landmarks(POOR),
    "landmarks in a quarter": replace(_with_realistic_landmarks(POOR), marked=0.25),
}

IN_CAMERA = tuple(dict.fromkeys([*KINDS, *TURNS, *STEPS, *LENS]))
"""Faults of a camera's numbers, by `joint_rigs.perturbed`."""

IN_PICTURES = ("mattes too large or too small", "landmark detections", "time offset", "exchanged calibrations")
"""Faults that are planted in the evidence of one camera."""

IN_MESH = ("mesh turned", "mesh too large", "stale scan")
"""Faults of the mesh: no camera is to be named."""

EVERY_KIND = (*IN_CAMERA, *IN_PICTURES, *IN_MESH)

CLASSES = {
    "yaw": ("turn",),
    "pitch": ("turn",),
    "step x": ("sideways step",),
    "step y": ("sideways step",),
    "lens distortion k1": ("lens distortion k1", "lens distortion"),
    "lens distortion k2": ("lens distortion k2", "lens distortion"),
    "lens distortion p1": ("tangential distortion", "lens distortion"),
    "lens distortion p2": ("tangential distortion", "lens distortion"),
}
"""Slips that describe a kind; a kind without an entry is a slip by its own name."""

NO_CLASS = ("time offset", "exchanged calibrations", *IN_MESH)
"""Kinds that no slip of a single camera describes."""


@dataclass(frozen=True)
class Trial:
    """One rig: its conditions, what is planted in how many cameras, and where it starts from."""

    conditions: str
    kind: str
    size_px: float
    cameras: int
    frames: int
    seed: tuple[int, ...]
    faulty: int = 1
    rig: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What was concluded about one rig.

    Attributes:
        trial: What was planted.
        found: How many of the faulty cameras are named; of one in all cameras, whether the rig's sentence names one.
        classed: Of these, in how many the true slip is among the causes that cannot be told apart.
        top: In how many it is the first of them.
        sole: In how many there was only one cause, and in how many of those it was the true one.
        others: Healthy cameras that are named, and errors of all cameras that are named where there is none; single
            cameras beside a fault that all have.
        mesh: Whether the mesh is said to be off.
        z: (found - planted) / standard error of each number of a slip that was named rightly.
        words: What was said, for people.
        seconds: Processor time of the fit.
    """

    trial: Trial
    found: int
    classed: int
    top: int
    sole: tuple[int, int]
    others: int
    mesh: bool
    z: tuple[float, ...] = ()
    words: tuple[str, ...] = field(default=())
    seconds: float = 0.0


def run_trial(trial: Trial) -> Outcome:
    """Plant, fit, compare."""
    rng = np.random.default_rng(trial.seed)
    shots: int | list[Shot] = trial.cameras if trial.rig is None else real_rig(trial.rig, trial.cameras)
    faulty = [int(index) for index in rng.permutation(trial.cameras)[: trial.faulty]]
    amounts: dict[int, dict[str, float]] = {}
    in_camera = trial.size_px and trial.kind in IN_CAMERA
    in_all = in_camera and trial.faulty == trial.cameras
    evidence = joint_evidence(
        rng,
        CONDITIONS[trial.conditions],
        cameras=shots,
        frames=trial.frames,
        faults=dict.fromkeys(faulty, (trial.kind, trial.size_px)) if in_camera and not in_all else None,
        shared=(trial.kind, trial.size_px) if in_all else None,
        planted_amounts=amounts,
        mesh_fault=_mesh_fault(trial) if trial.size_px else None,
    )
    names = list(evidence.cameras)
    truth = {names[index]: amounts.get(index, {}) for index in faulty}
    if trial.size_px and trial.kind in IN_PICTURES:
        evidence, truth = _spoiled(evidence, trial, (faulty, rng))
    if not trial.size_px or trial.kind in IN_MESH:
        truth = {}
    start = time.process_time()
    found = fit_joint(evidence)
    seconds = time.process_time() - start
    if trial.size_px and trial.faulty == trial.cameras:
        return _of_all(trial, found, evidence, amounts.get(0, {}), seconds)
    mine = [one for one in found.findings if one.camera in truth]
    return Outcome(
        trial=trial,
        found=len(mine),
        classed=sum(not _slips(trial.kind).isdisjoint(one.cannot_tell) for one in mine),
        top=sum(one.cause in _slips(trial.kind) for one in mine),
        sole=(
            sum(len(one.cannot_tell) == 1 and one.cause in _slips(trial.kind) for one in mine),
            sum(len(one.cannot_tell) == 1 for one in mine),
        ),
        others=len(found.findings) - len(mine) + (found.common is not None),
        mesh=found.mesh is not None,
        z=tuple(z for one in mine if one.cause in _slips(trial.kind) for z in _deviations(one, truth[one.camera])),
        words=_words(found),
        seconds=seconds,
    )


def _words(found: JointDiagnosis) -> tuple[str, ...]:
    shared = () if found.common is None else (found.common.sentence,)
    return (*shared, *(one.sentence for one in found.findings))


def _of_all(
    trial: Trial, found: JointDiagnosis, evidence: RigEvidence, planted: dict[str, float], seconds: float
) -> Outcome:
    """The outcome where all cameras have the same fault: the rig's sentence counts, and each camera that is named."""
    common, slips = found.common, _slips(trial.kind)
    classed = common is not None and not slips.isdisjoint(common.cannot_tell)
    z: tuple[float, ...] = ()
    if common is not None and classed and planted and set(common.amounts) <= set(PARAMETERS):
        expected = seen_as(evidence, planted, tuple(common.amounts))
        errors = common.amount_errors
        z = tuple((common.amounts[name] - value) / errors[name] for name, value in expected.items())
    alone = common is not None and len(common.cannot_tell) == 1
    return Outcome(
        trial=trial,
        found=int(common is not None),
        classed=int(classed),
        top=int(common is not None and common.cause in slips),
        sole=(int(alone and classed), int(alone)),
        others=len(found.findings),
        mesh=found.mesh is not None,
        z=z,
        words=_words(found),
        seconds=seconds,
    )


def _slips(kind: str) -> set[str]:
    return set(CLASSES.get(kind, (kind,)))


def _deviations(finding: CameraFinding, truth: dict[str, float]) -> list[float]:
    errors = finding.amount_errors
    if len(errors) > 2 or not truth:
        # Parameters that imitate each other are known together only.
        return []
    return [(finding.amounts[name] - truth[name]) / errors[name] for name in errors if name in truth]


def _mesh_fault(trial: Trial) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what moves the mesh's outline by about `size_px`; 1 px is 0.87 mm of a head of 0.1 m."""
    share = trial.size_px * 0.87e-3 / 0.1
    turn = np.array([[np.cos(share), 0, np.sin(share)], [0, 1, 0], [-np.sin(share), 0, np.cos(share)]])
    stale = np.random.default_rng(trial.seed)
    changes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "mesh turned": lambda vertices: vertices @ turn.T,
        "mesh too large": lambda vertices: vertices * (1.0 + share),
        "stale scan": lambda vertices: vertices * (1.0 + 0.1 * share * bumps(stale, vertices)),
    }
    return changes.get(trial.kind)


def _spoiled(
    evidence: RigEvidence, trial: Trial, where: tuple[list[int], np.random.Generator]
) -> tuple[RigEvidence, dict[str, dict[str, float]]]:
    """Return evidence with the pictures of one camera spoiled, and the names of the cameras that are then off."""
    faulty, rng = where
    names = list(evidence.cameras)
    chosen = {names[index] for index in faulty}
    if trial.kind == "exchanged calibrations":
        pairs = {name: names[(names.index(name) + 1) % len(names)] for name in chosen}
        pairs.update({partner: name for name, partner in pairs.items()})
        cameras = evidence.cameras
        views = [
            replace(view, camera=replace(cameras[pairs.get(view.camera.name, view.camera.name)], name=view.camera.name))
            for view in evidence.views
        ]
        return RigEvidence(tuple(views)), {name: {} for name in pairs}
    angle = float(rng.uniform(0, 2 * np.pi))
    step = trial.size_px * np.array([np.cos(angle), np.sin(angle)])
    change = {
        "mattes too large or too small": partial(_grown, amount=trial.size_px),
        "landmark detections": partial(_aside, step=step),
        "time offset": partial(_late, evidence=evidence, share=trial.size_px / 5.0),
    }[trial.kind]
    views = [change(view) if view.camera.name in chosen else view for view in evidence.views]
    amounts = {
        "mattes too large or too small": {"matte_px": trial.size_px},
        "landmark detections": {"detections_x": float(step[0]), "detections_y": float(step[1])},
    }.get(trial.kind, {})
    return RigEvidence(tuple(views)), dict.fromkeys(chosen, amounts)


def _grown(view: ViewEvidence, amount: float) -> ViewEvidence:
    outline = view.outline
    return view if outline is None else replace(view, outline=replace(outline, offsets_px=outline.offsets_px + amount))


def _aside(view: ViewEvidence, step: np.ndarray) -> ViewEvidence:
    return view if view.pixels is None else replace(view, pixels=view.pixels + step)


def _late(view: ViewEvidence, evidence: RigEvidence, share: float) -> ViewEvidence:
    """The view with its landmarks part of the way to those of the next frame, as late pictures have them."""
    frames = list(dict.fromkeys(one.frame for one in evidence.views))
    following = frames[(frames.index(view.frame) + 1) % len(frames)]
    after = next(one for one in evidence.views if one.frame == following and one.camera.name == view.camera.name)
    if view.pixels is None or after.pixels is None:
        return view
    return replace(view, pixels=(1.0 - share) * view.pixels + share * after.pixels)


def suits(kind: str, conditions: str) -> bool:
    """Whether a kind of fault can be planted under these conditions."""
    given = CONDITIONS[conditions]
    if kind in {"mattes too large or too small", *IN_MESH}:
        return given.mattes
    if kind == "landmark detections":
        return given.landmarks and given.mattes and given.marked == 1.0
    # Outlines would have to be drawn and measured again.
    return kind not in {"time offset", "exchanged calibrations"} or not given.mattes


def real_rig(path: Path, count: int) -> list[Shot]:
    """Return every so many cameras of a RenderMe-360 calibration, the origin where their axes meet, at 1/4 size."""
    with path.open(encoding="utf-8") as opened:
        stated = json.load(opened)
    found = []
    for name in sorted(stated, key=int):
        pose = np.linalg.inv(np.array(stated[name]["RT"], dtype=float))
        K = np.array(stated[name]["K"], dtype=float)
        K[:2] /= 4.0
        found.append(Shot(name, K, np.array(stated[name]["D"], float).ravel(), pose[:3, :3], pose[:3, 3],
                          (612, 512), np.zeros((0, 2)), None))  # fmt: skip
    axes = np.array([shot.R[2] for shot in found])
    centers = np.array([-shot.R.T @ shot.t for shot in found])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    meeting = np.linalg.solve(across.sum(axis=0), np.einsum("nij,nj->i", across, centers))
    moved = [replace(shot, t=shot.t + shot.R @ meeting) for shot in found]
    return moved[:: max(1, len(moved) // count)][:count]
