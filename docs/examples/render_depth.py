"""Render mask, depth and normals of a mesh into a calibrated camera, lens distortion included."""

import cv2
import numpy as np

import renderkit as rk

with rk.open_capture("capture/0000_e0_anno.smc") as capture, rk.make_renderer() as renderer:
    print("renderer:", renderer.info.device)
    scan = capture.frame("0").read_mesh("scan")
    camera = capture.camera("25")
    rendering = renderer.render(scan, camera, rk.RenderPass.NORMAL | rk.RenderPass.COLOR)

depth = rendering.depth  # (height, width), camera z in world units; +inf on the background
seen = rendering.mask
print(f"{seen.sum()} pixels, depth {depth[seen].min():.3f} to {depth[seen].max():.3f} m")

millimetres = np.where(seen, 1000.0 * depth, 0.0).round().astype(np.uint16)
cv2.imwrite("depth_mm.png", millimetres)
cv2.imwrite("shaded.png", np.asarray(rendering.color)[..., ::-1])
