"""A small rig around a board, with detections that are simulated or seen in photographs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from renderkit.boards.board import Board
from renderkit.boards.poses import Sighting
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.pose import Pose


def make_cameras(count: int) -> list[Camera]:
    cameras = []
    for index in range(count):
        turn = 1.0 * np.pi * index / count - 0.4 * np.pi
        eye = (1.3 * np.sin(turn), (-0.3, 0.1, 0.45)[index % 3], -1.3 * np.cos(turn))
        camera = Camera.look_at(eye, (0, 0, 0), size=(1200, 1000), fov_deg=30, up=(0, -1, 0), name=str(index))
        cameras.append(replace(camera, distortion=make_distortion([-0.15, 0.05, 5e-4, -5e-4, 0.0])))
    return cameras


def make_poses(board: Board, count: int, size: float = 1.0) -> dict[str, Pose]:
    rng = np.random.default_rng(3)
    poses = {}
    for frame in range(count):
        turn = Pose.from_rotation_vector(rng.normal(0.0, 0.25, 3), np.zeros(3)).R
        poses[str(frame)] = Pose(turn, rng.uniform(-0.08, 0.08, 3) - turn @ (board.middle * size))
    return poses


def make_sightings(
    cameras: list[Camera], board: Board, poses: dict[str, Pose], *, noise: float = 0.1, size: float = 1.0
) -> list[Sighting]:
    rng = np.random.default_rng(5)
    views = []
    for frame, pose in poses.items():
        for camera in cameras:
            pixels = camera.project(pose.apply(board.points * size))
            pixels[~camera.in_image(pixels)] = np.nan
            views.append(Sighting(frame, camera, pixels + rng.normal(0.0, noise, pixels.shape)))
    return views
