"""What is concluded about whole rigs with gaps, noise and a mesh that is off: on rigs that OpenCV projects."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from planted_misreadings import FAULTS
from planted_rigs import Planted, draw_matte, make_rig, project

from renderkit.diagnosis.joint.matte_faults import matte_faults
from renderkit.diagnosis.readings.absolute import fits
from renderkit.diagnosis.readings.agreement import agreement, landmark_spread
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.readings.noise import is_all_noise
from renderkit.diagnosis.readings.reading import applied
from renderkit.diagnosis.readings.registry import READINGS
from renderkit.diagnosis.readings.rig_wide import read_rig_wide
from renderkit.diagnosis.readings.search import CLEAR_GAIN, Candidate, acceptable, candidate_of
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.subject_motion import subject_motion
from renderkit.diagnosis.view_evidence import OutlineEvidence, RigEvidence


def _by_mattes(rig: Planted) -> RigEvidence:
    return RigEvidence(tuple(replace(view, points_world=None, pixels=None) for view in rig.evidence().views))


def _detected_again(rig: Planted, points: np.ndarray, noise_px: float) -> None:
    """Detect other points in the true cameras, without outliers."""
    rng = np.random.default_rng(3)
    for shot, true in zip(rig.shots, rig.truth, strict=True):
        shot.landmarks = project(true, points) + rng.normal(size=(len(points), 2)) * noise_px


LANDMARK_READINGS = [
    name
    for name in FAULTS
    if name.startswith("landmark") and "other cameras" not in name and "another size" not in name
]


@pytest.mark.parametrize(
    ("name", "marked"),
    [*((name, 0.75) for name in LANDMARK_READINGS), ("landmarks y, x", 0.4), ("landmarks normalised", 0.4)],
)
def test_landmarks_are_read_in_a_rig_of_which_some_cameras_have_none(name: str, marked: float) -> None:
    rng = np.random.default_rng(11)
    rig = make_rig(rng, count=8)
    FAULTS[name](rig, rng)
    for shot in rig.shots[: round((1.0 - marked) * 8)]:
        shot.landmarks = np.full_like(shot.landmarks, np.nan)
    found = read_rig_wide(rig.evidence())
    assert found.verdict == "misread"
    assert found.readings == (name,)


def test_mattes_are_inverted_in_a_rig_of_which_some_cameras_have_none() -> None:
    rng = np.random.default_rng(12)
    rig = make_rig(rng, count=8)
    FAULTS["mattes inverted"](rig, rng)
    for shot in rig.shots[:2]:
        shot.matte = None
    assert read_rig_wide(rig.evidence()).readings == ("mattes inverted",)


def test_a_poor_detector_fails_no_rig() -> None:
    rig = make_rig(np.random.default_rng(13), count=8)
    _detected_again(rig, rig.points, 6.0)
    found = diagnose_rig(rig.evidence())
    assert found.before.relative > 0.065
    assert (found.verdict, found.cameras) == ("fits", ())


def test_landmarks_of_another_head_are_no_noise() -> None:
    """In each view their residuals look random; they are the same in all views."""
    rig = make_rig(np.random.default_rng(13), count=8)
    _detected_again(rig, rig.points + np.random.default_rng(5).normal(size=rig.points.shape) * 0.006, 0.4)
    views = all_as_stated(rig.evidence().views)
    assert 0.06 < agreement(views).median_relative < 0.15
    assert not is_all_noise(views)
    assert diagnose_rig(rig.evidence()).verdict == "does not fit"


def test_a_reading_that_shrinks_landmarks_leaves_their_error_as_it_is() -> None:
    rig = make_rig(np.random.default_rng(14), count=6)
    for shot in rig.shots:
        shot.K[0, 2] += 2.5
    views = all_as_stated(rig.evidence().views)
    shrunk = applied(tuple(one for one in READINGS if one.name in {"landmarks times 0.25", "K times 0.25"}), views)
    found = agreement(shrunk)
    assert found.median_px < 0.75
    assert found.median_detected_px == pytest.approx(agreement(views).median_px, rel=0.05)


@pytest.mark.parametrize("mattes", [True, False])
def test_a_subject_of_another_size_is_named_with_its_size(mattes: bool) -> None:
    rig = make_rig(np.random.default_rng(15), count=8, mattes=mattes)
    middle = rig.points.mean(axis=0)
    rig.points, rig.vertices = (1.1 * (one - middle) + middle for one in (rig.points, rig.vertices))
    found = subject_motion(rig.evidence())
    assert found is not None
    assert found.growth == pytest.approx(0.1, abs=0.01)
    told = diagnose_rig(rig.evidence())
    assert told.verdict == "does not fit"
    assert "too large by 10" in told.sentence or "too large by 9.9" in told.sentence
    assert "the subject's measured size would tell" in told.sentence


def test_a_turned_subject_over_few_pixels_is_no_stretch_of_landmarks_of_another_size() -> None:
    rig = make_rig(np.random.default_rng(22), count=6, mattes=False)
    for shot in rig.shots:
        shot.K[:2, :2] *= 0.35
    _detected_again(replace(rig, truth=rig.shots), rig.points, 0.5)
    middle = rig.points.mean(axis=0)
    rig.points = (rig.points - middle) @ cv2.Rodrigues(np.deg2rad([2.0, 4.0, 1.5]))[0].T + middle
    found = diagnose_rig(rig.evidence())
    assert "another size" not in found.sentence
    assert "the mesh and its 3D landmarks are off" in " ".join([found.sentence, *found.others])


def test_a_focal_length_of_all_is_no_missing_lens() -> None:
    rig = make_rig(np.random.default_rng(16), count=8, mattes=False)
    for shot in rig.shots:
        shot.D = np.zeros(5)
    for shot, true in zip(rig.shots, rig.truth, strict=True):
        true.D = np.zeros(5)
        shot.landmarks = project(true, rig.points) + np.random.default_rng(1).normal(size=(68, 2)) * 0.3
        shot.K[[0, 1], [0, 1]] *= 1.02
    found = read_rig_wide(rig.evidence())
    assert "lens missing" not in found.readings


def _ring(count: int) -> Planted:
    """Cameras around a head: a shift of it along their axis moves all pictures alike."""
    rig = make_rig(np.random.default_rng(17), count=count, noise_px=0.0)
    middle = rig.vertices.mean(axis=0)
    for index, shot in enumerate(rig.shots):
        turn = cv2.Rodrigues(np.array([0.0, 2.0 * np.pi * index / count, 0.0]))[0]
        shot.R, shot.t = turn.T, np.array([0.0, 0.0, 1.2]) - turn.T @ middle
        shot.matte = draw_matte(shot, rig.vertices)
    return rig


@pytest.mark.parametrize("step", [0.0, 0.0025, 0.0035])
def test_a_mesh_that_is_off_by_landmarks_alone_is_said_though_the_rig_fits(step: float) -> None:
    rig = _ring(8)
    rig = replace(rig, truth=[replace(shot) for shot in rig.shots])
    _detected_again(rig, rig.points, 0.4)
    for shot in rig.shots:
        shot.matte = None
    rig.points = rig.points + np.array([step, 0.0, 0.0])
    found = diagnose_rig(rig.evidence())
    assert (found.verdict, found.cameras) == ("fits", ())
    words = "the mesh and its 3D landmarks are off against all 8 cameras alike"
    assert any(one.startswith(words) for one in found.others) == bool(step)
    # Less is off in any capture, and does not head the run.
    assert found.mesh.startswith(words) == (step == 0.0035)


def test_a_mesh_that_is_shifted_along_a_ring_is_not_called_a_crop_by_mattes_alone() -> None:
    rig = _ring(6)
    rig.vertices = rig.vertices + np.array([0.0, 0.03, 0.0])
    found = read_rig_wide(_by_mattes(rig))
    named = {name for one in (found.readings, *found.alternatives) for name in one}
    assert "mesh shifted" in named or found.verdict == "fits"
    assert found.readings != ("pictures cropped",) or found.alternatives


@pytest.mark.parametrize("is_hole", [True, False])
def test_a_drawing_that_lies_elsewhere_is_no_hole_in_its_matte(*, is_hole: bool) -> None:
    """A third of the drawing lies outside of the matte; the matte covers something else instead, or it does not."""
    rig = make_rig(np.random.default_rng(18), count=10)
    matte = rig.shots[4].matte
    assert matte is not None
    rows, columns = np.nonzero(matte)
    if is_hole:
        matte[rows[columns > np.quantile(columns, 0.6)], columns[columns > np.quantile(columns, 0.6)]] = False
    else:
        rig.shots[4].matte = np.roll(matte, int(0.3 * np.ptp(columns)), axis=1)
    none = np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0), np.zeros(0, np.int64)
    views = [
        replace(view, outline=OutlineEvidence(*none, missing=0.35 if index == 4 else 0.0))
        for index, view in enumerate(_by_mattes(rig).views)
    ]
    found = [one.cause for one in matte_faults(StatedRig(tuple(views)))]
    assert found == (["part missing"] if is_hole else [])


def test_half_a_pixel_is_not_accepted_where_it_leaves_another_shift() -> None:
    """It brings a rig to where any rig fits, by landmarks that lie aside by much more."""
    rig = make_rig(np.random.default_rng(19), count=16, mattes=False)
    spread = float(np.median([landmark_spread(one) for one in all_as_stated(rig.evidence().views)]))
    for shot in rig.shots:
        shot.K[0, 2] += 0.0625 * spread
    views = all_as_stated(rig.evidence().views)
    found = agreement(views)
    stated = Candidate((), found, found.log_likelihood, 0.0)
    half = candidate_of(tuple(one for one in READINGS if one.name == "half pixel"), stated, views)
    assert half is not None
    assert (fits(found), fits(half.found)) == ("does not fit", "fits")
    assert half.score - stated.score > CLEAR_GAIN
    assert not acceptable(half, stated, views)


def test_what_has_to_be_corrected_goes_with_the_readings() -> None:
    rng = np.random.default_rng(20)
    for name, what in (("landmarks y, x", "landmarks"), ("mattes inverted", "mattes"), ("R transposed", "calibration")):
        rig = make_rig(rng, count=6)
        FAULTS[name](rig, rng)
        found = diagnose_rig(rig.evidence())
        assert found.amiss == (what,)
        assert found.explains_all
