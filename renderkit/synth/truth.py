"""What is true about a synthetic capture, kept beside it as truth.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.synth.expression import Expression
from renderkit.synth.faults import Fault
from renderkit.writing import write_json

FORMAT_NAME = "renderkit-truth"
FORMAT_VERSION = 1
FILE_NAME = "truth.json"


@dataclass(frozen=True, eq=False)
class SynthTruth:
    """A written capture and the truth about it.

    Attributes:
        folder: Where everything was written.
        capture: What to open with `open_capture`: an SMC file, or the first FaceScape tuple.
        captures: All captures; FaceScape has one per frame.
        like: "renderme360", "facescape" or "board".
        unit: The world unit: "m" or "unknown".
        seed: The seed.
        cameras: By capture's frame id, then camera name: the cameras that took the pictures.
        faults: What was planted, with every camera named.
        expressions: By frame id, what the head does.
        flame_topology: File with the faces of the FLAME-like vertices, for --flame; None for FaceScape.
        masks: Folder for --masks; None where the capture holds its masks.
        landmarks: File for --landmarks; None where the capture holds its landmarks.
        board: The board that was photographed, as `--board` takes it; "" for a head.
        board_poses: By frame id, from the board's frame to the world; its lengths are metres.
        skipped: By frame id, the cameras that the capture itself marks as not valid.
    """

    folder: Path
    capture: Path
    captures: tuple[Path, ...]
    like: str
    unit: str
    seed: int
    cameras: Mapping[str, Mapping[str, Camera]]
    faults: tuple[Fault, ...]
    expressions: Mapping[str, Expression]
    flame_topology: Path | None = None
    masks: Path | None = None
    landmarks: Path | None = None
    board: str = ""
    board_poses: Mapping[str, Pose] = field(default_factory=dict)
    skipped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        cameras = {frame: MappingProxyType(dict(rig)) for frame, rig in self.cameras.items()}
        object.__setattr__(self, "cameras", MappingProxyType(cameras))
        object.__setattr__(self, "board_poses", MappingProxyType(dict(self.board_poses)))
        object.__setattr__(self, "expressions", MappingProxyType(dict(self.expressions)))

    @property
    def path(self) -> Path:
        """The truth.json."""
        return self.folder / FILE_NAME

    @property
    def faulty_cameras(self) -> tuple[str, ...]:
        """Names of the cameras with at least one fault, sorted."""
        return tuple(sorted({name for fault in self.faults for name in fault.cameras}))

    def write(self) -> None:
        """Write truth.json; paths are relative to it."""
        content = {
            "format": FORMAT_NAME,
            "version": FORMAT_VERSION,
            "like": self.like,
            "seed": self.seed,
            "unit": self.unit,
            "captures": [self._relative(path) for path in self.captures],
            "flame_topology": self._relative(self.flame_topology),
            "masks": self._relative(self.masks),
            "landmarks": self._relative(self.landmarks),
            "faults": [_fault(fault) for fault in self.faults],
            "cameras": {
                frame: {name: _camera(camera) for name, camera in rig.items()} for frame, rig in self.cameras.items()
            },
            **({"board": self.board} if self.board else {}),
            **({"board_poses": _poses(self.board_poses)} if self.board else {}),
            "marked_invalid": {frame: list(names) for frame, names in self.skipped.items()},
            "expressions": {
                frame: {"jaw_rad": each.jaw_rad, "smile": each.smile, "turn_rad": list(each.turn)}
                for frame, each in self.expressions.items()
            },
        }
        write_json(self.path, content, indent=1)

    def _relative(self, path: Path | None) -> str | None:
        return None if path is None else path.relative_to(self.folder).as_posix()


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "cameras": list(fault.cameras),
        "amount": fault.amount,
        "unit": fault.kind.unit,
        "meaning": fault.kind.meaning,
    }


def _poses(poses: Mapping[str, Pose]) -> dict[str, Any]:
    return {frame: pose.matrix.tolist() for frame, pose in poses.items()}


def _camera(camera: Camera) -> dict[str, Any]:
    return {
        "K": camera.K.tolist(),
        "distortion": camera.distortion.coefficients.tolist(),
        "cam_from_world": camera.cam_from_world.matrix.tolist(),
        "width": camera.width,
        "height": camera.height,
    }
