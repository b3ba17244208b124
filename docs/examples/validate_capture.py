"""Validate a capture from Python: the table of the command line, the worst camera, the verdict."""

import renderkit as rk

report = rk.validate(
    "capture/0000_e0_anno.smc",
    gates=["reprojection_rms_px <= 1.5 px for 18-32", "median(iou) >= 95 %"],
    out="run",  # report.json, report.html, overlays
)
print(report)
print("worst:", report.worst)
print("passed:", report.passed)
print("camera 25: IoU", report.cameras["25"].iou)
assert not report.passed
