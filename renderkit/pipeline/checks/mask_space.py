"""Whether mattes are of pictures as taken or of undistorted ones."""

from __future__ import annotations

from itertools import islice
from typing import Final

import numpy as np

from renderkit.arrays import Points3
from renderkit.diagnosis.input_slips import covers_border
from renderkit.diagnosis.mask_space import RAW, UNDISTORTED, detect_mask_space
from renderkit.geometry.camera import Camera
from renderkit.images.mask_bits import MaskBits
from renderkit.pipeline.checks.subject import CheckKind, CheckSubject, read_or_none
from renderkit.pipeline.view_parts import draw_bits
from renderkit.results.capture_check import CaptureCheck, CheckVerdict

NAME: Final = "mask space"

_REMEDY = {
    RAW: "leave out --undistorted-mattes",
    UNDISTORTED: "add --undistorted-mattes, which undistorts the photographs alone and renders without distortion",
}


def _check_mask_space(subject: CheckSubject) -> CaptureCheck:
    mesh = read_or_none(subject.scored_mesh)
    if mesh is None:
        return CaptureCheck.skipped(NAME, "no mesh with faces can be rendered")
    cameras = [c for name in subject.cameras if (c := read_or_none(subject.capture.camera, name)) is not None]
    bent = [camera for camera in cameras if np.any(camera.distortion.coefficients)]
    if not bent:
        return CaptureCheck.skipped(NAME, "no lens has distortion, so raw and undistorted pictures are the same")
    # Those that bend most tell the two apart best.
    points = mesh.vertices[:: max(1, len(mesh.vertices) // 256)]
    bent.sort(key=lambda camera: -_bend_px(camera, points))
    masks = ((camera, _inside_of(subject, camera)) for camera in bent)
    with_mask = ((camera, mask) for camera, mask in masks if mask is not None and not covers_border(mask))
    views = list(islice(with_mask, subject.budget.num_views))
    choice = detect_mask_space(lambda camera: draw_bits(subject.renderer, mesh, camera), views)
    if choice.best is None:
        no_matte = "no view with lens distortion has a matte of an object"
        why = "the lens distortion does not move the mesh's outline" if views else no_matte
        return CaptureCheck.skipped(NAME, why)
    sentence = f"the mattes fit {choice.best} pictures: {choice}"
    if not choice.decided:
        sentence = f"mattes of raw and of undistorted pictures cannot be told apart here: {choice}"
    assumed = UNDISTORTED if subject.options.undistorted_mattes else RAW
    verdict: CheckVerdict = "ok" if choice.decided else "undecided"
    if choice.decided and choice.best != assumed:
        verdict = "warning"
        sentence += f"; they are scored as mattes of {assumed} pictures: {_REMEDY[choice.best]}"
    return CaptureCheck(
        NAME,
        verdict,
        choice.best,
        choice.margin,
        choice.margin_standard_error,
        "share of the outline",
        choice.decided,
        sentence,
    )


def _bend_px(camera: Camera, points: Points3) -> float:
    """Return how far the lens moves (N, 3) points, px; 0 where it maps none of them."""
    seen = camera.cam_from_world.apply(points)
    seen = seen[seen[:, 2] > 0.0]
    xy = seen[:, :2] / seen[:, 2:]
    xy = xy[camera.distortion.is_valid(xy)]
    moved = (camera.distortion.distort(xy) - xy) @ camera.K[:2, :2].T
    return float(np.sqrt((moved**2).sum(axis=1).max(initial=0.0)))


def _inside_of(subject: CheckSubject, camera: Camera) -> MaskBits | None:
    view = read_or_none(subject.capture.view, subject.frames[0], camera.name)
    mask = None if view is None or view.mask is None else view.mask
    found = None if mask is None else read_or_none(mask.decode_inside, subject.options.matte_threshold)
    return found.bits if found is not None and found.bits.shape == (camera.height, camera.width) else None


CHECK: Final = CheckKind(NAME, _check_mask_space)
