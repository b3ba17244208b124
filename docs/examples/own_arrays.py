"""Render and score without any file format: a mesh, a camera and a mask from NumPy arrays."""

import numpy as np

import renderkit as rk

# A square of 0.4 m at a distance of 2 m: 160 px wide in a camera with a focal length of 800 px.
corners = [[-0.2, -0.2, 2.0], [0.2, -0.2, 2.0], [0.2, 0.2, 2.0], [-0.2, 0.2, 2.0]]
mesh = rk.Mesh(np.array(corners), np.array([[0, 1, 2], [0, 2, 3]]))
camera = rk.Camera(np.array([[800.0, 0.0, 319.5], [0.0, 800.0, 239.5], [0.0, 0.0, 1.0]]), 640, 480)

captured = np.zeros((480, 640), dtype=bool)
captured[160:320, 242:402] = True  # where a segmentation found it: 2 px too far to the right

with rk.make_renderer() as renderer:
    score = rk.score_mask(renderer.render_mask(mesh, camera), captured)
print(f"rendered {score.rendered_px} px, captured {score.captured_px} px, IoU {score.iou:.4f}")
assert score.iou == 158 / 162
