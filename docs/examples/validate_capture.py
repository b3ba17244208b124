"""Validate a capture from Python: one row per camera, and the camera that stands out."""

from pathlib import Path

import renderkit as rk

with rk.open_capture("capture/0000_e0_anno.smc") as capture, rk.make_renderer() as renderer:
    rows = list(rk.validate(capture, renderer))

for row in rows:
    scores = row.scores
    iou = scores.mask.iou if scores.mask is not None else float("nan")
    rms_px = scores.reprojection.rms_px if scores.reprojection is not None else float("nan")
    print(f"camera {row.key.camera}: IoU {iou:.4f}, landmarks {rms_px:.2f} px RMS")

run = Path("run")
run.mkdir(exist_ok=True)
print("written:", rk.write_report(rk.Report(tuple(rows)), run))
