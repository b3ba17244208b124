"""Landmarks in space and their partners in a picture, by hand for schemes of different lengths."""

from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.landmark_pairs import pair_landmarks, paired_or_none
from renderkit.geometry.landmarks import Landmarks

SPACE = np.arange(51 * 3, dtype=np.float64).reshape(51, 3)
PICTURE = np.arange(68 * 2, dtype=np.float64).reshape(68, 2)


def test_partners_have_one_row_and_what_is_not_valid_is_nan() -> None:
    known, detected = np.ones(51, np.bool_), np.ones(68, np.bool_)
    known[4], detected[17 + 9] = False, False
    pairs = pair_landmarks(Landmarks(SPACE, known, "ibug51"), Landmarks(PICTURE, detected, "ibug68"))
    assert pairs.ids is not None
    assert pairs.ids.tolist() == [[k, k + 17] for k in range(51)]  # the jaw comes first in ibug68
    kept = [k for k in range(51) if k != 4]
    assert np.isnan(pairs.points[4]).all()
    assert np.array_equal(pairs.points[kept], SPACE[kept])
    assert np.isnan(pairs.captured[9]).all()
    assert pairs.captured[10].tolist() == PICTURE[27].tolist()
    both = pairs.known
    assert both is not None
    assert both.ids is not None
    assert both.ids[:, 0].tolist() == [k for k in range(51) if k not in {4, 9}]
    assert np.array_equal(both.captured, PICTURE[both.ids[:, 1]])
    assert np.array_equal(both.points, SPACE[both.ids[:, 0]])


def test_sets_without_a_map_or_without_a_common_landmark_have_no_pairs() -> None:
    space, picture = Landmarks.all_valid(SPACE, "ibug51"), Landmarks.all_valid(PICTURE, "mesh")
    with pytest.raises(ValueError, match="no map is known"):
        pair_landmarks(space, picture)
    assert paired_or_none(space, picture) is None
    assert paired_or_none(None, picture) is None
    assert paired_or_none(space, None) is None
    unseen = Landmarks(PICTURE, np.zeros(68, np.bool_), "ibug68")
    found = paired_or_none(space, unseen)
    assert found is not None
    assert found.known is None
