"""Misreadings planted through OpenCV are named; rigs that fit, and faults that no reading describes, are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from planted_misreadings import FAULTS, WIDE_FAULTS, planted
from planted_rigs import Planted, Shot, head, make_rig, project

from renderkit.diagnosis.readings.absolute import MIN_IOU
from renderkit.diagnosis.readings.agreement import agreement, landmark_spread
from renderkit.diagnosis.readings.estimate import scaled_intrinsics
from renderkit.diagnosis.readings.interpretation import all_as_stated
from renderkit.diagnosis.readings.noise import leaves_noise
from renderkit.diagnosis.readings.reading import applied
from renderkit.diagnosis.readings.registry import READINGS
from renderkit.diagnosis.readings.rig_wide import read_rig_wide
from renderkit.diagnosis.readings.search import Candidate, _tried, acceptable, search
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.formats.as_stated import RawCamera


@pytest.mark.parametrize("name", [*FAULTS, *WIDE_FAULTS])
def test_every_single_misreading_is_named(name: str) -> None:
    rig = planted(np.random.default_rng(11), name, count=6)
    found = read_rig_wide(rig.evidence())
    assert found.verdict == "misread"
    assert found.readings == (name,)
    # Half a pixel changes the likelihood little: it has a test of its own.
    assert found.margin > (0.0 if name.startswith("half pixel") else 8.0)


def test_every_planted_name_is_a_reading() -> None:
    assert {*FAULTS, *WIDE_FAULTS} <= {reading.name for reading in READINGS}
    assert len({reading.name for reading in READINGS}) == len(READINGS)


@pytest.mark.parametrize(
    "names",
    [
        ("extrinsics inverted", "landmarks normalised"),
        ("OpenGL camera axes", "R transposed"),
        ("translations times 1000", "mattes inverted"),
        ("half pixel", "extrinsics inverted"),
        ("pictures turned by 90 deg", "K times 0.5"),
    ],
)
def test_pairs_are_named(names: tuple[str, str]) -> None:
    found = read_rig_wide(planted(np.random.default_rng(5), *names, count=4).evidence())
    assert found.verdict == "misread"
    assert set(found.readings) == set(names)


@pytest.mark.parametrize(
    "names",
    [
        ("K times 2", "sign of the tangential distortion"),
        ("distortion order k1 k2 k3 p1 p2", "landmarks of another size"),
        # The product of these two is a shift that is nearly the same in all cameras, as a crop's is.
        ("focal length times 2", "K times 0.5"),
        ("lens missing", "pictures stretched"),
    ],
)
def test_landmarks_alone_name_pairs(names: tuple[str, str]) -> None:
    found = read_rig_wide(_landmarks_alone(planted(np.random.default_rng(4), *names, count=6)))
    assert (found.verdict, set(found.readings)) == ("misread", set(names))


def _landmarks_alone(rig: Planted) -> RigEvidence:
    return RigEvidence(tuple(replace(view, vertices=None, matte=None) for view in rig.evidence().views))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wide", [False, True])
def test_a_rig_that_fits_is_not_called_misread(seed: int, wide: bool) -> None:
    found = read_rig_wide(make_rig(np.random.default_rng(seed), count=7, noise_px=1.0, wide=wide).evidence())
    assert found.verdict == "fits"
    assert found.readings == ()
    assert found.notes == ()


def test_what_no_reading_describes_is_refused() -> None:
    # Every pair is tried; benchmarks/detection.py does so for many rigs.
    rng = np.random.default_rng(0)
    rig = make_rig(rng, count=4)
    for shot in rig.shots:
        shot.R = shot.R @ cv2.Rodrigues(rng.normal(size=3) * 0.4)[0]
    found = read_rig_wide(rig.evidence())
    assert found.verdict == "no reading fits"
    assert found.readings == ()
    assert "none of" in found.sentence


def test_one_wrong_camera_is_not_a_fault_of_the_rig() -> None:
    rig = make_rig(np.random.default_rng(3), count=8)
    shot = rig.shots[2]
    shot.R, shot.t = shot.R.T, -shot.R.T @ shot.t
    assert read_rig_wide(rig.evidence()).verdict == "fits"


def test_mattes_alone_name_inverted_extrinsics() -> None:
    rig = planted(np.random.default_rng(8), "extrinsics inverted", count=6)
    views = tuple(replace(view, pixels=None, points_world=None) for view in rig.evidence().views)
    found = read_rig_wide(RigEvidence(views))
    assert found.verdict == "misread"
    assert found.readings == ("extrinsics inverted",)
    assert "read so, the coarse IoU goes from 0.00 to " in found.sentence
    assert np.isnan(found.before.residual_px)
    assert found.before.iou < 0.1
    assert found.after.iou > 0.85


def _mattes_alone(rig: Planted) -> RigEvidence:
    return RigEvidence(tuple(replace(view, pixels=None, points_world=None) for view in rig.evidence().views))


def test_a_drawing_inside_of_mattes_proves_nothing() -> None:
    """Half the size, the drawing lies inside of the mattes whichever way the world is turned."""
    names = ("focal length times 2", "world turned by 180 deg about z")
    views = all_as_stated(_mattes_alone(planted(np.random.default_rng(5), *names, count=6)).views)
    stated = Candidate((), agreement(views), agreement(views).log_likelihood, 0.0)
    inside = [one for one in _tried(views, stated, ((one,) for one in READINGS)) if one.found.median_inside > 0.95]
    assert inside
    assert not any(acceptable(one, stated, views) for one in inside)


def test_a_single_reading_that_merely_overlaps_does_not_stop_the_search() -> None:
    """A crop makes mattes overlap by 0.7; what it stands in for are two readings, neither of which fits alone."""
    names = ("left-handed world, x mirrored", "cx and cy swapped")
    found = read_rig_wide(_mattes_alone(planted(np.random.default_rng(6), *names, count=4)))
    assert (found.verdict, set(found.readings)) == ("misread", set(names))


@pytest.mark.parametrize("name", ["K times 2", "landmarks times 0.5", "pictures resized", "landmarks of another size"])
def test_principal_points_tell_a_size_of_k_from_one_of_landmarks(name: str) -> None:
    found = read_rig_wide(planted(np.random.default_rng(8), name, count=6, mattes=False).evidence())
    assert (found.verdict, found.readings, found.alternatives) == ("misread", (name,), ())
    assert "off the middle" in found.sentence


def test_a_size_that_was_made_from_k_tells_nothing() -> None:
    rig = planted(np.random.default_rng(8), "K times 2", count=6, mattes=False)
    views = tuple(
        replace(view, camera=replace(view.camera, size_source="assumed")) for view in _landmarks_alone(rig).views
    )
    found = read_rig_wide(RigEvidence(views))
    # Every landmark lies where it does under the other: two wordings of one thing.
    assert (found.verdict, found.alternatives) == ("misread", ())
    assert {found.readings, *found.same} >= {("K times 2",), ("landmarks times 0.5",)}
    assert "which is the same as" in found.sentence


def test_all_landmarks_settle_what_the_median_residual_leaves_tied() -> None:
    """Exchanged and negated tangential coefficients differ by a fraction of the noise in every landmark."""
    names = ("K times 0.5", "sign of the tangential distortion")
    rng = np.random.default_rng(440598474)
    rig = planted(rng, *names, count=12, noise_px=float(rng.uniform(0.2, 0.8)))
    found = read_rig_wide(_landmarks_alone(rig))
    assert (found.verdict, set(found.readings), found.alternatives) == ("misread", set(names), ())


@pytest.mark.parametrize(
    ("seed", "names"),
    [
        (22, ("distortion order k1 k2 k3 p1 p2", "pictures turned by 180 deg")),
        (23, ("distortion order k1 k2 k3 p1 p2", "K times 2")),
        (24, ("sign of the radial distortion", "landmarks normalised")),
    ],
)
def test_a_lens_is_named_with_another_reading_whatever_the_noise(seed: int, names: tuple[str, str]) -> None:
    """The median residual of 0.8 px of noise is above what a detector leaves: what is left has no structure."""
    rig = planted(np.random.default_rng(seed), *names, count=12, noise_px=0.8, mattes=False)
    found = read_rig_wide(rig.evidence())
    assert (found.verdict, set(found.readings), found.alternatives) == ("misread", set(names), ())


@pytest.mark.parametrize("names", [("half pixel", "K times 2"), ("K times 2", "half pixel")])
def test_half_a_pixel_is_one_of_k_or_of_the_pictures(names: tuple[str, str]) -> None:
    """Half a pixel of a K of half the size is a whole one of the pictures: the order of the two readings counts."""
    rig = planted(np.random.default_rng(25), *names, count=12, mattes=False)
    found = read_rig_wide(rig.evidence())
    # What was done last is undone first.
    assert (found.verdict, found.readings, found.alternatives) == ("misread", names[::-1], ())


def test_a_crop_is_larger_than_what_a_detector_is_off_by() -> None:
    """2 % of the landmarks' spread: 5 px where they spread over 250 px, whatever the noise."""
    crop = next(one for one in READINGS if one.name == "pictures cropped")
    given = all_as_stated(_landmarks_alone(make_rig(np.random.default_rng(26), count=4)).views)
    factor = 250.0 / landmark_spread(given[0])
    views = tuple(
        view.but(K=scaled_intrinsics(view.K, np.full(2, factor)), pixels=(view.pixels + 0.5) * factor - 0.5)
        for view in given
    )
    small, large = (tuple(view.but(pixels=view.pixels + step) for view in views) for step in (3.0, 8.0))
    assert crop.apply(small) is None
    assert crop.apply(large) is not None


