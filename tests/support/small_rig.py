"""One rig of six cameras that look at the origin, with its pixels by OpenCV, for tests of how files spell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from renderkit.arrays import FloatArray
from renderkit.formats import read_raw_rig

POINTS = np.random.default_rng(5).uniform(-0.1, 0.1, (30, 3))
LENS = [-0.05, 0.02, 0.001, -0.0007, 0.003]
SIZE = (640, 480)


@dataclass(frozen=True)
class View:
    """One camera of the rig."""

    name: str
    K: FloatArray
    R: FloatArray
    center: FloatArray

    @property
    def t(self) -> FloatArray:
        """Translation, world-to-camera."""
        return np.asarray(-self.R @ self.center)

    @property
    def world_to_camera(self) -> FloatArray:
        """(4, 4) matrix."""
        return np.vstack([np.column_stack([self.R, self.t]), [0.0, 0.0, 0.0, 1.0]])

    def pixels(self, lens: list[float] | None = None) -> FloatArray:
        """Project the points by OpenCV."""
        vector = cv2.Rodrigues(self.R)[0]
        return np.asarray(cv2.projectPoints(POINTS, vector, self.t, self.K, np.array(lens or [0.0] * 5))[0][:, 0])


def view(index: int) -> View:
    """Return a camera on an arc around the origin, at which it looks."""
    angle = 0.6 * index - 1.5
    center = np.array([1.1 * np.sin(angle), 0.1 * np.cos(3 * index), -1.1 * np.cos(angle)])
    forward = -center / np.linalg.norm(center)
    right = np.cross([0.05 * index, 1.0, 0.02], forward)
    right /= np.linalg.norm(right)
    K = np.array([[700.0 + 13 * index, 0.0, 322.8 + index], [0.0, 702.5 + 13 * index, 237.4 - index], [0, 0, 1]])
    return View(f"{index:02d}", K, np.array([right, np.cross(forward, right), forward]), center)


VIEWS = tuple(view(index) for index in range(6))


def quaternion(R: FloatArray, order: str) -> list[float]:
    """Return a quaternion of negative w and of length 2."""
    vector = cv2.Rodrigues(R)[0].ravel()
    angle = float(np.linalg.norm(vector))
    parts = dict(zip("xyz", np.sin(angle / 2) * vector / angle, strict=True), w=np.cos(angle / 2))
    return [-2.0 * float(parts[one]) for one in order]


def check(path: Path, lens: list[float] | None, names: Callable[[View], str] = lambda one: one.name) -> tuple[str, ...]:
    """Read the rig, compare its pixels, and return the reader's notes."""
    raw = read_raw_rig(path, size=SIZE)
    rig = raw.to_rig()
    assert list(rig.cameras) == [names(one) for one in VIEWS]
    for one in VIEWS:
        assert np.abs(rig[names(one)].project(POINTS) - one.pixels(lens)).max() < 1e-6
    return raw.notes


def stored(path: Path, values: Mapping[str, Any]) -> Path:
    """Write a file by OpenCV's FileStorage, maps in it included."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)

    def put(values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, Mapping):
                storage.startWriteStruct(key, cv2.FileNode_MAP)
                put(value)
                storage.endWriteStruct()
            else:
                storage.write(key, value)

    put(values)
    storage.release()
    return path
