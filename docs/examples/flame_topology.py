"""Give faces to FLAME vertices, which captures store without them, and render the fitted head."""

import renderkit as rk

# With a real capture: the official model (generic_model.pkl), head_template.obj, or an .npz with `faces`.
with (
    rk.open_capture("capture/0000_e0_anno.smc", flame="capture/flame_topology.npz") as capture,
    rk.make_renderer() as renderer,
):
    frame = capture.frame("0")
    head = frame.read_mesh("flame")
    print(f"{len(head.vertices)} vertices, {len(head.faces)} faces")
    view = capture.view("0", "28")
    assert view.mask is not None
    score = rk.score_mask(renderer.render_mask(head, view.camera), view.mask.decode_gray() >= 128)

# The head has no hair and no shoulders, the matte has: containment says whether it fits, IoU does not.
print(f"containment {score.precision:.4f}, IoU {score.iou:.4f}")
assert score.precision > 0.98
