"""A matte that is too large, or a focal length that is wrong: which explains the rows of one camera better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.shifts import HUBER_PX, PER_CAMERA, Fit, Rows, rows_of

_ITERATIONS = 15


def edge_or_size(frames: Sequence[Frame], fit: Fit, camera: int) -> tuple[Literal["matte edge", "focal length"], float]:
    """Return the cause with the smaller robust loss, and its amount: px, or relative error of the focal length.

    Both are fitted together with a shift. A matte that is too large moves its contour outwards by the same px
    everywhere; a focal length that is too small, in proportion to the distance from the picture's middle.
    """
    found = [_columns(frame, fit, rows_of([slacks], len(fit.shifts)), camera) for frame, slacks in
             zip(frames, fit.slacks, strict=True) if camera in frame.present]  # fmt: skip
    slack = np.concatenate([one[0] for one in found])
    columns = np.concatenate([one[1] for one in found])
    edge_loss, edge = _fitted(slack, columns[:, [0, 1, 2]])
    size_loss, size = _fitted(slack, columns[:, [0, 1, 3]])
    if size_loss < edge_loss:
        return "focal length", float(size[2])
    return "matte edge", float(edge[2])


def _columns(frame: Frame, fit: Fit, rows: Rows, camera: int) -> tuple[FloatArray, FloatArray]:
    """Return the camera's rows without its own part, and their (n, 4) derivatives by shift, edge and scale."""
    hit = ((rows.index >= PER_CAMERA * camera) & (rows.index < PER_CAMERA * (camera + 1))).any(axis=1)
    index, value, slack = rows.index[hit], rows.value[hit], rows.slack[hit]
    others = fit.solution.copy()
    others[PER_CAMERA * camera : PER_CAMERA * (camera + 1)] = 0.0
    slack = slack + np.where(index >= 0, value * others[index], 0.0).sum(axis=1)
    columns = np.zeros((len(slack), 4))
    for a in range(PER_CAMERA):
        columns[:, a] = np.where(index == PER_CAMERA * camera + a, value, 0.0).sum(axis=1)
    lens = frame.camera(camera)
    middle = lens.K[:2, 2]
    places = np.empty((len(slack), 2))
    for contour in np.unique(rows.camera[hit]):
        mine = rows.camera[hit] == contour
        points = rows.points[hit][mine]
        if contour == camera:
            places[mine] = points
            continue
        e, M = frame.relations(int(contour), fit.applied)
        rays = np.column_stack([points, np.ones(len(points))]) @ M[camera].T
        seen = e[camera] + rows.depth[hit][mine, None] * rays
        places[mine] = seen[:, :2] / seen[:, 2:]
    columns[:, 3] = ((places - middle) * columns[:, :2]).sum(axis=1)
    return slack, columns


def _fitted(slack: FloatArray, columns: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean robust loss and the amounts."""
    amounts = np.zeros(columns.shape[1])
    ridge = 1e-6 * np.diag((columns**2).sum(axis=0)) + 1e-12 * np.eye(len(amounts))
    for _ in range(_ITERATIONS):
        left = slack + columns @ amounts
        weight = np.where(left < 0.0, np.minimum(1.0, HUBER_PX / np.maximum(-left, 1e-9)), np.exp(-(left**2)))
        weighted = columns * weight[:, None]
        amounts = 0.3 * amounts - 0.7 * np.linalg.solve(weighted.T @ columns + ridge, weighted.T @ slack)
    left = slack + columns @ amounts
    size = np.abs(left)
    huber = np.where(size < HUBER_PX, 0.5 * left**2, HUBER_PX * (size - 0.5 * HUBER_PX))
    return float(np.where(left < 0.0, huber, 0.5 * (1.0 - np.exp(-(left**2)))).mean()), amounts
