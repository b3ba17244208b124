"""What a whole run found: its rows, what gates said of them, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from renderkit.metrics import reprojection
from renderkit.metrics.scored_view import INCOMPARABLE
from renderkit.results.cameras import CameraSummary, WorstCamera
from renderkit.results.capture_check import CaptureCheck
from renderkit.results.diagnosis import Diagnosis
from renderkit.results.explanation import CameraExplanation
from renderkit.results.kinds import METRICS
from renderkit.results.rows import ViewResult, in_natural_order
from renderkit.results.summary import Summary
from renderkit.selection import natural_sorted

if TYPE_CHECKING:
    import pandas

    from renderkit.results.surface_comparison import SurfaceComparison

Verdict: TypeAlias = Literal["pass", "fail", "not computable"]
HashMethod: TypeAlias = Literal["sha256", "sha256-sampled", "version"]

RIG: Final = "rig"
"""Subject of a gate's verdict about all cameras together."""


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
        sha256: Hex digest of what `method` says: the whole file, samples of it, or its version.
        method: "sha256", or "sha256-sampled" for large files: size and 64 evenly spaced blocks of 1 MiB, or "version"
            for URLs: of what the server says of the version.
    """

    path: str
    bytes: int
    sha256: str
    method: HashMethod


@dataclass(frozen=True, eq=False)
class Provenance:
    """Where the numbers come from.

    Attributes:
        command: The command line, or the Python call.
        capture: The capture as it was given.
        dataset: "renderme360", "facescape", "middlebury".
        unit: World unit.
        versions: Package name to version, renderkit and Python among them.
        renderer: "kind", "device" (GL_RENDERER), "version" and "hardware" of the renderer.
        options: The options that decide the numbers, as text.
        inputs: Files that were read, with their hashes.
        config: The renderkit.toml that gates came from; "" without one.
    """

    command: str = ""
    capture: str = ""
    dataset: str = ""
    unit: str = "unknown"
    versions: Mapping[str, str] = field(default_factory=dict)
    renderer: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[InputFile, ...] = ()
    config: str = ""

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
        diagnosis: Whether the rig as a whole fits, and which cameras are off; None where it was not asked for.
        baseline: The run that gates and histograms compare with; not written with the report.
        summary: The rows summed up; made from the rows, never given.

    Example:
        >>> import renderkit as rk
        >>> from renderkit.results.rows import Failure, ViewKey
        >>> row = rk.ViewResult(ViewKey("take", "0", "25", "scan"), failure=Failure("DatasetError", "no picture"))
        >>> report = rk.Report((row,))
        >>> report.camera_names, report.passed, report.cameras["25"].iou
        (('25',), False, nan)
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
    diagnosis: Diagnosis | None = None
    baseline: Report | None = field(default=None, repr=False)
    summary: Summary = field(default_factory=lambda: Summary(()), repr=False)

    def __post_init__(self) -> None:
        """Sort the rows, freeze the mapping, and keep the summary as long as the rows are the same."""
        ordered = in_natural_order(self.rows)
        # A report changed by `replace` has the rows of the one before: what was computed from them still holds.
        if ordered != self.summary.rows:
            object.__setattr__(self, "summary", Summary(ordered))
        object.__setattr__(self, "rows", self.summary.rows)
        object.__setattr__(self, "skipped_cameras", MappingProxyType(dict(self.skipped_cameras)))

    @property
    def failures(self) -> tuple[ViewResult, ...]:
        """Rows of views that could not be processed."""
        return tuple(row for row in self.rows if row.failure is not None)

    @property
    def frames(self) -> tuple[str, ...]:
        """Ids of the frames that have rows, in natural order."""
        return natural_sorted({row.key.frame for row in self.rows})

    @property
    def meshes(self) -> tuple[str, ...]:
        """Names of the meshes that have rows, in natural order."""
        return natural_sorted({row.key.mesh for row in self.rows})

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Names of the cameras that have rows, in natural order."""
        return natural_sorted({row.key.camera for row in self.rows})

    @cached_property
    def cameras(self) -> Mapping[str, CameraSummary]:
        """Each camera over all its frames, by name: `report.cameras["25"].iou`.

        Raises:
            ValueError: If the rows are of several meshes; then take `report.of_mesh("scan").cameras`.
        """
        if len(self.meshes) > 1:
            raise ValueError(
                f"cameras: expected rows of one mesh, found {', '.join(self.meshes)}; "
                f"take report.of_mesh({self.meshes[0]!r}).cameras"
            )
        return MappingProxyType({summary.camera: summary for summary in self.summary.cameras})

    def of_mesh(self, name: str) -> Report:
        """Return the report with the rows of one mesh.

        Raises:
            KeyError: If no row is of that mesh.
        """
        if name not in self.meshes:
            raise KeyError(name)
        return replace(self, rows=tuple(row for row in self.rows if row.key.mesh == name))

    @property
    def worst(self) -> WorstCamera | None:
        """The camera that agrees least with the others; None when nothing could be computed."""
        return self.summary.worst

    @property
    def passed(self) -> bool:
        """Whether the run passed.

        Never where the diagnosis says that the rig as a whole does not fit, or that most mattes say nothing. With
        gates: whether none of them blocks. Without gates: whether every view could be processed, at least one number
        was computed, and landmarks that are there in 2D and in 3D could be compared.
        """
        if self.diagnosis is not None and (self.diagnosis.blocks or self.diagnosis.lacks_mattes):
            return False
        if self.gates:
            return not any(gate.blocks for gate in self.gates)
        computed = any(num for name, num in self.summary.computable.items() if METRICS[name].unit != "count")
        return computed and not self.failures and not self.incomparable_landmarks

    @property
    def incomparable_landmarks(self) -> str:
        """Why landmarks that are there in 2D and in 3D were compared in no view; "" where they were in one."""
        reasons = {row.missing.get(reprojection.KIND.name, "") for row in self.rows if row.failure is None}
        return next(iter(reasons)) if reasons and all(why.startswith(INCOMPARABLE) for why in reasons) else ""

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per view with its metrics, as a pandas DataFrame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        from renderkit.results.table import data_frame_of  # noqa: PLC0415 - it needs this module

        return data_frame_of(self)

    def __str__(self) -> str:
        """Return the tables and sentences that `renderkit validate` prints."""
        from renderkit.results.text import report_text  # noqa: PLC0415 - it needs this module

        return report_text(self)

    def _repr_html_(self) -> str:
        """Show the table of cameras in a notebook."""
        from renderkit.results.text import report_html  # noqa: PLC0415 - it needs this module

        return report_html(self)
