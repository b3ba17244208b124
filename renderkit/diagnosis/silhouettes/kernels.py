"""The inner loops of silhouette coherence: slack along rays, votes about conflicts, normal equations.

A point at depth s on the ray of pixel p of one camera projects into camera i at e_i + s M_i (p, 1), homogeneous. The
loops take e (N, 3), M (N, 3, 3), signed distances (N, h, w) px, positive inside, `UNKNOWN` where a camera does not
constrain, and arrays to work in. Imports Numba: load this module late.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel

Stack: TypeAlias = NDArray[np.float32]
Indices: TypeAlias = NDArray[np.int64]

UNKNOWN: Final = 1e6
CAP_PX: Final = 3.0
"""A slack that reaches this says nothing: the search stops."""
REFINE_STEPS: Final = 7
ACTIVE_PX: Final = 0.15
MIN_STEP_PX: Final = 0.75
KNOWN = 9e5
MAX_SLOPE = 2.0
SAFETY = 0.95

S, Z, FIRST, SECOND, FIRST_U, FIRST_V, FIRST_X, FIRST_Y, SECOND_U, SECOND_V, SECOND_X, SECOND_Y = range(12)
OWN_U, OWN_V, SEEN, ROUND, NUM_COLUMNS = range(12, 17)
"""Columns of the march's result: slack, depth, the cameras that hold it down (-1: none) with the derivatives of the
slack by a shift of their pictures and the px where they see the place, the derivatives by the contour point itself,
cameras that see the place; `coherence` adds the slack of a ball, see `roundness`."""


@kernel
def sample(sdf: Stack, i: int, u: float, v: float) -> float:
    """Return camera i's signed distance at a pixel, bilinear; `UNKNOWN` where it does not constrain."""
    height, width = sdf.shape[1], sdf.shape[2]
    if not (u >= 0.0 and v >= 0.0 and u < width - 1.0 and v < height - 1.0):
        return UNKNOWN
    x = int(u)
    y = int(v)
    a, b, c, e = sdf[i, y, x], sdf[i, y, x + 1], sdf[i, y + 1, x], sdf[i, y + 1, x + 1]
    if a > KNOWN or b > KNOWN or c > KNOWN or e > KNOWN:
        return UNKNOWN
    fx, fy = u - x, v - y
    return float((a * (1.0 - fx) + b * fx) * (1.0 - fy) + (c * (1.0 - fx) + e * fx) * fy)


@kernel
def distance_at(sdf: Stack, i: int, e: FloatArray, ray: FloatArray, s: float) -> float:
    """Return camera i's signed distance at depth s of a ray; `UNKNOWN` behind it."""
    w = e[i, 2] + s * ray[i, 2]
    if w <= 0.0:
        return UNKNOWN
    return sample(sdf, i, (e[i, 0] + s * ray[i, 0]) / w, (e[i, 1] + s * ray[i, 1]) / w)


@kernel
def least(sdf: Stack, e: FloatArray, ray: FloatArray, s: float, ids: Indices, count: int) -> float:
    """Return the smallest signed distance at depth s among `count` cameras."""
    found = UNKNOWN
    for j in range(count):
        d = distance_at(sdf, ids[j], e, ray, s)
        found = min(found, d)
    return found


@kernel
def make_ray(M: FloatArray, x: float, y: float, ray: FloatArray) -> None:
    """Fill (N, 3) `ray` with M_i (x, y, 1)."""
    for i in range(M.shape[0]):
        for r in range(3):
            ray[i, r] = M[i, r, 0] * x + M[i, r, 1] * y + M[i, r, 2]


@kernel
def stride(e: FloatArray, ray: FloatArray, i: int, s: float, missing: float, step: float) -> float:
    """Return the depth over which camera i's projection moves by the missing px, exactly; at least `step`."""
    w = e[i, 2] + s * ray[i, 2]
    u, v = (e[i, 0] + s * ray[i, 0]) / w, (e[i, 1] + s * ray[i, 1]) / w
    gu, gv = (ray[i, 0] - u * ray[i, 2]) / w, (ray[i, 1] - v * ray[i, 2]) / w
    bottom = sqrt(gu * gu + gv * gv) * w - missing * ray[i, 2]
    if bottom <= 1e-12:
        return 1e9
    return float(max(step, missing * w / bottom))


