"""The rows of a validation run: what one view scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import Pixels, as_array, frozen
from renderkit.metrics.boundary import BoundaryScore
from renderkit.metrics.containment import ContainmentScore
from renderkit.metrics.contour_score import ContourScore
from renderkit.metrics.depth_histogram import DepthHistogram
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.normalised_error import NormalisedError
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.metrics.texture import TextureScore

ScoreKind: TypeAlias = Literal[
    "mask", "boundary", "containment", "reprojection", "nme", "contour", "multiview", "depth", "texture"
]
STANDARD_KINDS: tuple[ScoreKind, ...] = ("mask", "boundary", "containment", "reprojection")
"""Scores that every row has, or says why not."""

REQUESTED_KINDS: Mapping[ScoreKind, str] = MappingProxyType(
    {"contour": "contour", "multiview": "multiview", "depth": "depth", "texture": "texture"}
)
"""Scores that are measured on request only, and what to ask for."""

SCORE_KINDS: tuple[ScoreKind, ...] = (*STANDARD_KINDS, "nme", *REQUESTED_KINDS)


@dataclass(frozen=True)
class ViewKey:
    """Which picture a row is about.

    Attributes:
        capture: Name of the capture's file or folder.
        frame: Frame id.
        camera: Camera name.
        mesh: Mesh name: "scan", "flame", or the file's name.
    """

    capture: str
    frame: str
    camera: str
    mesh: str

    @property
    def sort_key(self) -> tuple[tuple[tuple[int, str, str], ...], ...]:
        """Natural order: capture, frame, camera, mesh, with "2" before "10"."""
        return tuple(natural_key(part) for part in (self.capture, self.frame, self.camera, self.mesh))


@dataclass(frozen=True, eq=False)
class Scores:
    """What was measured, each part None when it could not be.

    Attributes:
        mask: Rendered mask against captured mask.
        boundary: Rendered contour against captured contour.
        containment: Projected vertices against captured mask; needs no faces.
        reprojection: Projected 3D landmarks against detected 2D landmarks.
        nme: The same in eye distances, where the landmark scheme has eye corners and they were detected.
        contour: The two contours in detail. This and the ones below are measured on request only.
        multiview: Detected landmarks against where the other views put them; needs no 3D annotation.
        depth: The mesh against the frame's other mesh.
        texture: The textured mesh against the photograph.
    """

    mask: MaskScore | None = None
    boundary: BoundaryScore | None = None
    containment: ContainmentScore | None = None
    reprojection: ReprojectionScore | None = None
    nme: NormalisedError | None = None
    contour: ContourScore | None = None
    multiview: ReprojectionScore | None = None
    depth: DepthHistogram | None = None
    texture: TextureScore | None = None


@dataclass(frozen=True)
class Failure:
    """Why a view has no scores at all.

    Attributes:
        type: The error's class name.
        message: The error's own words.
    """

    type: str
    message: str


@dataclass(frozen=True, eq=False)
class ViewResult:
    """One row: one mesh in one view.

    Attributes:
        key: Which view.
        scores: What was measured.
        not_computable: For each score that is None, why; by score kind.
        warnings: What a person should know about this view, one sentence each.
        failure: Set when the view could not be processed; then no score is set.
        image_size: (width, height) px of the picture that was scored, or None when that is not known.
        landmark_pixels: (L, 2) detected landmarks in px, aligned with the reprojection's residuals; None without them.
        overlay: Overlay picture, a POSIX path relative to the run folder; or None.
        seconds: Time spent on the view; not part of its identity.

    Example:
        >>> import renderkit as rk
        >>> from renderkit.results.rows import Failure, ViewKey
        >>> row = rk.ViewResult(ViewKey("take", "0", "25", "scan"), failure=Failure("DatasetError", "no picture"))
        >>> row.failure.message
        'no picture'
    """

    key: ViewKey
    scores: Scores = field(default_factory=Scores)
    not_computable: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    image_size: tuple[int, int] | None = None
    landmark_pixels: Pixels | None = None
    overlay: str | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Freeze and check that no score is missing without a reason.

        Raises:
            ValueError: If a score is None, the view did not fail, and no reason is given.
        """
        if self.landmark_pixels is not None:
            pixels = as_array(self.landmark_pixels, np.float64, (None, 2), "landmark_pixels")
            object.__setattr__(self, "landmark_pixels", frozen(pixels))
        object.__setattr__(self, "not_computable", MappingProxyType(dict(self.not_computable)))
        unexplained = [
            kind for kind in STANDARD_KINDS if getattr(self.scores, kind) is None and kind not in self.not_computable
        ]
        if unexplained and self.failure is None:
            raise ValueError(f"{self.key}: scores without a value and without a reason: {', '.join(unexplained)}")

    def __reduce__(self) -> tuple[type[ViewResult], tuple[object, ...]]:
        """Pickle by the constructor's arguments: a read-only mapping does not survive a worker process."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["not_computable"] = dict(self.not_computable)
        return type(self), tuple(values.values())


def natural_key(text: str) -> tuple[tuple[int, str, str], ...]:
    """Return a sort key in which runs of ASCII digits compare as numbers: "cam2" before "cam10"."""
    # A number without its leading zeros sorts by length, then by digits: no limit on how long it is.
    bare = [(part.lstrip("0"), part) for part in re.split(r"([0-9]+)", text)]
    return tuple(
        (len(digits), digits, part) if index % 2 else (0, part, "") for index, (digits, part) in enumerate(bare)
    )


def natural_sorted(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in natural order."""
    return tuple(sorted(names, key=natural_key))
