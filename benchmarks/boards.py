"""How well a board judges a rig: accuracy of the corners, faults found, innocent cameras accused, scale.

    python benchmarks/boards.py --photographs 8         corners of each kind of board, found in photographs
    python benchmarks/boards.py --noise-check 36        the simulated noise beside that of photographs
    python benchmarks/boards.py --simulated 100         faults in rigs whose corners are simulated

Rigs have 12 cameras of 1200 x 1000 px on an arc; a ChArUco board of 11 x 8 squares is carried through 20 frames. Every
fault is planted in each rig, on the same corners, and the poses are fitted anew. The noise of simulated corners is that
of the detector in photographs: Student's t about an offset that all corners of a picture share, some pictures better
than others; 3 % of the corners are missing. Photographs are taken by rays and looked through by OpenCV.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from renderkit.boards.board import Board
from renderkit.boards.detect import detect_board
from renderkit.boards.pattern import Pattern
from renderkit.boards.poses import BoardPoses, Sighting, estimate_poses, without_cameras
from renderkit.boards.spec import read_board
from renderkit.diagnosis.evidence.board_findings import findings_of
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.pose import Pose
from renderkit.pipeline.photograph_board import BoardPhotographer, Exposure

BOARD: Final = "charuco:11x8:0.020:0.015:DICT_5X5"
SPECS: Final = (BOARD, "chessboard:9x6:0.0245", "aprilgrid:6x6:0.030:0.3", "circles:4x11:0.02:asymmetric")


SMALL: Final = 0.997
"""Size of the board that is printed too small."""

SCALE_PX: Final = 0.038
DEGREES: Final = 3.0
PICTURES: Final = 0.45
OFFSET_PX: Final = 0.009
"""Noise of corners in photographs, on each axis: scale and degrees of freedom of Student's t, by how much the scale's
logarithm differs between pictures, and the offset of a picture. `--noise-check` shows it beside photographs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=0, help="photographs of each kind of board")
    parser.add_argument("--noise-check", type=int, default=0, help="photographs of the board of the rigs")
    parser.add_argument("--simulated", type=int, default=0, help="rigs for each fault")
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--noise", type=float, default=1.0, help="times the noise of photographs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--carried", type=float, default=0.12, help="how far the board is carried, m to each side")
    parser.add_argument("--faults", default=",".join(FAULTS))
    given = parser.parse_args()
    for spec in SPECS if given.photographs else ():
        print_corners(read_board(spec), given.photographs)
    if given.noise_check:
        print_noise(given)
    if given.simulated:
        print_faults(given)


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


def print_noise(given: argparse.Namespace) -> None:
    """Print quantiles of the distance of corners to the truth, found in photographs and simulated."""
    board, rng = read_board(BOARD), np.random.default_rng([given.seed, 5])
    cameras = make_rig(given.cameras, rng)
    pictures: list[np.ndarray] = []
    simulated: list[np.ndarray] = []
    while len(pictures) < given.noise_check:
        camera, pose = cameras[int(rng.integers(len(cameras)))], make_pose(board, rng)
        if not is_seen(camera, pose, board):
            continue
        color = BoardPhotographer.of(camera, Pattern.of(board), 1.0).take(pose, Exposure(), rng)
        truth = camera.project(pose.apply(board.points))
        found = detect_board(np.asarray(color @ [0.299, 0.587, 0.114]).round().astype(np.uint8), board) - truth
        found = found[np.isfinite(found[:, 0])]
        if len(found):
            pictures.append(found)
            simulated.append(make_noise(len(found), rng))
    for title, each in (("photographs", pictures), ("simulated", simulated)):
        distance = np.linalg.norm(np.concatenate(each), axis=1)
        shares = ", ".join(f"{100 * share:g} % {np.quantile(distance, share):.3f}" for share in (0.5, 0.9, 0.95, 0.99))
        offset = np.sqrt(np.mean([np.median(one, axis=0) ** 2 for one in each]))
        print(
            f"{title:12} {len(each)} pictures, {len(distance)} corners: {shares}, max {distance.max():.2f} px; "
            f"median of a picture {offset:.4f} px RMS on an axis"
        )


@dataclass
class Tally:
    """What was said of all rigs with one fault; `scales` are errors of the board's size, in standard errors."""

    rigs: int = 0
    found: int = 0
    innocent: int = 0
    told: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    effects: list[float] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)

    def line(self, name: str) -> str:
        """Return the line of the table."""
        words = f"{name:16} {self.rigs} rigs: found {self.found}, innocent accused in {self.innocent}"
        if self.effects:
            words += f"; effect {np.median(self.effects):.3f} px RMS, {min(self.effects):.3f} at least"
        if self.scales:
            spread = float(np.sqrt(np.mean(np.square(self.scales))))
            words += f"; another size told {self.told} times, off by {spread:.2f} standard errors RMS"
        return f"{words}; causes {dict(self.causes.most_common(3))}"


