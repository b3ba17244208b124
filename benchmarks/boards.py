"""How well a board judges a rig: accuracy of the corners, faults found, innocent cameras accused, scale.

    python benchmarks/boards.py            corners of simulated detections, a few seeds
    python benchmarks/boards.py --rigs 100 --frames 20 --cameras 12

Detections are simulated: 12 cameras on an arc, a ChArUco board of 11 x 8 squares carried through, noise of 0.1 px on
each axis, 3 % of the corners missing. Photographs, `--photographs N`, are taken by rays and looked through by OpenCV.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from renderkit.boards.board import Board
from renderkit.boards.detect import detect_board
from renderkit.boards.pattern import Pattern
from renderkit.boards.poses import Sighting, estimate_poses
from renderkit.boards.spec import read_board
from renderkit.diagnosis.evidence.board_cameras import judge_cameras
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.pose import Pose
from renderkit.pipeline.photograph_board import BoardPhotographer, Exposure

BOARD: Final = "charuco:11x8:0.020:0.015:DICT_5X5"
SPECS: Final = (BOARD, "chessboard:9x6:0.0245", "aprilgrid:6x6:0.030:0.3", "circles:4x11:0.02:asymmetric")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rigs", type=int, default=10)
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--photographs", type=int, default=4)
    parser.add_argument("--faults", default=",".join(FAULTS))
    given = parser.parse_args()
    for spec in SPECS if given.photographs else ():
        print_corners(read_board(spec), given.photographs)
    for name in given.faults.split(","):
        print_faults(name, given)


def print_corners(board: Board, count: int) -> None:
    rng = np.random.default_rng(0)
    distance = 2.2 * float(np.linalg.norm(np.ptp(board.points, axis=0)))
    camera = Camera.look_at((0, 0, -distance), (0, 0, 0), size=(800, 600), fov_deg=40, up=(0, -1, 0))
    camera = replace(camera, distortion=make_distortion([-0.2, 0.08, 0.001, -0.0005, 0.0]))
    photographer = BoardPhotographer.of(camera, Pattern.of(board), 1.0)
    errors, found = [], 0
    for _ in range(count):
        turn = Pose.from_rotation_vector(rng.normal(0.0, 0.35, 3), np.zeros(3)).R
        turn = turn @ np.diag([1.0, -1.0, -1.0]) if board.is_y_up else turn
        pose = Pose(turn, -turn @ board.middle + rng.normal(0.0, 0.05 * distance, 3))
        color = photographer.take(pose, Exposure(), rng)
        pixels = detect_board(np.asarray(color @ [0.299, 0.587, 0.114]).round().astype(np.uint8), board)
        truth = camera.project(pose.apply(board.points))
        distances = [np.linalg.norm(pixels - truth[order], axis=1) for order in board.symmetries]
        best = min((each[np.isfinite(each)] for each in distances), key=lambda each: each.sum())
        found += bool(len(best))
        errors.append(best)
    every = np.concatenate(errors)
    print(
        f"{board.spec:48} found in {found} of {count} photographs, {len(every)} points: median {np.median(every):.3f} "
        f"px, 95 % {np.quantile(every, 0.95):.3f}, max {every.max():.3f}"
    )


def print_faults(name: str, given: argparse.Namespace) -> None:
    board, hits, innocent, causes, scales = read_board(BOARD), 0, 0, Counter[str](), []
    for seed in range(given.rigs):
        rng = np.random.default_rng([seed, 41])
        cameras = make_rig(given.cameras, rng)
        size = 0.997 if name == "small board" else 1.0
        views = make_sightings(cameras, board, given, size, rng)
        chosen = cameras[int(rng.integers(len(cameras)))]
        wrong = {camera.name: camera for camera in cameras} | {chosen.name: FAULTS[name](chosen)}
        found = estimate_poses([replace(one, camera=wrong[one.camera.name]) for one in views], board, 1.0)
        if found is None:
            continue
        named = judge_cameras(found).findings
        hits += chosen.name in {one.camera for one in named} and name not in CLEAN
        innocent += bool({one.camera for one in named} - ({chosen.name} if name not in CLEAN else set()))
        causes.update(" or ".join(one.cannot_tell) for one in named)
        scales.append((found.fit.scale / size - 1.0) / found.fit.scale_error)
    spread = float(np.sqrt(np.mean(np.square(scales))))
    print(
        f"{name:20} {given.rigs} rigs: found {hits}, innocent accused in {innocent}; scale off by {spread:.2f} of its "
        f"standard errors RMS; causes {dict(causes.most_common(3))}"
    )


def make_rig(count: int, rng: np.random.Generator) -> list[Camera]:
    cameras = []
    for index in range(count):
        turn = 1.2 * np.pi * index / count
        eye = (1.3 * np.sin(turn), (-0.3, 0.1, 0.45)[index % 3], -1.3 * np.cos(turn))
        camera = Camera.look_at(
            eye, rng.normal(0.0, 0.02, 3), size=(1200, 1000), fov_deg=30, up=(0, -1, 0), name=f"{index:02d}"
        )
        lens = make_distortion([-0.15 + 0.02 * rng.normal(), 0.05, 5e-4, -5e-4, 0.0])
        cameras.append(replace(camera, distortion=lens))
    return cameras


def make_sightings(
    cameras: list[Camera], board: Board, given: argparse.Namespace, size: float, rng: np.random.Generator
) -> list[Sighting]:
    views = []
    for frame in range(given.frames):
        around = Pose.from_rotation_vector((0.0, -1.2 * np.pi * rng.uniform(), 0.0), np.zeros(3)).R
        turn = around @ Pose.from_rotation_vector(rng.normal(0.0, 0.3, 3), np.zeros(3)).R
        pose = Pose(turn, rng.uniform(-0.12, 0.12, 3) - turn @ (board.middle * size))
        for camera in cameras:
            towards = camera.center_world - pose.apply(board.middle * size)
            if -pose.R[:, 2] @ towards < 0.3 * np.linalg.norm(towards):
                continue
            pixels = camera.project(pose.apply(board.points * size))
            pixels[~camera.in_image(pixels) | (rng.uniform(size=len(pixels)) < 0.03)] = np.nan
            views.append(Sighting(str(frame), camera, pixels + rng.normal(0.0, given.noise, pixels.shape)))
    return views


def _shifted(camera: Camera) -> Camera:
    intrinsics = camera.K.copy()
    intrinsics[:2, 2] += (0.24, 0.18)
    return replace(camera, K=intrinsics)


def _longer(camera: Camera) -> Camera:
    intrinsics = camera.K.copy()
    intrinsics[[0, 1], [0, 1]] *= 1.002
    return replace(camera, K=intrinsics)


def _turned(camera: Camera) -> Camera:
    turn = Pose.from_rotation_vector((0.0, np.radians(0.05), 0.0), np.zeros(3))
    return replace(camera, cam_from_world=turn @ camera.cam_from_world)


def _bent(camera: Camera) -> Camera:
    coefficients = camera.distortion.coefficients.copy()
    coefficients[0] += 0.03
    return replace(camera, distortion=make_distortion(coefficients))


def _same(camera: Camera) -> Camera:
    return camera


CLEAN: Final = {"clean", "small board"}
FAULTS: Final[dict[str, Callable[[Camera], Camera]]] = {
    "clean": _same,
    "small board": _same,
    "principal point": _shifted,
    "focal length": _longer,
    "turn": _turned,
    "k1": _bent,
}

if __name__ == "__main__":
    main()
