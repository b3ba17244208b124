"""PSNR and SSIM of a rendered texture against the photograph, inside the mask."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import ColorImage, MaskImage
from renderkit.errors import MissingExtraError
from renderkit.metrics.score_json import COUNT, NUMBER, object_schema
from renderkit.metrics.score_kind import Metric, Needs, ScoreKind
from renderkit.metrics.scored_view import Missing, ScoredView

WINDOW_REACH_PX = 5
"""Reach of SSIM's Gaussian window (sigma 1.5 px cut at 3.5 sigma); pixels nearer to the mask's edge are left out."""


@dataclass(frozen=True)
class TextureScore:
    """How alike a rendering and a photograph are inside the mask.

    Attributes:
        squared_error: Sum over the mask's pixels and channels of the squared difference, in (1 / 255)^2.
        num_px: Pixels of the mask.
        ssim_sum: Sum of the SSIM map over the pixels whose whole window lies in the mask.
        ssim_px: Number of those pixels.
    """

    squared_error: int
    num_px: int
    ssim_sum: float
    ssim_px: int

    @property
    def psnr_db(self) -> float:
        """10 log10(255^2 / MSE) over the three channels; inf for equal pictures, NaN for an empty mask."""
        if not self.num_px:
            return float("nan")
        if not self.squared_error:
            return float("inf")
        return 10.0 * math.log10(255.0**2 * 3 * self.num_px / self.squared_error)

    @property
    def ssim(self) -> float:
        """Mean SSIM (Wang et al. 2004); NaN when no window fits into the mask."""
        return self.ssim_sum / self.ssim_px if self.ssim_px else float("nan")


def pool_textures(scores: Iterable[TextureScore]) -> TextureScore:
    """Pool several views; the sums are exact, in any order."""
    parts = list(scores)
    return TextureScore(
        sum(part.squared_error for part in parts),
        sum(part.num_px for part in parts),
        math.fsum(part.ssim_sum for part in parts),
        sum(part.ssim_px for part in parts),
    )


def score_texture(rendered: ColorImage, photo: ColorImage, mask: MaskImage) -> TextureScore:
    """Compare a shaded rendering with the photograph.

    SSIM is scikit-image's, with the published Gaussian window of sigma 1.5 px, averaged over the pixels whose window
    lies inside the mask, so that no background enters.

    Args:
        rendered: (height, width, 3) RGB.
        photo: (height, width, 3) RGB.
        mask: (height, width) True where to compare.

    Raises:
        ValueError: If the shapes disagree.
        MissingExtraError: If scikit-image is not installed.
    """
    if rendered.shape != photo.shape or rendered.ndim != 3 or mask.shape != rendered.shape[:2]:
        raise ValueError(f"expected pictures and mask of one size, got {rendered.shape}, {photo.shape}, {mask.shape}")
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask, dtype=np.uint8))
    window = slice(y, y + height), slice(x, x + width)
    inside = np.pad(mask[window], WINDOW_REACH_PX)
    margin = ((WINDOW_REACH_PX,) * 2, (WINDOW_REACH_PX,) * 2, (0, 0))
    first, second = (np.pad(image[window], margin, mode="edge") if width else None for image in (rendered, photo))
    if first is None or second is None:
        return TextureScore(0, 0, 0.0, 0)
    difference = first[inside].astype(np.int64) - second[inside]
    box = np.ones((2 * WINDOW_REACH_PX + 1,) * 2, np.uint8)
    deep = cv2.erode(inside.astype(np.uint8), box) != 0
    values = _ssim_map(first, second)[deep] if deep.any() else np.zeros(0)
    return TextureScore(
        int((difference * difference).sum()), int(np.count_nonzero(inside)), math.fsum(values), len(values)
    )


def _ssim_map(first: ColorImage, second: ColorImage) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the (h, w) SSIM map, mean over the channels."""
    try:
        from skimage.metrics import structural_similarity  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtraError("scikit-image", "texture") from error
    _, values = structural_similarity(
        first, second, full=True, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return np.asarray(np.mean(values, axis=2), dtype=np.float64)


MOST_PSNR_DB: Final = 100.0
"""Stands for pictures that do not differ, whose ratio is infinite."""


def _measure(view: ScoredView) -> TextureScore | Missing:
    if view.photo is None:
        return Missing("the view has no photograph")
    drawn, captured = view.textured, view.captured_mask
    if isinstance(drawn, Missing):
        return drawn
    mask = drawn.mask if isinstance(captured, Missing) else drawn.mask & captured
    try:
        return score_texture(drawn.color, view.photo, mask)
    except MissingExtraError as error:
        return Missing(str(error))


KIND = ScoreKind(
    name="texture",
    group="texture",
    measure=_measure,
    pool=pool_textures,
    to_json=lambda score: dict(vars(score)),
    from_json=lambda value, _: TextureScore(**value),
    json_schema=object_schema(
        "The textured mesh against the photograph", squared_error=COUNT, num_px=COUNT, ssim_sum=NUMBER, ssim_px=COUNT
    ),
    needs=Needs.PHOTO | Needs.TEXTURED_MESH,
    metrics=(
        Metric(
            name="psnr_db",
            title="PSNR dB",
            unit="dB",
            better="higher",
            read=lambda score: min(score.psnr_db, MOST_PSNR_DB),
            decimals=2,
            plain="texture match (PSNR)",
            meaning="Peak signal-to-noise ratio of the textured mesh against the photograph inside the masks, at most "
            "100.",
            column=True,
        ),
        Metric(
            name="ssim",
            title="SSIM",
            unit="ratio",
            better="higher",
            read=attrgetter("ssim"),
            decimals=4,
            plain="texture match (SSIM)",
            meaning="Structural similarity of the textured mesh and the photograph inside the masks.",
            column=True,
        ),
    ),
)
