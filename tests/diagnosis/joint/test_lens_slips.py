"""Faults of one camera's lens, projected by OpenCV: found where they show, named as a class that holds the true one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from joint_rigs import Conditions, joint_evidence, ring
from planted_rigs import Shot, project

from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence

CAMERA = "03"
LENS = np.array([-0.25, 0.9, 0.004, -0.003, 0.0])
EVIDENCE = {"landmarks": Conditions(), "outlines": Conditions(mattes=True, landmarks=False)}


def _more(*amounts: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda D: D + np.array(amounts)


FAULTS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "k1": (_more(0.25, 0, 0, 0, 0), "lens distortion k1"),
    "k2": (_more(0, 20.0, 0, 0, 0), "lens distortion k2"),
    "p1": (_more(0, 0, 0.01, 0, 0), "tangential distortion"),
    "p2": (_more(0, 0, 0, 0.01, 0), "tangential distortion"),
    "dropped": (np.zeros_like, "distortion dropped"),
    "sign": (lambda D: -D, "sign of the distortion"),
    "sign of the radial part": (lambda D: D * (-1, -1, 1, 1, -1), "sign of the distortion"),
    "sign of the tangential part": (lambda D: D * (1, 1, -1, -1, 1), "sign of the distortion"),
    "p2 p1": (lambda D: D[[0, 1, 3, 2, 4]], "order of the distortion"),
    "p1 p2 k1 k2": (lambda D: D[[2, 3, 0, 1, 4]], "order of the distortion"),
}
"""What the file has instead of the coefficients, and the cause that must be among those that are named."""


def rig(conditions: Conditions, change: Callable[[np.ndarray], np.ndarray] | None, seed: int = 4) -> RigEvidence:
    """Evidence of a head that fills the pictures; the file of one camera has other coefficients."""
    rng = np.random.default_rng(seed)
    shots = [_long(shot, rng) for shot in ring(rng, 8)]
    evidence = joint_evidence(rng, conditions, cameras=shots, frames=2, landmarks=48)
    if change is None:
        return evidence
    wrong = {CAMERA: change(shots[int(CAMERA)].D)}
    return RigEvidence(tuple(_written(view, shots, wrong) for view in evidence.views))


def _written(view: ViewEvidence, shots: list[Shot], wrong: dict[str, np.ndarray]) -> ViewEvidence:
    """The view with the file's coefficients; its outline is drawn where they put it."""
    name = view.camera.name
    if name not in wrong:
        return view
    true, outline = shots[int(name)], view.outline
    if outline is not None:
        moved = project(replace(true, D=wrong[name]), outline.points_world) - project(true, outline.points_world)
        outline = replace(outline, offsets_px=outline.offsets_px - (moved * outline.normals).sum(axis=1))
    return replace(view, camera=replace(view.camera, coefficients=tuple(wrong[name].tolist())), outline=outline)


def _long(shot: Shot, rng: np.random.Generator) -> Shot:
    K = shot.K.copy()
    K[:2, :2] *= 2.2
    return replace(shot, K=K, D=LENS * rng.uniform(0.9, 1.1, 5))


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("kind", EVIDENCE)
def test_a_fault_of_a_lens_is_found(kind: str, name: str) -> None:
    change, cause = FAULTS[name]
    found = fit_joint(rig(EVIDENCE[kind], change))
    assert [one.camera for one in found.findings] == [CAMERA]
    assert cause in found.findings[0].cannot_tell


@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize("seed", range(10, 13))
def test_right_lenses_are_not_named(kind: str, seed: int) -> None:
    found = fit_joint(rig(EVIDENCE[kind], None, seed))
    assert found.findings == ()


def test_landmarks_that_say_nothing_add_no_cause() -> None:
    """A fault that only the outline shows leaves the landmarks as they are, whatever is tried on them."""
    change, _ = FAULTS["k1"]
    found = diagnose_rig(rig(Conditions(mattes=True), change))
    assert [(one.camera, one.cannot_tell) for one in found.cameras] == [(CAMERA, ("lens distortion k1",))]


def test_what_cannot_be_told_of_lenses_is_said() -> None:
    """Over a head in the middle of the picture a lens hardly shows."""
    small = joint_evidence(np.random.default_rng(4), EVIDENCE["landmarks"], cameras=6, frames=1, landmarks=24)
    told = re.search(r"errors of a lens below about ([\d.]+) of k1, ([\d.]+) px", fit_joint(small).untold)
    assert told is not None
    radius = float(np.hypot(612, 512)) / 2.0
    assert float(told[2]) == pytest.approx(float(told[1]) * radius * (radius / 1150.0) ** 2, rel=0.1)
    assert fit_joint(rig(Conditions(noise_px=0.05, mattes=True), None)).untold == ""


def test_hair_is_not_taken_for_a_lens() -> None:
    """Outlines of which a third lies under hair bend as k2 does: it names no camera by itself."""
    mattes = Conditions(
        mattes=True, landmarks=False, edge_px=0.5, mesh=(0.0175, 0.002), mesh_m=0.001, hairy=1 / 3, dilation_px=0.3,
        jitter_px=0.1,
    )  # fmt: skip
    assert fit_joint(joint_evidence(np.random.default_rng(17), mattes, cameras=12, frames=2)).findings == ()
