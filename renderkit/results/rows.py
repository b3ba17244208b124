"""The rows of a validation run: what one view scored, what a whole run found."""

from __future__ import annotations

from collections.abc import Mapping
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
from renderkit.results.capture_check import CaptureCheck
from renderkit.results.explanation import CameraExplanation
from renderkit.results.surface_comparison import SurfaceComparison
from renderkit.selection import natural_key, natural_sorted

ScoreKind: TypeAlias = Literal[
    "mask", "boundary", "containment", "reprojection", "nme", "contour", "multiview", "depth", "texture"
]
Verdict: TypeAlias = Literal["pass", "fail", "not computable"]
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


@dataclass(frozen=True)
class GateVerdict:
    """What one gate said about one subject.

    Attributes:
        gate: The gate as it was written, such as "reprojection_rms_px <= 1.5".
        subject: Camera name, or "rig".
        mesh: Mesh name, or "" when the gate is not about one mesh.
        verdict: "not computable" is never a pass.
        value: What was measured, or None.
        message: One sentence with the numbers.
        tolerated: The gate's own allowance forgives this camera; it is still not a pass.
    """

    gate: str
    subject: str
    mesh: str
    verdict: Verdict
    value: float | None
    message: str
    tolerated: bool = False

    @property
    def passed(self) -> bool:
        """Whether the gate holds."""
        return self.verdict == "pass"

    @property
    def blocks(self) -> bool:
        """Whether the run fails because of it."""
        return not (self.passed or self.tolerated)


@dataclass(frozen=True)
class InputFile:
    """One file that a run read.

    Attributes:
        path: As it was given.
        bytes: Size.
        sha256: Hex digest; of the whole file, or of samples where `method` says so.
        method: "sha256", or "sha256-sampled" for large files: size and 64 evenly spaced blocks of 1 MiB.
    """

    path: str
    bytes: int
    sha256: str
    method: Literal["sha256", "sha256-sampled"]


@dataclass(frozen=True, eq=False)
class Provenance:
    """Where the numbers come from.

    Attributes:
        command: The command line, or the Python call.
        capture: The capture as it was given.
        dataset: "renderme360", "facescape", "middlebury".
        unit: World unit.
        versions: Package name to version, renderkit and Python among them.
        renderer: "kind", "device" (GL_RENDERER), "version" and "hardware" of what drew.
        options: The options that decide the numbers, as text.
        inputs: Files that were read, with their hashes.
    """

    command: str = ""
    capture: str = ""
    dataset: str = ""
    unit: str = "unknown"
    versions: Mapping[str, str] = field(default_factory=dict)
    renderer: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[InputFile, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("versions", "renderer", "options"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


@dataclass(frozen=True, eq=False)
class Report:
    """Everything one run found.

    Attributes:
        rows: In natural order of capture, frame, camera, mesh.
        skipped_cameras: Camera name to the reason why the dataset itself marks it as unusable.
        gates: What the gates said; empty when none were asked for.
        provenance: Where the numbers come from.
        started: ISO 8601 time of the start, UTC; "" when unknown. Kept with the timings.
        seconds: Time of the whole run.
        checks: What the capture's conventions turned out to be, before anything was scored.
        surfaces: Meshes compared in space, frame by frame; empty when not asked for.
        explanations: Why cameras stand out, the worst first.
        with_intervals: Whether bootstrap intervals were asked for; they follow from the rows.
    """

    rows: tuple[ViewResult, ...]
    skipped_cameras: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[GateVerdict, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    started: str = ""
    seconds: float = 0.0
    checks: tuple[CaptureCheck, ...] = ()
    surfaces: tuple[SurfaceComparison, ...] = ()
    explanations: tuple[CameraExplanation, ...] = ()
    with_intervals: bool = False

    def __post_init__(self) -> None:
        """Sort the rows and freeze the mapping."""
        object.__setattr__(self, "rows", tuple(sorted(self.rows, key=lambda row: row.key.sort_key)))
        object.__setattr__(self, "skipped_cameras", MappingProxyType(dict(self.skipped_cameras)))

    @property
    def failures(self) -> tuple[ViewResult, ...]:
        """Rows of views that could not be processed."""
        return tuple(row for row in self.rows if row.failure is not None)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras that have rows, in natural order."""
        return natural_sorted({row.key.camera for row in self.rows})

    @property
    def frames(self) -> tuple[str, ...]:
        """Ids of the frames that have rows, in natural order."""
        return natural_sorted({row.key.frame for row in self.rows})

    @property
    def meshes(self) -> tuple[str, ...]:
        """Names of the meshes that have rows, in natural order."""
        return natural_sorted({row.key.mesh for row in self.rows})
