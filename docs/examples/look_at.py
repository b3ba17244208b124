"""A camera without a calibration file, for tests: a position, a target and a field of view."""

import numpy as np

import renderkit as rk

camera = rk.Camera.look_at((0.0, 0.0, -2.0), (0.0, 0.0, 0.0), (640, 480), fov_deg=60.0)
pixel = rk.project(camera, (0.0, 0.0, 0.0))  # (3,) points give (2,) pixels
print(pixel)
assert np.allclose(pixel, (319.5, 239.5))
