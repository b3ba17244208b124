"""Points and expected pixels that the tests of single formats share; OpenCV is the oracle."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera

POINTS = np.random.default_rng(3).uniform(-0.4, 0.4, (40, 3)) + np.array([0.05, -0.1, 3.0])
"""(40, 3) points in front of every sample camera."""

ROTATION: FloatArray = np.asarray(cv2.Rodrigues(np.array([0.05, -0.11, 0.2]))[0], dtype=np.float64)
"""(3, 3) camera-from-world rotation that is not symmetric."""

TRANSLATION = np.array([0.1, -0.2, 0.4])
"""(3,) camera-from-world translation."""

K = np.array([[701.25, 0.0, 321.5], [0.0, 699.75, 238.25], [0.0, 0.0, 1.0]])
"""(3, 3) intrinsics with OpenCV's pixel origin."""


def pinhole_pixels(K: FloatArray, rotation: FloatArray, translation: FloatArray, points: FloatArray) -> FloatArray:
    """Project by the closed form, without OpenCV and without renderkit."""
    seen = points @ rotation.T + translation
    image = seen @ K.T
    return np.asarray(image[:, :2] / image[:, 2:])


def brown_pixels(rotation: FloatArray, translation: FloatArray, lens: list[float], K: FloatArray = K) -> FloatArray:
    """Project POINTS by cv2.projectPoints."""
    pixels, _ = cv2.projectPoints(POINTS, cv2.Rodrigues(rotation)[0], translation, K, np.array(lens))
    return np.asarray(pixels[:, 0])


def fisheye_pixels(rotation: FloatArray, translation: FloatArray, lens: list[float], K: FloatArray = K) -> FloatArray:
    """Project POINTS by cv2.fisheye."""
    pixels, _ = cv2.fisheye.projectPoints(POINTS[:, None], cv2.Rodrigues(rotation)[0], translation, K, np.array(lens))
    return np.asarray(pixels[:, 0])


def worst(camera: Camera, pixels: FloatArray, points: FloatArray = POINTS) -> float:
    """Return the largest distance in px between a camera's projection of the points and the expected pixels."""
    return float(np.linalg.norm(camera.project(points) - pixels, axis=1).max())


def file_with(folder: Path, name: str, text: str) -> Path:
    """Write a text file and return its path."""
    (folder / name).write_text(text)
    return folder / name


def rows(matrix: FloatArray) -> str:
    """Return nested lists as JSON, YAML and TOML all read them."""
    return str(np.asarray(matrix).tolist())
