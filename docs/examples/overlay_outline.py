"""Draw the rendered outline and the captured one over a photograph."""

import cv2
import numpy as np

import renderkit as rk

with rk.open_capture("capture/0000_e0_anno.smc") as capture, rk.make_renderer() as renderer:
    view = capture.view("0", "25")
    assert view.image is not None
    assert view.mask is not None
    rendered = renderer.render_mask(capture.frame("0").read_mesh("scan"), view.camera)
    captured = view.mask.decode_gray() >= 128
    picture = np.ascontiguousarray(view.image.decode_color()[..., ::-1])

for mask, color in ((captured, (0, 255, 0)), (rendered, (255, 0, 255))):
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, color, 1)
cv2.imwrite("outline.png", picture)
print("green: captured, magenta: rendered; see outline.png")
