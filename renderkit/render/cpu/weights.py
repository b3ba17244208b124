"""Barycentric weights of a pixel in a projected triangle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.render.cpu.lens import FX, FY, pixel_of, to_camera

_LEAST_HEIGHT = 0.5
"""Pieces lower than this (px) have no slopes worth using."""


@kernel
def ray_in_piece(
    camera: FloatArray, exact: NDArray[np.float32], rays: FloatArray, first: int, column: int, row: int
) -> tuple[float, float, float]:
    """Undistorted normalised coordinates of a pixel, and 1 / z of the piece there; 1 / z is 0 for slivers.

    Starts from where the straight piece puts the pixel. Then one Newton step: with the piece's own slopes where it is
    large enough to have any, else two with the lens's.

    Args:
        camera: The packed camera.
        exact: (3 M, 3) u, v in px and 1 / z of the pieces' corners.
        rays: (3 M, 2) their undistorted normalised coordinates.
        first: Row of the piece's first corner.
        column: The pixel.
        row: The pixel.
    """
    usable, ax, ay, x0, xu, xv, y0, yu, yv, z0, zu, zv = piece_slopes(exact, rays, first)
    if usable:
        return ray_on_slopes(camera, ax, ay, x0, xu, xv, y0, yu, yv, z0, zu, zv, column, row)
    x, y = _ray_by_lens(camera, rays[first, 0], rays[first, 1], column, row)
    return x, y, 0.0


@inlined_kernel
def piece_slopes(
    exact: NDArray[np.float32], rays: FloatArray, first: int
) -> tuple[bool, float, float, float, float, float, float, float, float, float, float, float]:
    """How a piece's rays and 1 / z change with the pixel.

    Returns:
        Whether the piece is large enough to have slopes, its first corner in px, and for the ray's x, its y, and 1 / z
        each: value at that corner, slope along u, slope along v.
    """
    ax, ay = np.float64(exact[first, 0]), np.float64(exact[first, 1])
    ux, uy = exact[first + 1, 0] - ax, exact[first + 1, 1] - ay
    vx, vy = exact[first + 2, 0] - ax, exact[first + 2, 1] - ay
    area = ux * vy - uy * vx
    longest = max(ux * ux + uy * uy, vx * vx + vy * vy)
    usable = area * area > _LEAST_HEIGHT * _LEAST_HEIGHT * longest
    scale = 1.0 / area if usable else 0.0
    x0, y0, z0 = rays[first, 0], rays[first, 1], np.float64(exact[first, 2])
    xb, yb, zb = rays[first + 1, 0] - x0, rays[first + 1, 1] - y0, exact[first + 1, 2] - z0
    xc, yc, zc = rays[first + 2, 0] - x0, rays[first + 2, 1] - y0, exact[first + 2, 2] - z0
    return (
        usable, ax, ay,
        x0, (xb * vy - xc * uy) * scale, (xc * ux - xb * vx) * scale,
        y0, (yb * vy - yc * uy) * scale, (yc * ux - yb * vx) * scale,
        z0, (zb * vy - zc * uy) * scale, (zc * ux - zb * vx) * scale,
    )  # fmt: skip


@inlined_kernel
def ray_on_slopes(
    camera: FloatArray, ax: float, ay: float,
    x0: float, xu: float, xv: float, y0: float, yu: float, yv: float, z0: float, zu: float, zv: float,
    column: int, row: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Ray of a pixel and 1 / z there, by one Newton step with the piece's slopes."""
    px, py = column - ax, row - ay
    landed_x, landed_y = pixel_of(camera, x0 + xu * px + xv * py, y0 + yu * px + yv * py)
    px, py = px + column - landed_x, py + row - landed_y
    return x0 + xu * px + xv * py, y0 + yu * px + yv * py, z0 + zu * px + zv * py


@kernel
def _ray_by_lens(camera: FloatArray, x: float, y: float, column: int, row: int) -> tuple[float, float]:
    """Newton steps with the lens's own slopes, from a ray that lands within a few pixels."""
    step = 1e-6
    for _ in range(3):
        here_x, here_y = pixel_of(camera, x, y)
        right_x, right_y = pixel_of(camera, x + step, y)
        down_x, down_y = pixel_of(camera, x, y + step)
        a, b, c, d = right_x - here_x, down_x - here_x, right_y - here_y, down_y - here_y
        determinant = a * d - b * c
        miss_x, miss_y = column - here_x, row - here_y
        # At the rim the lens has no inverse; the piece itself is exact to 0.02 px.
        if abs(determinant) > 1e-3 * step * step * camera[FX] * camera[FY]:
            x += step * (d * miss_x - b * miss_y) / determinant
            y += step * (a * miss_y - c * miss_x) / determinant
    return x, y


@kernel
def hit_face(
    camera: FloatArray, points: FloatArray, a: int, b: int, c: int, x: float, y: float
) -> tuple[float, float, float, float]:
    """Where the ray (x, y, 1) meets a face's plane: depth (0 if never) and weights, each in [0, 1], their sum 1.

    Moller and Trumbore, "Fast, minimum storage ray-triangle intersection", 1997.
    """
    ax, ay, az = to_camera(camera, points[0, a], points[1, a], points[2, a])
    bx, by, bz = to_camera(camera, points[0, b], points[1, b], points[2, b])
    cx, cy, cz = to_camera(camera, points[0, c], points[1, c], points[2, c])
    bx, by, bz, cx, cy, cz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    px, py, pz = y * cz - cy, cx - x * cz, x * cy - y * cx
    qx, qy, qz = -ay * bz + az * by, -az * bx + ax * bz, -ax * by + ay * bx
    determinant = bx * px + by * py + bz * pz
    if determinant == 0.0:
        return 0.0, 1.0, 0.0, 0.0
    depth = (cx * qx + cy * qy + cz * qz) / determinant
    v = min(max(-(ax * px + ay * py + az * pz) / determinant, 0.0), 1.0)
    w = min(max((x * qx + y * qy + qz) / determinant, 0.0), 1.0)
    u = min(max(1.0 - v - w, 0.0), 1.0)
    total = u + v + w
    return depth, u / total, v / total, w / total
