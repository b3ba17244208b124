"""Score a rendered mask against a captured one: overlap and outline."""

import renderkit as rk

with rk.open_capture("capture/0000_e0_anno.smc") as capture, rk.make_renderer() as renderer:
    scan = capture.frame("0").read_mesh("scan")
    print("camera     IoU  contained   F 2px")
    for view in capture.views("0"):
        assert view.mask is not None
        rendered = renderer.render_mask(scan, view.camera)
        captured = view.mask.decode_gray() >= 128
        overlap, outline = rk.score_mask(rendered, captured), rk.score_boundary(rendered, captured)
        print(f"{view.camera.name:>6} {overlap.iou:7.4f} {overlap.precision:10.4f} {outline.f:7.4f}")
