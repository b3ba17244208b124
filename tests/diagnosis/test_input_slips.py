from __future__ import annotations

import numpy as np
import pytest

from renderkit.diagnosis.input_slips import are_exchanged, is_inverted
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.mask import score_mask

HEAD = np.hypot(*np.mgrid[-60:60, -80:80]) < 40


@pytest.mark.parametrize("rendered", [HEAD, np.hypot(*np.mgrid[-60:60, -80:80]) < 25])
def test_a_complement_is_named_and_a_matte_is_not(rendered: np.ndarray) -> None:
    assert is_inverted(MaskBits.pack(~HEAD), score_mask(rendered, ~HEAD))
    assert not is_inverted(MaskBits.pack(HEAD), score_mask(rendered, HEAD))


def test_a_camera_that_looks_elsewhere_is_not_an_inverted_matte() -> None:
    elsewhere = np.roll(HEAD, (50, 70), axis=(0, 1))
    assert not is_inverted(MaskBits.pack(HEAD), score_mask(elsewhere, HEAD))
    whole = np.ones_like(HEAD)
    assert not is_inverted(MaskBits.pack(whole), score_mask(HEAD, whole))


def test_exchanged_coordinates() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform((100, 20), (300, 220), (30, 2))
    noisy = points + rng.normal(0.0, 0.5, points.shape)
    noisy[3] = np.nan
    assert are_exchanged(points, noisy[:, ::-1], (320, 240))
    assert not are_exchanged(points, noisy, (320, 240))
    assert not are_exchanged(points, noisy[:, ::-1] + 60.0, (320, 240))
    assert not are_exchanged(points[:4], noisy[:4, ::-1], (320, 240))
    diagonal = np.column_stack([points[:, 0], points[:, 0]])
    assert not are_exchanged(diagonal, diagonal + rng.normal(0.0, 0.5, diagonal.shape), (320, 240))