def test_what_a_wrong_lens_leaves_is_no_noise() -> None:
    rng = np.random.default_rng(27)
    wrong = planted(rng, "sign of the radial distortion", count=6, noise_px=0.9, mattes=False)
    sound = planted(rng, "sign of the tangential distortion", count=6, noise_px=0.9, mattes=False)
    right = next(one for one in READINGS if one.name == "sign of the tangential distortion")
    assert not leaves_noise(all_as_stated(wrong.evidence().views))
    assert leaves_noise(applied((right,), all_as_stated(sound.evidence().views)))


def test_the_best_of_readings_that_do_not_fit_is_not_farther_off() -> None:
    rig = make_rig(np.random.default_rng(28), count=8, mattes=False)
    rig.points = rig.points[np.random.default_rng(29).permutation(len(rig.points))]
    views = all_as_stated(rig.evidence().views)
    found = search(views, views)
    assert not found.accepted
    assert found.best.found.median_px <= found.stated.found.median_px


def test_a_single_reading_of_mattes_that_a_pair_beats_is_not_named_alone() -> None:
    """A stretched picture stands in for a resized one whose tangential distortion has another sign."""
    names = ("pictures resized", "sign of the tangential distortion")
    found = read_rig_wide(_mattes_alone(planted(np.random.default_rng(3), *names, count=6)))
    assert found.verdict == "cannot tell"
    assert set(names) in map(set, (found.readings, *found.alternatives))


