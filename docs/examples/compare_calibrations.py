"""Compare two calibrations of one rig in pixels, as stated and after the best common motion."""

import json
from pathlib import Path

import renderkit as rk

# The capture states a wrong rotation for camera 25. The truth is beside it.
stated = rk.read_rig("capture/0000_e0_anno.smc")
truth = json.loads(Path("capture/truth.json").read_text(encoding="utf-8"))["cameras"]["0"]
true = rk.Rig(
    {
        name: rk.Camera.from_opencv(
            one["K"], one["distortion"], rk.Pose.from_matrix(one["cam_from_world"]), (one["width"], one["height"]), name
        )
        for name, one in truth.items()
    },
    unit="m",
)

difference = rk.diff_rigs(true, stated)
for camera in difference.raw:
    print(f"camera {camera.camera}: {camera.max_px:8.4f} px, {camera.rotation_deg:.3f} degrees")
assert max(difference.raw, key=lambda one: one.max_px).camera == "25"
