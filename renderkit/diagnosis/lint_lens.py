"""Lint of the lens models: fold-over inside the image, and coefficients in another program's order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from renderkit.diagnosis.lint_finding import Finding
from renderkit.formats.format_capability import corner_pixels, folds_inside_image, lost_share
from renderkit.formats.wide_lens import angle_beyond_90
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera

TANGENTIAL_LARGE = 0.02
TANGENTIAL_USUAL = 0.01


def lint_lens(camera: Camera) -> Iterator[Finding]:
    """Yield findings about one camera's lens model."""
    yield from _fold_over(camera)
    yield from _beyond_90(camera)
    if isinstance(camera.distortion, BrownConrady):
        yield from _order(camera, camera.distortion)


def _fold_over(camera: Camera) -> Iterator[Finding]:
    # A fisheye curve that rises up to 90 degrees does not turn over there: `_beyond_90` tells of the rest.
    if np.isinf(camera.distortion.valid_radius) or not folds_inside_image(camera):
        return
    lost = lost_share(camera)
    lens = camera.distortion
    corners = corner_pixels(camera)
    missing = int(np.isnan(camera.unproject(corners)).any(axis=1).sum())
    reach = lens.valid_distorted_radius * float(camera.K[0, 0])
    farthest = float(np.max(np.linalg.norm(corners - camera.K[:2, 2], axis=1)))
    evidence = (
        f"the radial curve turns over at radius {lens.valid_radius:.4f} (undistorted), {reach:.0f} px from the centre; "
        f"the farthest corner is at {farthest:.0f} px: no ray reaches {missing} of 4 corner pixels and "
        f"{100.0 * lost:.2f}% of the image"
    )
    advice = (
        "points beyond that radius fold back into the picture in plain OpenCV: cull them (renderkit does), leave those "
        "pixels out of scores, or calibrate again with fewer radial coefficients"
    )
    values = {
        "valid_radius": lens.valid_radius,
        "valid_radius_px": reach,
        "corner_px": farthest,
        "corners_lost": float(missing),
        "lost_share": lost,
    }
    yield Finding("error", "fold-over", camera.name, evidence, advice, values)


def _beyond_90(camera: Camera) -> Iterator[Finding]:
    lens = camera.distortion
    if lens.model != "kannala_brandt":
        return
    angle = angle_beyond_90(camera.K, camera.size, lens.coefficients.tolist())
    if angle is None:
        return
    evidence = (
        f"the fisheye picture reaches {angle:.0f} degrees from the axis; what lies beyond 90 degrees is not drawn"
    )
    advice = "leave the rim out of scores, or crop the picture to what lies within 90 degrees"
    yield Finding("warning", "beyond-90-degrees", camera.name, evidence, advice, {"angle_deg": angle})


def _order(camera: Camera, lens: BrownConrady) -> Iterator[Finding]:
    """Tangential terms are small in every real lens; large ones that shrink in another order give the order away."""
    k1, k2, p1, p2, k3 = lens.padded[:5].tolist()
    if max(abs(p1), abs(p2)) <= TANGENTIAL_LARGE:
        return
    evidence = f"tangential coefficients p1 = {p1:.4g}, p2 = {p2:.4g} are far larger than any lens's (about 0.001)"
    values = {"k1": k1, "k2": k2, "p1": p1, "p2": p2, "k3": k3}
    # Read as k1 k2 p1 p2 k3, the orders k1 k2 k3 p1 p2 and p1 p2 k1 k2 k3 put the tangential terms elsewhere.
    for name, others in (("k1 k2 k3 p1 p2", (p2, k3)), ("p1 p2 k1 k2 k3", (k1, k2))):
        if max(abs(value) for value in others) <= TANGENTIAL_USUAL:
            advice = f"the file's order is probably {name}; OpenCV's is k1 k2 p1 p2 k3"
            yield Finding("error", "distortion-order", camera.name, evidence, advice, values)
            return
    advice = "check the order of the coefficients; OpenCV's is k1 k2 p1 p2 k3"
    yield Finding("warning", "distortion-tangential", camera.name, evidence, advice, values)
