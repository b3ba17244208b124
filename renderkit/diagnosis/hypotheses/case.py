"""What is known about one camera that stands out, and how well it would fit without a fault."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, MaskImage, Pixels
from renderkit.diagnosis.residual_pattern import NOISE_FLOOR_PX
from renderkit.diagnosis.row_quantiles import median_of
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmark_pairs import LandmarkPairs
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.mask import score_mask
from renderkit.results.explanation import Measure

ACCEPTED_DEVIATIONS: Final = 3.0
"""A camera is like the others up to so many robust standard deviations above the rig's median."""

AS_USUAL: Final = 1.25
"""Up to this many times the rig's median, a camera's landmarks are as good as everyone's."""

FLOORS: Final[Mapping[Measure, float]] = {"px": 0.1, "1 - IoU": 0.002}
"""Spread below which cameras of a good rig differ for no reason of theirs."""

_MAD_TO_SIGMA: Final = 1.4826
_RAYLEIGH_MEDIAN: Final = 1.1774
"""Median length of a 2D error whose components have standard deviation 1."""

_CLIPPED_AT: Final = 3.0
"""Standard deviations per component beyond which a residual says no more than that it is an outlier."""


@dataclass(frozen=True)
class UsualError:
    """How far the rig's other cameras disagree.

    Attributes:
        median: Over the cameras; NaN without any.
        spread: Robust standard deviation.
    """

    median: float
    spread: float

    @classmethod
    def of(cls, values: Sequence[float], measure: Measure) -> UsualError:
        """Return median and spread of the known values; the spread is never below the measure's floor."""
        known = np.array([value for value in values if math.isfinite(value)])
        if not len(known):
            return cls(math.nan, FLOORS[measure])
        median = float(np.median(known))
        return cls(median, max(_MAD_TO_SIGMA * float(np.median(np.abs(known - median))), FLOORS[measure]))

    @property
    def limit(self) -> float:
        """What an unremarkable camera stays below; without other cameras only the floor is known."""
        return (0.0 if math.isnan(self.median) else self.median) + ACCEPTED_DEVIATIONS * self.spread


@dataclass(frozen=True, eq=False)
class MaskPair:
    """A mesh with faces, what renders it, and the captured mask.

    Attributes:
        mesh: The mesh.
        captured: (height, width) captured mask.
        render: Draws the mesh's (height, width) mask into a camera.
    """

    mesh: Mesh
    captured: MaskImage
    render: Callable[[Camera], MaskImage]


@dataclass(frozen=True)
class Candidate:
    """A fault that was undone, and how the camera fits then.

    Attributes:
        cause: Short name.
        sentence: What is wrong if it is true.
        before: The disagreement as it is; inf when the camera sees nothing.
        after: The disagreement without the fault.
        measure: What both are counted in.
        num_free: Numbers that were fitted; a fault of convention has none.
        misfit: Sum of squared residuals in the rig's usual standard deviations, outliers clipped; NaN for masks.
        allowance: What a stand-in for the true calibration is expected to leave beyond the usual.
    """

    cause: str
    sentence: str
    before: float
    after: float
    measure: Measure
    num_free: int = 0
    misfit: float = math.nan
    allowance: float = 0.0


@dataclass(frozen=True, eq=False)
class Case:
    """One view of the camera in question; parts that it does not have are None.

    Attributes:
        camera: As it is written.
        others: The rig's other cameras by name.
        usual: How far the other cameras disagree.
        landmarks: Or None.
        masks: Or None.
        frame: The view's frame.
        frames_around: Yields (steps, frame id, landmarks) of the frames around with this picture's detections.
        partner: Returns the same of another camera, None when it has nothing to compare.
    """

    camera: Camera
    others: Mapping[str, Camera]
    usual: Mapping[Measure, UsualError]
    landmarks: LandmarkPairs | None = None
    masks: MaskPair | None = None
    frame: str = ""
    frames_around: Callable[[], Iterable[tuple[int, str, LandmarkPairs]]] = tuple
    partner: Callable[[str], Case | None] = lambda _: None

    @property
    def measure(self) -> Measure:
        """What tells: landmarks where there are any."""
        return "1 - IoU" if self.landmarks is None else "px"

    def where_it_shows(self) -> Case:
        """Leave the landmarks out when they are as good as everyone's: then only the masks tell what is wrong."""
        if self.landmarks is None or self.masks is None:
            return self
        as_usual = self.error(self.camera) <= AS_USUAL * self.usual["px"].median
        return replace(self, landmarks=None) if as_usual else self

    def error(self, camera: Camera) -> float:
        """How far the view disagrees: median landmark distance, else 1 - IoU; inf when the camera sees nothing."""
        if self.landmarks is not None:
            return median_length(camera.project(self.landmarks.points) - self.landmarks.captured)
        return self.mask_error(camera)

    def mask_error(self, camera: Camera) -> float:
        """How far the masks disagree, 1 - IoU; inf without masks."""
        if self.masks is None:
            return math.inf
        return overlap_error(self.masks.render(camera), self.masks.captured)

    def difference(self, first: Camera, second: Camera) -> float:
        """How far two cameras disagree over the subject, in the case's measure."""
        if self.landmarks is not None:
            points = self.landmarks.points
            return median_length(first.project(points) - second.project(points))
        if self.masks is None:
            return math.inf
        return overlap_error(self.masks.render(first), self.masks.render(second))

    def candidate(self, cause: str, sentence: str, camera: Camera, num_free: int = 0) -> Candidate:
        """Try a corrected camera on the case's own measure."""
        if self.landmarks is None:
            return self.mask_candidate(cause, sentence, self.mask_error(camera), num_free)
        return self.landmark_candidate(cause, sentence, camera.project(self.landmarks.points), num_free)

    def landmark_candidate(self, cause: str, sentence: str, predicted: Pixels, num_free: int = 0) -> Candidate:
        """Judge where the landmarks would be.

        Raises:
            ValueError: If the case has no landmarks.
        """
        if self.landmarks is None:
            raise ValueError(f"{cause}: the case has no landmarks")
        residuals = predicted - self.landmarks.captured
        before = self.error(self.camera)
        misfit = self._misfit(residuals)
        return Candidate(cause, sentence, before, median_length(residuals), "px", num_free, misfit)

    def mask_candidate(self, cause: str, sentence: str, after: float, num_free: int = 0) -> Candidate:
        """Judge an overlap, 1 - IoU."""
        return Candidate(cause, sentence, self.mask_error(self.camera), after, "1 - IoU", num_free)

    def _misfit(self, residuals: FloatArray) -> float:
        median = self.usual["px"].median
        sigma = max(0.0 if math.isnan(median) else median / _RAYLEIGH_MEDIAN, NOISE_FLOOR_PX)
        clipped = np.minimum(np.nan_to_num(np.abs(residuals / sigma), nan=math.inf), _CLIPPED_AT)
        return float((clipped**2).sum())


def overlap_error(rendered: MaskImage, captured: MaskImage) -> float:
    """Return 1 - IoU; 1 when both masks are empty."""
    iou = score_mask(rendered, captured).iou
    return 1.0 if math.isnan(iou) else 1.0 - iou


def median_length(residuals: FloatArray) -> float:
    """Return the median length of (N, 2) residuals; a landmark that the camera does not see is infinitely far."""
    lengths = np.linalg.norm(residuals, axis=1)
    return median_of(np.where(np.isfinite(lengths), lengths, np.inf))
