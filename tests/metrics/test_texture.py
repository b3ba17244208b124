from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from scipy import ndimage

from renderkit.arrays import ColorImage, FloatArray, MaskImage
from renderkit.errors import MissingExtraError
from renderkit.metrics.texture import score_texture

Pictures = tuple[ColorImage, ColorImage, MaskImage]


@pytest.fixture
def pictures() -> Pictures:
    generator = np.random.default_rng(0)
    photo = ndimage.gaussian_filter(generator.uniform(0, 255, (70, 90, 3)), (3, 3, 0)) * 3 - 250
    rendered = photo + generator.normal(0, 6, photo.shape)
    rows, columns = np.indices(photo.shape[:2])
    mask = (rows - 35) ** 2 + (columns - 48) ** 2 <= 28**2
    first, second = (np.clip(image, 0, 255).astype(np.uint8) for image in (rendered, photo))
    return first, second, mask


def _ssim(first: FloatArray, second: FloatArray) -> FloatArray:
    """SSIM as published: Gaussian window of 11 x 11 px with sigma 1.5 px."""

    def smooth(image: FloatArray) -> FloatArray:
        result: FloatArray = ndimage.gaussian_filter(image, 1.5, radius=5)
        return result

    mean = smooth(first), smooth(second)
    variance = smooth(first * first) - mean[0] ** 2, smooth(second * second) - mean[1] ** 2
    covariance = smooth(first * second) - mean[0] * mean[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean[0] * mean[1] + c1) / (mean[0] ** 2 + mean[1] ** 2 + c1)
    result: FloatArray = luminance * (2 * covariance + c2) / (variance[0] + variance[1] + c2)
    return result


def test_psnr_and_ssim_follow_their_formulas(pictures: Pictures) -> None:
    rendered, photo, mask = pictures
    score = score_texture(rendered, photo, mask)
    error = float(((rendered[mask].astype(float) - photo[mask]) ** 2).mean())
    assert score.psnr_db == pytest.approx(10 * math.log10(255**2 / error))
    assert score.num_px == np.count_nonzero(mask)
    deep = ndimage.binary_erosion(mask, np.ones((11, 11)))
    channels = [_ssim(rendered[..., c].astype(float), photo[..., c].astype(float)) for c in range(3)]
    assert score.ssim == pytest.approx(float(np.mean(channels, axis=0)[deep].mean()), abs=1e-6)
    assert score.ssim_px == np.count_nonzero(deep)
    assert 0.3 < score.ssim < 0.99


def test_what_lies_outside_the_mask_does_not_matter(pictures: Pictures) -> None:
    rendered, photo, mask = pictures
    blackened = np.where(mask[..., None], rendered, 0).astype(np.uint8)
    assert score_texture(blackened, photo, mask) == score_texture(rendered, photo, mask)


def test_equal_pictures(pictures: Pictures) -> None:
    _, photo, mask = pictures
    score = score_texture(photo, photo, mask)
    assert score.psnr_db == math.inf
    assert score.ssim == pytest.approx(1.0)


def test_empty_and_tiny_masks_are_nan(pictures: Pictures) -> None:
    rendered, photo, mask = pictures
    empty = score_texture(rendered, photo, np.zeros_like(mask))
    assert math.isnan(empty.psnr_db)
    assert math.isnan(empty.ssim)
    tiny = np.zeros_like(mask)
    tiny[30:35, 30:35] = True
    score = score_texture(rendered, photo, tiny)
    assert math.isnan(score.ssim)
    assert score.psnr_db > 0
    touching = np.ones_like(mask)
    assert score_texture(rendered, photo, touching).ssim_px == (70 - 10) * (90 - 10)


def test_wrong_sizes_and_a_missing_package_are_named(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered, photo, mask = pictures
    with pytest.raises(ValueError, match="one size"):
        score_texture(rendered, photo[:-1], mask)
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(MissingExtraError, match=r"renderkit\[texture\]"):
        score_texture(rendered, photo, mask)
