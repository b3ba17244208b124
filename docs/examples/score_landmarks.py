"""Score detected landmarks against projected ones: bias, median, RMS."""

import numpy as np

import renderkit as rk

rig = rk.read_rig("capture/0000_e0_anno.smc")
rng = np.random.default_rng(0)
points = rng.uniform(-0.08, 0.08, (68, 3))  # in world units, near the point where the cameras look

predicted = rig["25"].project(points)
detected = predicted + np.array([1.5, 0.0]) + rng.normal(0.0, 0.3, predicted.shape)  # a detector that is off by 1.5 px
detected[5] = np.nan  # not detected

used = np.isfinite(detected).all(axis=1)
score = rk.score_reprojection(predicted, detected, used, np.zeros(68, dtype=bool))
print(
    f"{score.num_used} used, bias {score.bias_px.round(2)} px, median {score.median_px:.2f}, RMS {score.rms_px:.2f} px"
)
assert abs(score.bias_px[0] + 1.5) < 0.2  # residuals are predicted minus detected
