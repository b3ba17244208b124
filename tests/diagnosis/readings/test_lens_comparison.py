"""A lens that is wrong in all cameras against a wrong size of all, both planted with OpenCV's projection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from joint_rigs import IDEAL, Conditions, joint_evidence

from renderkit.diagnosis.readings.lens_comparison import ALONE, DECISIVE, LensComparison, compare_lenses
from renderkit.diagnosis.readings.stated import StatedRig

CAMERAS = 8
BOTH = replace(IDEAL, mattes=True)


def compared(
    kind: str, px: float, seed: int, conditions: Conditions = BOTH
) -> tuple[LensComparison | None, list[dict[str, float]]]:
    """The comparison where every camera has the fault, and what each camera's numbers need."""
    needed: dict[int, dict[str, float]] = {}
    faults = dict.fromkeys(range(CAMERAS), (kind, px))
    rng = np.random.default_rng(seed)
    evidence = joint_evidence(rng, conditions, cameras=CAMERAS, frames=2, faults=faults, planted_amounts=needed)
    return compare_lenses(StatedRig(evidence.views).read), list(needed.values())


@pytest.mark.parametrize("px", [1.5, -1.5])
def test_a_wrong_k1_of_all_cameras_is_a_lens_of_that_size(px: float) -> None:
    found, needed = compared("lens distortion k1", px, 1)
    assert found is not None
    assert found.is_lens
    true = float(np.mean([one["k1"] for one in needed]))
    assert found.k1 == pytest.approx(true, abs=max(4.0 * found.k1_error, 0.1 * abs(true)))


@pytest.mark.parametrize("px", [1.5, -1.5])
def test_a_wrong_focal_length_of_all_cameras_is_no_lens(px: float) -> None:
    """Landmarks and outlines ask for different lenses then, which is no lens, or a size is likelier."""
    found, _ = compared("focal length", px, 2)
    assert found is None or not found.is_lens


def test_a_camera_that_looks_away_says_nothing_about_a_lens() -> None:
    """Its landmarks would be drawn far beyond the picture, where the lens' polynomial overflows."""
    faults = dict.fromkeys(range(CAMERAS), ("lens distortion k1", 1.5))
    evidence = joint_evidence(np.random.default_rng(1), BOTH, cameras=CAMERAS, frames=1, faults=faults)
    views = list(evidence.views)
    raw = views[0].camera
    across = np.column_stack([raw.pose[:, :3], [0.0, 0.0, 1e-3]])
    lens = (1e9, 1e9, 0.0, 0.0, 1e9)
    views[0] = replace(views[0], camera=replace(raw, pose=across, coefficients=lens))
    found, without = (compare_lenses(StatedRig(tuple(some)).read) for some in (views, views[1:]))
    assert found is not None
    assert without is not None
    assert found.k1 == pytest.approx(without.k1, abs=1e-9)


def test_a_sound_rig_has_nothing_radial() -> None:
    found, _ = compared("roll", 0.01, 3)
    assert found is None


@pytest.mark.parametrize("px", [1.5, -1.5])
def test_by_landmarks_alone_a_wrong_focal_length_is_a_size(px: float) -> None:
    found, needed = compared("focal length", px, 2, IDEAL)
    assert found is not None
    assert found.is_significant
    assert found.margin < 0.0
    assert not found.is_lens
    assert found.needed == ALONE
    true = float(np.mean([one["log_focal"] for one in needed]))
    assert found.size == pytest.approx(true, rel=0.2)


@pytest.mark.parametrize(
    ("gain", "margin", "is_lens"),
    [(50.0, DECISIVE + 0.5, True), (50.0, DECISIVE - 0.5, False), (50.0, -3.0, False), (15.0, 12.0, False)],
)
def test_a_lens_is_likelier_than_a_size_by_as_much_as_is_needed(gain: float, margin: float, is_lens: bool) -> None:
    found = LensComparison(("lens missing",), gain, margin, k1=-0.1, k1_error=0.01, size=0.01, size_error=0.001)
    assert found.is_lens == is_lens
    assert ("which is less likely" in found.note) == is_lens
