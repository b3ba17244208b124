"""The smallest fault of each camera that a diagnosis would find, and the largest that gates let pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from renderkit.errors import DatasetError
from renderkit.metrics.score_json import values_json
from renderkit.results.run_folder import LIMITS, own_file
from renderkit.untrusted.json_text import read_json
from renderkit.wording import counted
from renderkit.writing import write_json

FILE_NAME: Final = LIMITS
SCHEMA: Final = "renderkit.limits/1"
_MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class FaultLimit:
    """One kind of fault of one camera.

    Attributes:
        kind: What is planted: "cx", "turn x", "focal" and so on.
        unit: "deg", "px", "%", the world unit, or "" for k1.
        found_50: Size that is found with 50 % probability; infinite where it cannot be found.
        found_99: And with 99 %.
        found_50_px: RMS displacement of the subject by the first of them.
        found_99_px: And by the second.
        passes: Largest size that all gates let pass, of either sign; NaN without gates, infinite where no size fails.
    """

    kind: str
    unit: str
    found_50: float
    found_99: float
    found_50_px: float
    found_99_px: float
    passes: float


@dataclass(frozen=True)
class CameraLimits:
    """All kinds of faults of one camera.

    Attributes:
        camera: Camera name.
        faults: One for each kind.
        reason: Why there are none; "" where there are.
    """

    camera: str
    faults: tuple[FaultLimit, ...]
    reason: str = ""

    def fault(self, kind: str) -> FaultLimit:
        """Return one kind.

        Raises:
            KeyError: If there is no such kind.
        """
        found = next((one for one in self.faults if one.kind == kind), None)
        if found is None:
            raise KeyError(kind)
        return found


@dataclass(frozen=True)
class DetectionLimits:
    """What would be found in a capture.

    Attributes:
        cameras: One for each camera.
        alpha: Probability that a rig without fault has a finding.
        noise_px: Noise of the landmarks per component; NaN without landmarks.
        scatter_px: Healthy cameras' own scatter, px for each parameter.
        faulty: Cameras that are off as it is; the limits hold for a rig in which they are known to be.
        gates: The gates that `passes` is about.
        notes: What the user should know, such as gates that could not be answered.
        reason: Why nothing could be told; "" otherwise.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     limits = rk.prove(rk.synthesize(folder, options).capture)
        >>> isinstance(limits, rk.DetectionLimits), len(limits.cameras)
        (True, 6)
    """

    cameras: tuple[CameraLimits, ...]
    alpha: float
    noise_px: float
    scatter_px: float
    faulty: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of faults, in the order of tables."""
        return next((tuple(one.kind for one in camera.faults) for camera in self.cameras if camera.faults), ())

    @property
    def sentence(self) -> str:
        """The answer in one sentence: the shift that would be found in the median camera and in the worst one."""
        sizes = sorted(
            max(camera.fault("cx").found_99, camera.fault("cy").found_99) for camera in self.cameras if camera.faults
        )
        if not sizes:
            return f"nothing can be found: {self.reason}"
        words = f"a shift of {sizes[len(sizes) // 2]:.2f} px would be found with 99 % probability in the median camera"
        words += (
            f", of {sizes[-1]:.2f} px in every camera ({len(sizes)} of "
            f"{counted(len(self.cameras), 'camera')} have landmarks or mattes)"
        )
        return words


def limits_json(limits: DetectionLimits) -> dict[str, Any]:
    """Return the limits as plain values; numbers that are not finite are None."""
    cameras = [
        {"camera": one.camera, "reason": one.reason, "faults": [_fault_json(fault) for fault in one.faults]}
        for one in limits.cameras
    ]
    return {"schema": SCHEMA, "sentence": limits.sentence, **values_json(limits), "cameras": cameras}


def write_limits(limits: DetectionLimits, folder: Path) -> Path:
    """Write limits.json into a folder.

    Raises:
        DatasetError: If it cannot be written.
    """
    return write_json(folder / FILE_NAME, limits_json(limits), indent=1)


def read_limits(folder: Path) -> DetectionLimits | None:
    """Read limits.json of a run folder; None where there is none.

    Raises:
        DatasetError: If it is something else, too large, or a link that leads out of the folder.
    """
    path = folder / FILE_NAME
    if not own_file(folder, path):
        return None
    document = read_json(path, _MAX_BYTES)
    try:
        if document["schema"] != SCHEMA:
            raise DatasetError(path, "schema", f"expected {SCHEMA!r}, found {document['schema']!r}")
        return _limits_from(document)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DatasetError(path, None, f"not detection limits: {type(error).__name__}: {error}") from error


def _limits_from(document: dict[str, Any]) -> DetectionLimits:
    cameras = tuple(
        CameraLimits(str(one["camera"]), tuple(_fault_from(each) for each in one["faults"]), str(one["reason"]))
        for one in document["cameras"]
    )
    faulty, gates, notes = (tuple(str(each) for each in document[name]) for name in ("faulty", "gates", "notes"))
    return DetectionLimits(
        cameras=cameras,
        alpha=float(document["alpha"]),
        noise_px=math.nan if document["noise_px"] is None else float(document["noise_px"]),
        scatter_px=float(document["scatter_px"]),
        faulty=faulty,
        gates=gates,
        notes=notes,
        reason=str(document["reason"]),
    )


def _fault_json(fault: FaultLimit) -> dict[str, Any]:
    return values_json(fault) | {"passes_any_size": math.isinf(fault.passes)}


def _fault_from(value: dict[str, Any]) -> FaultLimit:
    numbers = {
        name: math.inf if value[name] is None else float(value[name])
        for name in ("found_50", "found_99", "found_50_px", "found_99_px")
    }
    passes = math.inf if value["passes_any_size"] else math.nan if value["passes"] is None else float(value["passes"])
    return FaultLimit(str(value["kind"]), str(value["unit"]), **numbers, passes=passes)
