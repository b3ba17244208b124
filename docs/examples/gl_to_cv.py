"""Convert an OpenGL camera-to-world matrix (nerfstudio, Blender, pyrender) to a camera with OpenCV axes."""

import numpy as np

import renderkit as rk
from renderkit.geometry.conventions import gl_world_from_cam, pose_from_gl_world_from_cam

# The camera stands at z = 2 and looks along its own -z axis, at the origin. Its y axis points up.
world_from_cam = np.eye(4)
world_from_cam[2, 3] = 2.0

pose = pose_from_gl_world_from_cam(world_from_cam)
K = [[800.0, 0.0, 319.5], [0.0, 800.0, 239.5], [0.0, 0.0, 1.0]]
camera = rk.Camera.from_opencv(K, [], pose, (640, 480))

print(camera.project([[0.0, 0.0, 0.0], [0.0, 0.1, 0.0]]))  # the centre, and a point above it: a smaller v
assert camera.project([[0.0, 0.1, 0.0]])[0, 1] < 239.5
assert np.allclose(gl_world_from_cam(pose).matrix, world_from_cam)
