"""A projection test: do the camera's pixels agree with OpenCV's?"""

import cv2
import numpy as np

import renderkit as rk

K = [[4700.0, 0.0, 1224.0], [0.0, 4700.0, 1024.0], [0.0, 0.0, 1.0]]
distortion = [-0.05, -0.1, 0.0005, -0.0003, 0.02]
pose = rk.Pose.from_rotation_vector([0.1, -0.2, 0.05], [0.0, 0.0, 1.2])
camera = rk.Camera.from_opencv(K, distortion, pose, (2448, 2048))

points = np.random.default_rng(0).uniform(-0.1, 0.1, (100, 3))
pixels = camera.project(points)  # (100, 2); NaN where a point has no projection

expected, _ = cv2.projectPoints(points, pose.rotation_vector, pose.t, camera.K, np.array(distortion))
error_px = np.linalg.norm(pixels - expected.reshape(-1, 2), axis=1)
print(f"largest difference: {error_px.max():.1e} px")
assert error_px.max() < 1e-9
