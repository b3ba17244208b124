"""Distort and undistort: project and unproject are exact inverses up to the lens model's valid radius."""

import numpy as np

import renderkit as rk

rig = rk.read_rig("capture/0000_e0_anno.smc")
camera = rig["25"]
print("coefficients:", camera.distortion.coefficients)
print(f"valid up to {camera.distortion.valid_radius:.3f} (undistorted radius, focal length 1)")

columns, rows = np.meshgrid(np.arange(0, camera.width, 20.0), np.arange(0, camera.height, 20.0))
pixels = np.column_stack([columns.ravel(), rows.ravel()])
rays = camera.unproject(pixels)  # (N, 3) points at depth 1; NaN for pixels that no ray reaches
error_px = np.abs(camera.project_cam(rays) - pixels)

print(f"{len(pixels)} pixels, {np.isnan(rays[:, 0]).sum()} without a ray, largest error {np.nanmax(error_px):.1e} px")
assert np.nanmax(error_px) < 1e-9
