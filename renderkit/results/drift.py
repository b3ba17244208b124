"""How far each camera of a rig moved between runs, and whether that is more than the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from renderkit.metrics.score_json import finite_or_none, values_json
from renderkit.wording import counted


@dataclass(frozen=True)
class CameraChange:
    """One camera in one run against the first run.

    Attributes:
        run: Name of the run.
        shift_px: (dx, dy) how far its picture of the subject moved; NaN where it was not measured.
        shift_error_px: Standard errors of both.
        cause: What it looks like, for a camera that moved; "" for one that did not.
        cannot_tell: All slips that explain the evidence about as well.
        amount: Size of the move in `unit`; NaN where it did not move.
        amount_error: Its standard error.
        unit: "deg", "px", "%", the world unit, or "".
        log_p: Logarithm of the probability of such evidence from a camera that did not move, all cameras, slips and
            runs considered.
        sentence: The move in one sentence; "" for a camera that did not move.
    """

    run: str
    shift_px: tuple[float, float]
    shift_error_px: tuple[float, float]
    cause: str
    cannot_tell: tuple[str, ...]
    amount: float
    amount_error: float
    unit: str
    log_p: float
    sentence: str

    @property
    def moved(self) -> bool:
        """Whether the camera moved by more than the noise explains."""
        return bool(self.cause)

    @property
    def shown_px(self) -> tuple[float, float]:
        """The shift as it is shown: to 0.01 px, without a negative zero."""
        dx, dy = self.shift_px
        return round(dx, 2) + 0.0, round(dy, 2) + 0.0

    @property
    def length_px(self) -> float:
        """Length of the shift, px."""
        return float((self.shift_px[0] ** 2 + self.shift_px[1] ** 2) ** 0.5)

    @property
    def length_error_px(self) -> float:
        """Standard error of a shift per axis, px: the mean of both axes."""
        return float(((self.shift_error_px[0] ** 2 + self.shift_error_px[1] ** 2) / 2.0) ** 0.5)


@dataclass(frozen=True)
class CameraHistory:
    """One camera over all runs; the first run has no entry.

    Attributes:
        camera: Camera name.
        changes: One for each later run.
    """

    camera: str
    changes: tuple[CameraChange, ...]

    @property
    def moved(self) -> bool:
        """Whether it moved in any run."""
        return any(change.moved for change in self.changes)


@dataclass(frozen=True)
class Drift:
    """Moves of a rig's cameras between runs.

    Attributes:
        runs: Names of the runs; the first is what the others are measured against.
        cameras: Every camera that all comparisons had evidence of, in the order of the first run.
        noise_px: Noise of the landmarks per component, for each run; NaN without landmarks.
        scatter_px: Healthy cameras' own scatter between runs, px for each parameter, for each later run.
        alpha: Probability that a rig that did not move has a finding.
        notes: What the user should know.
        not_compared: Cameras of the first run that have no evidence in all of them.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     monday = rk.synthesize(Path(folder, "monday"), options).capture
        ...     found = rk.drift(monday, monday)
        >>> isinstance(found, rk.Drift), found.moved
        (True, ())
    """

    runs: tuple[str, ...]
    cameras: tuple[CameraHistory, ...]
    noise_px: tuple[float, ...]
    scatter_px: tuple[float, ...]
    alpha: float
    notes: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[CameraHistory, ...]:
        """Cameras that moved."""
        return tuple(one for one in self.cameras if one.moved)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence per camera that moved: the first run that shows it, and the last one where it differs."""
        return tuple(change.sentence for one in self.moved for change in one.changes if change.moved)

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        rate = f"false alarm rate {100 * self.alpha:g} %"
        if not self.moved:
            return (
                f"none of {counted(len(self.cameras), 'camera')} moved between "
                f"{counted(len(self.runs), 'run')} ({rate})"
            )
        names = ", ".join(one.camera for one in self.moved)
        return f"{len(self.moved)} of {counted(len(self.cameras), 'camera')} moved: {names} ({rate})"

    @property
    def gap(self) -> str:
        """Which cameras nothing is known of, in one sentence; "" where all are compared."""
        if not self.not_compared:
            return ""
        total = counted(len(self.cameras) + len(self.not_compared), "camera")
        verb = "is" if len(self.not_compared) == 1 else "are"
        return (
            f"{len(self.not_compared)} of {total} {verb} not compared, without landmarks or outlines in all runs: "
            f"{', '.join(self.not_compared)}"
        )


def drift_json(drift: Drift) -> dict[str, Any]:
    """Return the drift as plain values; numbers that are not finite are None."""
    return {
        "sentence": drift.sentence,
        "sentences": list(drift.sentences),
        "runs": list(drift.runs),
        "alpha": drift.alpha,
        "noise_px": [finite_or_none(value) for value in drift.noise_px],
        "scatter_px": list(drift.scatter_px),
        "notes": list(drift.notes),
        "not_compared": list(drift.not_compared),
        "cameras": [
            {"camera": one.camera, "moved": one.moved, "changes": [values_json(each) for each in one.changes]}
            for one in drift.cameras
        ],
    }
