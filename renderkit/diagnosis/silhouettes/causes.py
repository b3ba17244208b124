"""A matte that is too large, or a focal length that is wrong: which explains the rows of one camera better."""

from __future__ import annotations

from typing import Literal

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.diagnosis.silhouettes.rows import HUBER_PX, PER_CAMERA
from renderkit.diagnosis.silhouettes.shifts import Fit

_ITERATIONS = 15


def edge_or_size(fit: Fit, camera: int, middle: Pixels) -> tuple[Literal["matte edge", "focal length"], float]:
    """Return the cause with the smaller robust loss, and its amount: px too large, or share too long.

    Both are fitted together with a shift. A matte that is too large moves its contour outwards by the same px
    everywhere; a focal length that is too small, in proportion to the distance from the picture's middle.

    Args:
        fit: A fit in which the camera took part.
        camera: Its index.
        middle: (2,) px, its principal point.
    """
    slack, columns = _columns(fit, camera, middle)
    edge_loss, edge = _fitted(slack, columns[:, [0, 1, 2]])
    size_loss, size = _fitted(slack, columns[:, [0, 1, 3]])
    if size_loss < edge_loss:
        return "focal length", -float(size[2])
    return "matte edge", float(edge[2])


def _columns(fit: Fit, camera: int, middle: Pixels) -> tuple[FloatArray, FloatArray]:
    """Return the camera's rows without its own part, and their (n, 4) derivatives by shift, edge and scale."""
    rows = fit.rows
    is_own = rows.index[:, : 3 * PER_CAMERA : PER_CAMERA] == PER_CAMERA * camera
    hit = is_own.any(axis=1)
    index, value, slack = rows.index[hit], rows.value[hit], rows.slack[hit]
    others = fit.solution.copy()
    others[PER_CAMERA * camera : PER_CAMERA * (camera + 1)] = 0.0
    slack = slack + np.where(index >= 0, value * others[index], 0.0).sum(axis=1)
    columns = np.zeros((len(slack), 4))
    for a in range(PER_CAMERA):
        columns[:, a] = np.where(index == PER_CAMERA * camera + a, value, 0.0).sum(axis=1)
    places = rows.places[is_own]
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