def test_mattes_that_overlap_with_drawings_out_of_place_prove_no_fit() -> None:
    rng = np.random.default_rng(1)
    rig = make_rig(rng, count=4)
    for shot in rig.shots:
        shot.R = shot.R @ cv2.Rodrigues(rng.normal(size=3) * 0.3)[0]
    found = read_rig_wide(_mattes_alone(rig))
    assert found.before.iou > MIN_IOU
    assert (found.verdict, found.readings) == ("cannot tell", ())
    assert "reaches out of them" in found.sentence


def test_without_evidence_the_axes_give_a_hint() -> None:
    rig = planted(np.random.default_rng(8), "OpenGL camera axes", count=6)
    views = tuple(ViewEvidence(camera=view.camera) for view in rig.evidence().views)
    found = read_rig_wide(RigEvidence(views))
    assert found.verdict == "cannot tell"
    assert "OpenGL axes" in found.sentence


def test_an_empty_matte_is_no_evidence() -> None:
    rig = make_rig(np.random.default_rng(8), count=4)
    views = tuple(
        replace(view, pixels=None, points_world=None, matte=np.zeros((24, 32), dtype=np.bool_))
        for view in rig.evidence().views
    )
    assert read_rig_wide(RigEvidence(views)).verdict == "cannot tell"


def test_real_rigs_inverted(real_calibration: dict[str, Any]) -> None:
    """The released matrices are camera-to-world; read as world-to-camera nothing fits."""
    rng = np.random.default_rng(2)
    points, _ = head(rng)
    centers = np.array([np.array(one["RT"])[:3, 3] for one in real_calibration.values()])
    axes = np.array([np.array(one["RT"])[:3, 2] for one in real_calibration.values()])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    middle = np.linalg.solve(across.sum(axis=0), np.einsum("nij,nj->i", across, centers))
    views = []
    for name, one in real_calibration.items():
        pose = np.linalg.inv(np.array(one["RT"]))
        D = np.array(one["D"])
        shot = Shot(name, np.array(one["K"]), D, pose[:3, :3], pose[:3, 3], (2448, 2048), points, None)
        pixels = project(shot, points + middle) + rng.normal(size=(len(points), 2))
        camera = RawCamera(name, shot.K, np.array(one["RT"])[:3], coefficients=tuple(one["D"]), size=shot.size)
        views.append(ViewEvidence(camera=camera, points_world=points + middle, pixels=pixels))
    found = read_rig_wide(RigEvidence(tuple(views)))
    assert found.verdict == "misread"
    assert found.readings == ("extrinsics inverted",)
    assert found.sentence.startswith("all 60 cameras: extrinsics are written the wrong way round")


@pytest.mark.parametrize("lens", ["pictures are undistorted", "fisheye coefficients"])
def test_half_a_pixel_is_named_beside_a_lens_of_a_rig_that_fits_in_the_median(lens: str) -> None:
    """It shows only once the lens is read rightly."""
    rng = np.random.default_rng(1000)
    rig = planted(rng, "half pixel", lens, count=10, noise_px=float(rng.uniform(0.2, 0.8)))
    found = read_rig_wide(rig.evidence())
    assert {"half pixel", lens} in [set(found.readings), *map(set, found.alternatives)]
    assert all("half pixel" in one for one in (found.readings, *found.alternatives))
    assert "0.5 px right of and below" in found.sentence