@kernel
def highest(
    sdf: Stack, e: FloatArray, ray: FloatArray, ids: Indices, limits: FloatArray, guess: FloatArray, found: FloatArray
) -> None:
    """March along a ray: `found` = (best slack, its depth; depth < 0 where nothing beats the floor).

    `guess` (2,) holds the neighbours' depths: a good bound early lets the march stride.
    """
    start, end, step, floor = limits[0], limits[1], limits[2], limits[3]
    best, place, last = floor, -1.0, ids[0]
    for k in range(2):
        if guess[k] > 0.0:
            f = least(sdf, e, ray, guess[k], ids, len(ids))
            if f > best:
                best, place = f, guess[k]
    s = start
    while s <= end and best < CAP_PX:
        smallest, forward, refuted = UNKNOWN, step, False
        for k in range(-1, len(ids)):
            i = last if k < 0 else ids[k]
            if k >= 0 and i == last:
                continue
            d = distance_at(sdf, i, e, ray, s)
            if d <= best:
                forward = stride(e, ray, i, s, SAFETY * (best - d), step)
                last, refuted = i, True
                break
            smallest = min(smallest, d)
        if not refuted:
            best, place = smallest, s
        s += forward
    found[0], found[1] = best, place


@kernel
def refined(sdf: Stack, e: FloatArray, ray: FloatArray, near: Indices, count: int, middle: float, step: float) -> float:
    """Return the depth of the largest slack within a step of `middle`, by ternary search."""
    low, high = middle - step, middle + step
    for _ in range(REFINE_STEPS):
        first, second = low + (high - low) / 3.0, high - (high - low) / 3.0
        if least(sdf, e, ray, first, near, count) < least(sdf, e, ray, second, near, count):
            low = first
        else:
            high = second
    return 0.5 * (low + high)


@kernel
def find_holding(
    sdf: Stack, e: FloatArray, ray: FloatArray, ids: Indices, s: float, slack: float, step: float, row: FloatArray
) -> float:
    """Fill in which cameras hold the slack down, one pulling each way along the ray; return the first one's share."""
    rising, falling, lowest, up, down, smallest, seen = -1, -1, -1, 0.0, 0.0, UNKNOWN, 0
    for k in range(len(ids)):
        d = distance_at(sdf, ids[k], e, ray, s)
        if d > KNOWN:
            continue
        seen += 1
        if d < smallest:
            smallest, lowest = d, ids[k]
        if d <= slack + ACTIVE_PX:
            ahead = distance_at(sdf, ids[k], e, ray, s + 0.5 * step)
            behind = distance_at(sdf, ids[k], e, ray, s - 0.5 * step)
            slope = 0.0 if max(ahead, behind) > KNOWN else (ahead - behind) / step
            if slope > up:
                up, rising = slope, ids[k]
            if slope < down:
                down, falling = slope, ids[k]
    row[SEEN] = seen
    if rising < 0 or falling < 0:
        row[FIRST] = lowest
        return 1.0
    row[FIRST], row[SECOND] = rising, falling
    return -down / (up - down)


@kernel
def add_slopes(
    sdf: Stack, e: FloatArray, M: FloatArray, ray: FloatArray, i: int, s: float, part: float, row: FloatArray, at: int
) -> None:
    """Fill in the slack's derivatives by camera i's shift and the place, from column `at`; add those by the point."""
    w = e[i, 2] + s * ray[i, 2]
    u, v = (e[i, 0] + s * ray[i, 0]) / w, (e[i, 1] + s * ray[i, 1]) / w
    row[at + 2], row[at + 3] = u, v
    gx = 0.5 * (sample(sdf, i, u + 1.0, v) - sample(sdf, i, u - 1.0, v))
    gy = 0.5 * (sample(sdf, i, u, v + 1.0) - sample(sdf, i, u, v - 1.0))
    if abs(gx) > MAX_SLOPE or abs(gy) > MAX_SLOPE:
        return
    row[at], row[at + 1] = part * gx, part * gy
    for r in range(2):
        du, dv = s * (M[i, 0, r] - u * M[i, 2, r]) / w, s * (M[i, 1, r] - v * M[i, 2, r]) / w
        row[OWN_U + r] -= part * (gx * du + gy * dv)


