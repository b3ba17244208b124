"""A synthetic capture of a board: carried through the rig's middle, photographed by every camera, in a folder.

`capture.toml`, `cameras.json`, `images/<frame>/<camera>.jpg`, and the truth in truth.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.boards.board import Board
from renderkit.boards.pattern import Pattern
from renderkit.errors import CalibrationError
from renderkit.formats import capture_toml
from renderkit.formats.folder import FolderParts
from renderkit.formats.registry import read_stated_rig
from renderkit.formats.rig_writing import write_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.pipeline.photograph_board import BoardPhotographer, Exposure
from renderkit.pipeline.synth_options import SynthOptions
from renderkit.pipeline.synth_scene import encode_jpeg
from renderkit.synth.faults import Fault, WrittenCalibration, picture_fault, plant, resolve_faults
from renderkit.synth.placement import RENDERME360_PLACEMENT
from renderkit.synth.rig import renderme360_rig
from renderkit.synth.truth import SynthTruth
from renderkit.system import usable_cores
from renderkit.writing import make_subfolder, write_bytes

LIKE: Final = "board"

_USUAL_DIAGONAL: Final = 0.26
"""A board of this diagonal, m, fills about half of a picture of the usual rig; the rig grows with the board."""

_IMAGES: Final = "images/{frame}/{camera}.jpg"
_SAMPLES: Final = 4


def synthesize_board(out: Path, options: SynthOptions, board: Board, advance: Callable[[], None]) -> SynthTruth:
    """Write the capture.

    Raises:
        ValueError: If a planted fault leaves no camera, or does not suit a board.
    """
    cameras = _rig(options, board)
    faults = resolve_faults(options.faults, tuple(cameras))
    written = _written(cameras, plant(cameras, faults, 1e-3), faults)
    poses = {f"{frame:03d}": board_pose(board, frame, options) for frame in range(options.num_frames)}
    _photograph(out, options, _Shoot(cameras, board, faults), advance)
    write_rig(Rig(written, "m"), out / "cameras.json", format="rig")
    parts = FolderParts(
        rig=out / "cameras.json", root=out, read_cameras=read_stated_rig, images=_IMAGES, format="rig", unit="m"
    )
    path = out / capture_toml.FILE_NAME
    capture_toml.write_file(path, capture_toml.write_parts(path, parts))
    truth = SynthTruth(
        folder=out, capture=path, captures=(path,), like=LIKE, unit="m", seed=options.seed,
        cameras=dict.fromkeys(poses, cameras), faults=faults, expressions={}, board=board.spec, board_poses=poses,
    )  # fmt: skip
    truth.write()
    return truth


@dataclass(frozen=True, eq=False)
class _Shoot:
    """What is photographed by whom."""

    cameras: Mapping[str, Camera]
    board: Board
    faults: tuple[Fault, ...]


def board_pose(board: Board, frame: int, options: SynthOptions) -> Pose:
    """Return where the board is in a frame, m: it is carried smoothly about the rig's middle while it turns."""
    rng = np.random.default_rng([options.seed, 17])
    phase, slow = rng.uniform(0.0, 2.0 * np.pi, 6), _growth(board)
    periods = np.array([11.0, 13.0, 17.0, 12.0, 14.0])
    swing = np.sin(2.0 * np.pi * frame / periods + phase[:5])
    place = _middle() + 0.09 * slow * np.array([swing[0], 0.8 * swing[1], swing[2]])
    turns = max(1.0, np.ceil(options.num_frames / 40.0))
    yaw = Pose.from_rotation_vector(
        (0.0, 2.0 * np.pi * turns * frame / options.num_frames + phase[5], 0.0), np.zeros(3)
    )
    lean = Pose.from_rotation_vector((0.35 * swing[3], 0.0, 0.3 * swing[4]), np.zeros(3))
    upright = np.diag([1.0, -1.0, -1.0]) if board.is_y_up else np.eye(3)
    turn = yaw.R @ lean.R @ upright
    return Pose(turn, place - turn @ board.middle)


def _rig(options: SynthOptions, board: Board) -> dict[str, Camera]:
    """Return the usual rig, its cameras moved away from the middle so that the board fits into their pictures."""
    grown = {}
    for name, camera in renderme360_rig(options.num_cameras, options.size, options.lens, options.seed).items():
        center = _middle() + _growth(board) * (camera.center_world - _middle())
        turn = camera.cam_from_world.R
        grown[name] = replace(camera, cam_from_world=Pose(turn, -turn @ center))
    return grown


def _middle() -> FloatArray:
    middle: FloatArray = RENDERME360_PLACEMENT.apply(np.array([[0.0, -42.0, 0.0]]))[0]
    return middle


def _growth(board: Board) -> float:
    return float(np.linalg.norm(np.ptp(board.points, axis=0))) / _USUAL_DIAGONAL


def _written(
    cameras: Mapping[str, Camera], calibrations: Mapping[str, WrittenCalibration], faults: tuple[Fault, ...]
) -> dict[str, Camera]:
    """Return the cameras that go to disk."""
    for fault in faults:
        if fault.name == "resized":
            raise ValueError("fault resized: pictures of a board have their calibration's size")
    written = {}
    for name, numbers in calibrations.items():
        try:
            pose = Pose.from_matrix(numbers.cam_from_world)
            written[name] = Camera.from_opencv(numbers.K, numbers.D, pose, cameras[name].size, name)
        except (ValueError, CalibrationError) as error:
            raise ValueError(f"camera {name}: the faults make its calibration invalid: {error}") from error
    return written


def _photograph(out: Path, options: SynthOptions, shoot: _Shoot, advance: Callable[[], None]) -> None:
    """Write the pictures of all cameras; each thread takes those of one camera, whose rays are computed once."""
    images = make_subfolder(out, "images")
    for frame in range(options.num_frames):
        make_subfolder(images, f"{frame:03d}")
    exposure = Exposure(options.samples or _SAMPLES, noise=options.image_noise)
    pattern = Pattern.of(shoot.board)

    def take(name: str) -> None:
        photographer = BoardPhotographer.of(shoot.cameras[name], pattern, 1.0)
        late = round(picture_fault(shoot.faults, "frame-offset", name) or 0.0)
        for frame in range(options.num_frames):
            rng = np.random.default_rng([options.seed, frame, int(name), 19])
            color = photographer.take(board_pose(shoot.board, frame + late, options), exposure, rng)
            if picture_fault(shoot.faults, "mirrored", name) is not None:
                color = color[:, ::-1]
            write_bytes(images / f"{frame:03d}" / f"{name}.jpg", encode_jpeg(color, options.jpeg_quality))
            advance()

    with ThreadPoolExecutor(options.threads or usable_cores()) as pool:
        list(pool.map(take, shoot.cameras))
