"""An outline beyond the search's reach, against an ellipse that is turned and moved by known amounts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.diagnosis.outline_offsets import DrawnOutline
from renderkit.diagnosis.outline_reach import found_far, found_near
from renderkit.geometry.camera import Camera

SIZE = (400, 300)
CENTER, AXES = np.array([180.0, 150.0]), np.array([80.0, 45.0])
FINE = 8


def ellipse(center: np.ndarray, degrees: float) -> np.ndarray:
    """Alpha of a filled ellipse, each pixel's share of coverage."""
    fine = np.zeros((SIZE[1] * FINE, SIZE[0] * FINE), np.uint8)
    middle = (center + 0.5) * FINE - 0.5
    cv2.ellipse(fine, (middle.tolist(), (2 * FINE * AXES).tolist(), degrees), 255, -1)
    return np.asarray(cv2.resize(fine, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(("degrees", "shift"), [(0.0, (30.0, -12.0)), (14.0, (0.0, 0.0)), (14.0, (-25.0, 20.0))])
def test_offsets_and_normals_are_those_of_the_turned_and_moved_outline(
    degrees: float, shift: tuple[float, float]
) -> None:
    around = np.linspace(0.0, 2 * np.pi, 240, endpoint=False)
    circle = np.column_stack([np.cos(around), np.sin(around)])
    normals = circle / AXES
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    pixels = CENTER + AXES * circle
    outline = DrawnOutline(np.column_stack([pixels, np.ones(240)]), pixels, normals, np.zeros(240, np.int64))
    K = np.array([[500.0, 0, 200.0], [0, 500.0, 150.0], [0, 0, 1]])
    camera = Camera(K, *SIZE)
    matte, drawn = (ellipse(CENTER + shift, degrees), 0.5), ellipse(CENTER, 0.0) >= 128
    found = found_far(found_near(outline, camera, matte, drawn), camera, matte, drawn)
    turn = np.array(cv2.getRotationMatrix2D((0, 0), -degrees, 1.0))[:, :2]
    turned = normals @ turn.T
    np.testing.assert_allclose(found.outline.normals, turned, atol=0.02)
    expected = ((CENTER + shift + (AXES * circle) @ turn.T - pixels) * turned).sum(axis=1)
    assert np.median(np.abs(found.offsets_px - expected)) < 0.3
    assert found.missing < 0.01
