"""What is asked of every capture of a dataset, as a value that can be stored, compared and sent to workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import renderkit
from renderkit.capture import Capture
from renderkit.diagnosis.census import SequentialTest
from renderkit.errors import ArgumentError
from renderkit.gates.gate import Coverage, Gate
from renderkit.gates.language import parse_gate
from renderkit.geometry.mesh import Mesh
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import ValidationOptions
from renderkit.renderers.choose import RendererKind
from renderkit.results.diagnosis import ALPHA

FORMAT: Final = "renderkit.dataset/1"
"""Name and version of the form in which runs over many captures are stored."""
_GATE_FIELDS: Final = ("name", "cameras", "meshes", "allowed_failures", "known_failures")


@dataclass(frozen=True, eq=False)
class DatasetSettings:
    """What every capture is opened with, how its views are scored, and what is concluded from them.

    Attributes:
        inputs: What each capture is opened with; its own `capture` is None.
        selection: Keyword arguments of `make_options`: "frames", "cameras", "metrics" and so on; texts and numbers.
        gates: What is checked of each capture.
        baseline: Run that gates compare with: of one capture, or of many captures of the same names.
        checks: Whether each capture's conventions are checked.
        sanity: Whether each rig is diagnosed as a whole.
        false_alarms: Probability that the diagnosis names a camera of a rig without fault.
        renderer: Kind of renderer that each worker makes.
        device: EGL device.
        census: Set where only as many views are read as say which cameras are off.
    """

    inputs: CaptureInputs = field(default_factory=lambda: CaptureInputs(None))
    selection: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    baseline: Path | None = None
    checks: bool = True
    sanity: bool = True
    false_alarms: float = ALPHA
    renderer: RendererKind = "auto"
    device: int | None = None
    census: SequentialTest | None = None

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ArgumentError: If a mesh in memory is given: a run that can be resumed needs files.
        """
        if any(isinstance(mesh, Mesh) for mesh in self.inputs.meshes):
            raise ArgumentError("mesh: a run over many captures takes names and files of meshes, not meshes in memory")

    def open(self, path: Path, place: str) -> Capture:
        """Open one capture with all that is given beside it; see `inputs_of`.

        Raises:
            DatasetError: If something is missing or damaged.
        """
        return self.inputs_of(path, place).open()

    def inputs_of(self, path: Path, place: str) -> CaptureInputs:
        """Return what one capture is opened with.

        Args:
            path: The capture.
            place: What `{capture}` stands for in paths.
        """
        return self.inputs.of_one(path, place)

    def options(self, capture: Capture) -> ValidationOptions:
        """Return the options that the selections stand for in one capture.

        Raises:
            ArgumentError: If a selection names what the capture does not have.
            DatasetError: If the capture has no frame or no camera.
        """
        return make_options(capture, self.inputs.mesh_names, false_alarms=self.false_alarms, **self.selection)

    def scoring_json(self) -> dict[str, Any]:
        """Return what decides the rows."""
        inputs = {name: _plain(value) for name, value in vars(self.inputs).items() if name != "capture"}
        # What is not asked for is left out: the key does not depend on who named it.
        asked = {
            name: value for name, value in sorted(self.selection.items()) if value is not None and value is not False
        }
        selection = {name: _plain(value) for name, value in asked.items()}
        return {"inputs": inputs, "selection": selection, "renderer": self.renderer, "device": self.device}

    def concluding_json(self) -> dict[str, Any]:
        """Return what decides the conclusions from the rows."""
        return {
            "gates": [_gate_json(gate) for gate in self.gates],
            "baseline": _plain(self.baseline),
            "checks": self.checks,
            "sanity": self.sanity,
            "false_alarms": self.false_alarms,
            "census": None if self.census is None else asdict(self.census),
        }

    def as_json(self) -> dict[str, Any]:
        """Return everything, as run.json holds it."""
        return {"scoring": self.scoring_json(), "concluding": self.concluding_json()}

    @property
    def scoring_key(self) -> str:
        """Identity of what decides the rows, this version of renderkit included."""
        return content_key(FORMAT, renderkit.__version__, self.scoring_json())

    @property
    def concluding_key(self) -> str:
        """Identity of what decides the conclusions."""
        return content_key(self.concluding_json())


def settings_from_json(value: Mapping[str, Any]) -> DatasetSettings:
    """Read what `DatasetSettings.as_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: If it is something else.
        GateError: If a gate is none.
    """
    scoring, concluding = value["scoring"], value["concluding"]
    inputs = dict(scoring["inputs"])
    for name in ("flame", "mesh_root", "rig"):
        inputs[name] = None if inputs[name] is None else Path(inputs[name])
    size = inputs["size"]
    inputs |= {"meshes": tuple(inputs["meshes"]), "size": None if size is None else (int(size[0]), int(size[1]))}
    return DatasetSettings(
        inputs=CaptureInputs(None, **inputs),
        selection=dict(scoring["selection"]),
        gates=tuple(_gate_from(gate) for gate in concluding["gates"]),
        baseline=None if concluding["baseline"] is None else Path(concluding["baseline"]),
        checks=bool(concluding["checks"]),
        sanity=bool(concluding["sanity"]),
        false_alarms=float(concluding["false_alarms"]),
        renderer=scoring["renderer"],
        device=scoring["device"],
        census=None if concluding["census"] is None else SequentialTest(**concluding["census"]),
    )


def content_key(*parts: object) -> str:
    """Return 20 hex digits that stand for values: equal values give equal digits."""
    text = json.dumps(parts, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _gate_json(gate: Gate) -> dict[str, Any]:
    coverage = None if gate.coverage is None else asdict(gate.coverage)
    return {"text": gate.text, "coverage": coverage} | {name: _plain(getattr(gate, name)) for name in _GATE_FIELDS}


def _gate_from(value: Mapping[str, Any]) -> Gate:
    fields: dict[str, Any] = {
        name: tuple(one) if isinstance(one := value[name], list) else one for name in _GATE_FIELDS
    }
    coverage = None if value["coverage"] is None else Coverage(**value["coverage"])
    return replace(parse_gate(value["text"]), coverage=coverage, **fields)
