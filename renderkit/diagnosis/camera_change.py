"""A camera whose calibration is changed by the joint model's eleven parameters, and what is left of their error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from renderkit.arrays import FloatArray, as_array
from renderkit.diagnosis.joint.parameters import NUM, PARAMETERS
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.formats.as_stated import raw_from_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import Distortion, KannalaBrandt, make_distortion
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.geometry.similarity import Similarity

_K1 = PARAMETERS.index("k1")


def changed_camera(camera: Camera, parameters: FloatArray) -> Camera:
    """Return the camera with (11,) parameters added, in the units of `joint.parameters.PARAMETERS`.

    A camera-frame point Y becomes exp(turn) Y + step. Focal lengths are multiplied by exp(log_focal +- log_aspect / 2),
    the skew with fx. k1 is added to the first coefficient of the lens.

    Raises:
        ValueError: If the shape is wrong, or the changed camera is invalid.
    """
    amounts = as_array(parameters, np.float64, (NUM,), "parameters")
    moved = Pose.from_rotation_vector(amounts[:3], amounts[3:6]) @ camera.cam_from_world
    intrinsics = camera.K.copy()
    intrinsics[0, :2] *= np.exp(amounts[6] + 0.5 * amounts[10])
    intrinsics[1, :2] *= np.exp(amounts[6] - 0.5 * amounts[10])
    intrinsics[:2, 2] += amounts[7:9]
    lens = _bent(camera.distortion, float(amounts[_K1])) if amounts[_K1] else camera.distortion
    return replace(camera, K=intrinsics, cam_from_world=moved, distortion=lens)


def _bent(lens: Distortion, k1: float) -> Distortion:
    coefficients = lens.coefficients.copy() if lens.coefficients.size else np.zeros(4)
    coefficients[0] += k1
    return KannalaBrandt(coefficients) if isinstance(lens, KannalaBrandt) else make_distortion(coefficients)


def with_cameras(evidence: RigEvidence, cameras: Mapping[str, Camera], *, keep_outlines: bool = False) -> RigEvidence:
    """Return the evidence with some cameras replaced.

    Args:
        evidence: Views of the rig.
        cameras: The new cameras by name.
        keep_outlines: Outlines hold for the new cameras; else they were drawn by the ones before, and go.
    """
    raw = {name: raw_from_rig(Rig({name: camera})).cameras[0] for name, camera in cameras.items()}
    views = (
        replace(view, camera=raw[view.camera.name], outline=view.outline if keep_outlines else None)
        if view.camera.name in raw
        else view
        for view in evidence.views
    )
    return RigEvidence(tuple(views))


def moved_view(view: ViewEvidence, own: Camera, other: Camera, motion: Similarity) -> ViewEvidence:
    """Return a view's evidence in another calibration's world, its outline measured against the other camera.

    To first order: the drawn outline moves with its points' projections. The mesh is left out.

    Args:
        view: Evidence by its own camera.
        own: That camera.
        other: The same camera in the other calibration.
        motion: From the own world to the other.
    """
    points = None if view.points_world is None else motion.apply(view.points_world)
    outline = view.outline
    if outline is not None:
        there = motion.apply(outline.points_world)
        drawn = [one if view.matte_is_bent else one.undistorted() for one in (own, other)]
        shift = drawn[1].project(there) - drawn[0].project(outline.points_world)
        offsets = outline.offsets_px - (shift * outline.normals).sum(axis=1)
        outline = replace(outline, points_world=there, offsets_px=offsets)
    return replace(view, points_world=points, vertices=None, faces=None, outline=outline)


def largest_rms(derivatives: FloatArray, covariance: FloatArray, normal_point: float = 1.645) -> float:
    """Return the RMS displacement that a parameter error stays below with 95 % probability.

    The mean square of the displacements is a quadratic form of normal variables; it is matched by a scaled chi-square
    (Satterthwaite 1946) whose quantile is Wilson and Hilferty's.

    Args:
        derivatives: (N, 2, 11) displacement by the parameters.
        covariance: (11, 11) of the parameters' error.
        normal_point: The normal distribution's quantile; 1.645 for 95 %.
    """
    square = np.einsum("nka,nkb->ab", derivatives, derivatives) / len(derivatives)
    spread = square @ covariance
    mean = float(np.trace(spread))
    if mean <= 0.0:
        return 0.0
    part = 2.0 * float(np.trace(spread @ spread)) / (9.0 * mean**2)
    return float(np.sqrt(mean * (1.0 - part + normal_point * np.sqrt(part)) ** 3))
