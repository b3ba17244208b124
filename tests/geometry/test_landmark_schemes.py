from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.landmark_schemes import (
    NUM_LANDMARKS,
    common_landmarks,
    outer_eye_corners,
    scheme_of_count,
)
from renderkit.geometry.landmarks import Landmarks


def _set(scheme: str, count: int | None = None) -> Landmarks:
    number = NUM_LANDMARKS[scheme] if count is None else count
    return Landmarks.all_valid(np.zeros((number, 2)), scheme)


FACES = ("renderme106", "renderme73", "ibug68", "ibug51", "openpose_face70")


@pytest.mark.parametrize("first", FACES)
@pytest.mark.parametrize("second", FACES)
def test_maps_are_one_to_one_and_symmetric(first: str, second: str) -> None:
    pairs = common_landmarks(_set(first), _set(second))
    assert len(set(pairs.first.tolist())) == len(set(pairs.second.tolist())) == len(pairs) >= 51
    assert int(np.max(pairs.first)) < NUM_LANDMARKS[first]
    assert int(np.max(pairs.second)) < NUM_LANDMARKS[second]
    back = common_landmarks(_set(second), _set(first))
    assert np.array_equal(back.first, pairs.second)
    assert np.array_equal(back.second, pairs.first)
    assert bool(pairs.assumption) == (first != second and ("renderme" in first or "renderme" in second))


def test_contour_comes_first() -> None:
    pairs = common_landmarks(_set("renderme106"), _set("renderme73"))
    assert np.array_equal(pairs.first, pairs.second + 33)
    jawless = common_landmarks(_set("ibug68"), _set("ibug51"))
    assert np.array_equal(jawless.first, jawless.second + 17)


def test_eye_corners_agree_between_schemes() -> None:
    for first in FACES:
        for second in FACES:
            pairs = common_landmarks(_set(first), _set(second))
            to_second = dict(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
            corners = outer_eye_corners(first)
            assert corners is not None
            assert tuple(to_second[corner] for corner in corners) == outer_eye_corners(second)
    assert outer_eye_corners("mesh") is None


def test_irises_come_last() -> None:
    pairs = common_landmarks(_set("mediapipe468"), _set("mediapipe478"))
    assert pairs.first.tolist() == pairs.second.tolist() == list(range(468))
    with pytest.raises(ValueError, match="'ibug68' and 'mediapipe478'"):
        common_landmarks(_set("ibug68"), _set("mediapipe478"))


@pytest.mark.parametrize(
    ("count", "scheme"),
    [
        (68, "ibug68"),
        (51, "ibug51"),
        (70, "openpose_face70"),
        (478, "mediapipe478"),
        (9, "points9"),
    ],
)
def test_schemes_by_count(count: int, scheme: str) -> None:
    assert scheme_of_count(count) == scheme


def test_unknown_schemes_pair_only_with_themselves() -> None:
    assert common_landmarks(_set("mesh", 7), _set("mesh", 7)).second.tolist() == list(range(7))
    with pytest.raises(ValueError, match="'mesh' and 'ibug68'"):
        common_landmarks(_set("mesh", 7), _set("ibug68"))
    with pytest.raises(ValueError, match="7 and 8"):
        common_landmarks(_set("mesh", 7), _set("mesh", 8))
    with pytest.raises(ValueError, match="expected 68, got 51"):
        common_landmarks(_set("ibug68", 51), _set("ibug51"))