@kernel
def march(
    sdf: Stack,
    points: FloatArray,
    e: FloatArray,
    M: FloatArray,
    ids: Indices,
    limits: FloatArray,
    ray: FloatArray,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """Fill `out` (n, NUM_COLUMNS) with the slack of every contour point of one camera.

    Args:
        sdf: (N, h, w) px.
        points: (n, 2) px.
        e: (N, 3).
        M: (N, 3, 3).
        ids: Cameras that count.
        limits: (4,) first and last depth, smallest step, floor of the slack px.
        ray: (N, 3) to work in.
        work: (4,) to work in.
        out: (n, NUM_COLUMNS).
    """
    start, end, step, floor = limits[0], limits[1], limits[2], limits[3]
    count = len(ids)
    guess, found = work[:2], work[2:]
    guess[0], guess[1] = -1.0, -1.0
    for q in range(len(points)):
        row = out[q]
        row[S], row[FIRST], row[SECOND] = UNKNOWN, -1.0, -1.0
        make_ray(M, points[q, 0], points[q, 1], ray)
        highest(sdf, e, ray, ids, limits, guess, found)
        best, place = found[0], found[1]
        if place < 0.0:
            row[S] = floor
            continue
        if best >= CAP_PX:
            row[S] = best
            continue
        if place < start + 2.0 * step or place > end - 2.0 * step:
            continue  # best at the end of the range: it may be better beyond, no verdict
        s = refined(sdf, e, ray, ids, count, place, step)
        f = least(sdf, e, ray, s, ids, count)
        if f < best:
            s, f = place, best
        row[S], row[Z] = f, s
        guess[1] = guess[0]
        guess[0] = s
        share = find_holding(sdf, e, ray, ids, s, f, step, row)
        add_slopes(sdf, e, M, ray, int(row[FIRST]), s, share, row, FIRST_U)
        if row[SECOND] >= 0.0:
            add_slopes(sdf, e, M, ray, int(row[SECOND]), s, 1.0 - share, row, SECOND_U)


@kernel
def conflict(
    sdf: Stack, e: FloatArray, ray: FloatArray, ids: Indices, s: float, full: float, best: float, last: int
) -> tuple[float, int]:
    """Return how much all cameras refute a place, at most about `best`, and the camera that was decisive."""
    cost = 0.0
    for k in range(-1, len(ids)):
        i = last if k < 0 else ids[k]
        if k >= 0 and i == last:
            continue
        d = distance_at(sdf, i, e, ray, s)
        if d < 0.0:
            cost += min(1.0, -d / full)
            if cost >= best:
                return cost, i
    return cost, last


@kernel
def vote(
    sdf: Stack,
    points: FloatArray,
    e: FloatArray,
    M: FloatArray,
    ids: Indices,
    limits: FloatArray,
    ray: FloatArray,
    shares: FloatArray,
) -> None:
    """Fill `shares` (n, N): at the depth of least conflict, how much each camera refutes a point, 0 to 1; -1: unseen.

    `limits` are first and last depth, step, and the violation in px that counts in full.
    """
    start, end, step, full = limits[0], limits[1], limits[2], limits[3]
    neighbour = -1.0
    for q in range(len(points)):
        make_ray(M, points[q, 0], points[q, 1], ray)
        best, place, last = 1e9, 0.5 * (start + end), ids[0]
        s = neighbour if neighbour > 0.0 else start
        following = start
        while s <= end:
            cost, last = conflict(sdf, e, ray, ids, s, full, best, last)
            if cost < best:
                best, place = cost, s
            s = following
            following += step
        neighbour = place
        for i in range(sdf.shape[0]):
            shares[q, i] = -1.0
        for k in range(len(ids)):
            d = distance_at(sdf, ids[k], e, ray, place)
            if d < KNOWN:
                shares[q, ids[k]] = min(1.0, max(0.0, -d / full))


@kernel
def accumulate(
    slack: FloatArray,
    index: Indices,
    value: FloatArray,
    x: FloatArray,
    huber: float,
    H: FloatArray,
    g: FloatArray,
    r: FloatArray,
    weight: FloatArray,
) -> None:
    """Add up the robust normal equations of rows r = slack + sum(value x[index]); index -1: none.

    Negative rows weigh as Huber's loss, positive ones fade as exp(-r^2).
    """
    for q in range(len(slack)):
        t = slack[q]
        for a in range(index.shape[1]):
            if index[q, a] >= 0:
                t += value[q, a] * x[index[q, a]]
        w = min(1.0, huber / max(-t, 1e-9)) if t < 0.0 else exp(-(t * t))
        r[q], weight[q] = t, w
        for a in range(index.shape[1]):
            i = index[q, a]
            if i < 0:
                continue
            part = w * value[q, a]
            g[i] += part * slack[q]
            for b in range(index.shape[1]):
                j = index[q, b]
                if j >= 0:
                    H[i, j] += part * value[q, b]


@kernel
def spread(
    index: Indices, value: FloatArray, slope: FloatArray, cell: Indices, edge: Indices, H: FloatArray, G: FloatArray
) -> None:
    """Add up how a robust fit answers to noise: H x = -G^T n for a noise n, px, of the mattes' edges, cell by cell.

    Args:
        index: (n, k) columns that a row holds; -1: none.
        value: (n, k).
        slope: (n,) derivative of each row's share of the normal equations by its residual.
        cell: (n, m) cells of the edges that a row depends on; -1: none.
        edge: (m,) which of the row's columns is the edge's.
        H: (P, P).
        G: (cells, P).
    """
    for q in range(len(slope)):
        for a in range(index.shape[1]):
            i = index[q, a]
            if i < 0:
                continue
            part = slope[q] * value[q, a]
            for b in range(index.shape[1]):
                if index[q, b] >= 0:
                    H[i, index[q, b]] += part * value[q, b]
            for c in range(cell.shape[1]):
                if cell[q, c] >= 0:
                    G[cell[q, c], i] += part * value[q, edge[c]]
