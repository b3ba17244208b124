"""The eliminated normal equations against one dense system of all rows and all unknowns."""

from __future__ import annotations

import numpy as np
import pytest
from joint_rigs import REALISTIC, Conditions, joint_evidence

from renderkit.diagnosis.joint.noise import noise_of
from renderkit.diagnosis.joint.normal_equations import layout_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.solve import Precisions, solve

MIXED = Conditions(0.5, bias_px=0.5, mattes=True, marked=0.6)
OUTLINES = Conditions(mattes=True, landmarks=False)


def rows_of(seen: Observations, camera: int, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of a view by its camera's numbers, its shift and all that is shared, and errors: landmarks first."""
    layout, known = layout_of(seen), seen.known[camera, frame]
    rows, errors = [], []
    for mark in np.flatnonzero(known):
        for axis in range(2):
            row = np.zeros(seen.num_local + 2 + layout.size)
            row[: seen.num_local] = seen.by_camera[camera, frame, mark, axis]
            row[seen.num_local + axis] = 1.0
            shared = row[seen.num_local + 2 :]
            shared[6 * frame : 6 * frame + 6] = seen.by_pose[camera, frame, mark, axis]
            own = shared[layout.marks][7 * mark : 7 * mark + 7]
            own[:3] = seen.by_point[camera, frame, mark, axis]
            own[[3 + axis, 5 + axis]] = seen.bias[camera, frame]
            rows.append(row)
            errors.append(seen.errors[camera, frame, mark, axis])
    for sample in np.flatnonzero(seen.offset_known[camera, frame]):
        row = np.zeros(seen.num_local + 2 + layout.size)
        row[: seen.num_local] = seen.offset_by_camera[camera, frame, sample]
        shared = row[seen.num_local + 2 :]
        shared[layout.meshes][7 * frame : 7 * frame + 7] = seen.offset_by_mesh[camera, frame, sample]
        shared[layout.shapes] = seen.offset_by_shape[camera, frame, sample]
        rows.append(row)
        errors.append(seen.offsets[camera, frame, sample])
    return np.array(rows).reshape(len(rows), seen.num_local + 2 + layout.size), np.array(errors)


@pytest.mark.parametrize("conditions", [REALISTIC, MIXED, OUTLINES])
def test_the_eliminated_system_is_the_dense_one(conditions: Conditions) -> None:
    rng = np.random.default_rng(4)
    seen = observe(joint_evidence(rng, conditions, cameras=5, frames=2, landmarks=12))
    assert seen is not None
    noise = noise_of(seen, seen.errors, seen.offsets, 0.3)
    layout, count, own = layout_of(seen), len(seen.names), seen.num_local
    priors = Precisions(rng.uniform(0.5, 4.0, (count, own)), 3.0, rng.uniform(10.0, 1e3, layout.size))
    found = solve(seen, noise, priors)

    each = own + 2 * seen.num_frames
    size = count * each + layout.size
    normal, right = np.zeros((size, size)), np.zeros(size)
    for camera in range(count):
        for frame in range(seen.num_frames):
            rows, errors = rows_of(seen, camera, frame)
            start = camera * each
            shift = start + own + 2 * frame
            at = np.r_[start : start + own, shift : shift + 2, count * each : size]
            marks = np.flatnonzero(seen.known[camera, frame])
            samples = np.flatnonzero(seen.offset_known[camera, frame])
            weights = np.r_[
                np.repeat(noise.weights[camera, frame, marks], 2), noise.offset_weights[camera, frame, samples]
            ]
            errors[: 2 * len(marks)] += noise.steps[camera, frame, marks].ravel()
            normal[np.ix_(at, at)] += (rows * weights[:, None]).T @ rows
            right[at] += rows.T @ (weights * errors)
        normal[np.arange(camera * each, camera * each + own), np.arange(camera * each, camera * each + own)] += (
            priors.cameras[camera]
        )
        views = np.arange(camera * each + own, (camera + 1) * each)
        normal[views, views] += priors.shift
    shared = np.arange(count * each, size)
    normal[shared, shared] += priors.shared
    covariance = np.linalg.inv(normal)
    values = covariance @ right

    for camera in range(count):
        at = slice(camera * each, camera * each + own)
        np.testing.assert_allclose(found.thetas[camera], values[at], atol=1e-7)
        np.testing.assert_allclose(found.covariances[camera], covariance[at, at], atol=1e-7)
        shifts = values[at.stop : (camera + 1) * each].reshape(seen.num_frames, 2)
        np.testing.assert_allclose(found.shifts[camera], shifts, atol=1e-7)
        for frame in range(seen.num_frames):
            rows, errors = rows_of(seen, camera, frame)
            known = np.r_[values[at], shifts[frame], values[count * each :]]
            left = np.r_[
                found.residuals[camera, frame][seen.known[camera, frame]].ravel(),
                found.offsets[camera, frame][seen.offset_known[camera, frame]],
            ]
            np.testing.assert_allclose(left, errors - rows @ known, atol=1e-7)
    np.testing.assert_allclose(found.shared, values[count * each :], atol=1e-7)
    np.testing.assert_allclose(found.spread, covariance[count * each :, count * each :], atol=1e-9)