def print_faults(given: argparse.Namespace) -> None:
    """Plant every fault in every rig in turn, and print what was said."""
    board, tallies = read_board(BOARD), {name: Tally() for name in given.faults.split(",")}
    for run in range(given.simulated):
        rng = np.random.default_rng([given.seed, run, 41])
        cameras = make_rig(given.cameras, rng)
        chosen = cameras[int(rng.integers(len(cameras)))]
        sound = estimate_poses(make_sightings(cameras, board, given, 1.0, rng), board, 1.0)
        small = estimate_poses(make_sightings(cameras, board, given, SMALL, rng), board, 1.0)
        for name, tally in tallies.items():
            found = small if name == "small board" else sound
            if found is not None:
                count(tally, name, found, chosen)
    for name, tally in tallies.items():
        print(tally.line(name), flush=True)


def count(tally: Tally, name: str, found: BoardPoses, chosen: Camera) -> None:
    """Judge a rig with a fault in the camera that was chosen."""
    wrong = FAULTS[name](chosen)
    if wrong is not chosen:
        views = tuple(replace(one, camera=wrong) if one.camera is chosen else one for one in found.sightings)
        tally.effects.append(displaced(found.sightings, chosen, wrong))
        found = without_cameras(replace(found, sightings=views), ())
    else:
        tally.scales.append((found.fit.scale / (SMALL if name == "small board" else 1.0) - 1.0) / found.fit.scale_error)
    findings = findings_of(found, read_board(BOARD), "m")
    named = {one.camera: one for one in findings.off}
    guilty = {chosen.name} if wrong is not chosen else set()
    tally.rigs += 1
    tally.found += bool(guilty) and guilty <= set(named)
    tally.innocent += bool(set(named) - guilty)
    tally.told += any("differs in the rig from its stated size" in note for note in findings.notes)
    tally.causes.update(" or ".join(one.cannot_tell) for one in named.values())


def displaced(views: Sequence[Sighting], camera: Camera, wrong: Camera) -> float:
    """Return by how much a fault moves the corners that a camera saw, px RMS."""
    pixels = np.concatenate([one.pixels for one in views if one.camera is camera])
    pixels = pixels[np.isfinite(pixels[:, 0])]
    origin, rays = camera.unproject_world(pixels)
    return float(np.sqrt(np.nanmean(((wrong.project(origin + 1.3 * rays) - pixels) ** 2).sum(axis=1))))


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


def make_pose(board: Board, rng: np.random.Generator, size: float = 1.0, carried: float = 0.12) -> Pose:
    around = Pose.from_rotation_vector((0.0, -1.2 * np.pi * rng.uniform(), 0.0), np.zeros(3)).R
    turn = around @ Pose.from_rotation_vector(rng.normal(0.0, 0.3, 3), np.zeros(3)).R
    return Pose(turn, rng.uniform(-carried, carried, 3) - turn @ (board.middle * size))


def is_seen(camera: Camera, pose: Pose, board: Board, size: float = 1.0) -> bool:
    towards = camera.center_world - pose.apply(board.middle * size)
    return bool(-pose.R[:, 2] @ towards >= 0.3 * np.linalg.norm(towards))


def make_noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (N, 2) errors of the corners of one picture, px."""
    heavy = np.sqrt(DEGREES / rng.chisquare(DEGREES, (count, 1)))
    scale = SCALE_PX * np.exp(PICTURES * rng.normal())
    return rng.normal(0.0, OFFSET_PX, 2) + rng.normal(0.0, scale, (count, 2)) * heavy


def make_sightings(
    cameras: list[Camera], board: Board, given: argparse.Namespace, size: float, rng: np.random.Generator
) -> list[Sighting]:
    views = []
    for frame in range(given.frames):
        pose = make_pose(board, rng, size, given.carried)
        for camera in cameras:
            if is_seen(camera, pose, board, size):
                pixels = camera.project(pose.apply(board.points * size))
                pixels[~camera.in_image(pixels) | (rng.uniform(size=len(pixels)) < 0.03)] = np.nan
                views.append(Sighting(str(frame), camera, pixels + given.noise * make_noise(len(pixels), rng)))
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


def _bent(amount: float) -> Callable[[Camera], Camera]:
    def bend(camera: Camera) -> Camera:
        coefficients = camera.distortion.coefficients.copy()
        coefficients[0] += amount
        return replace(camera, distortion=make_distortion(coefficients))

    return bend


def _skewed(camera: Camera) -> Camera:
    coefficients = camera.distortion.coefficients.copy()
    coefficients[2] += 0.002
    return replace(camera, distortion=make_distortion(coefficients))


def _same(camera: Camera) -> Camera:
    return camera


FAULTS: Final[dict[str, Callable[[Camera], Camera]]] = {
    "clean": _same,
    "small board": _same,
    "principal point": _shifted,
    "focal length": _longer,
    "turn": _turned,
    "k1": _bent(0.03),
    "k1 of 0.3 px": _bent(0.1),
    "p1": _skewed,
}

if __name__ == "__main__":
    main()
