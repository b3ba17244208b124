"""Where a run of pixels in one row sees its face: rays, inverse depth, barycentric weights.

All pixels of a run see the same triangle, so whatever belongs to the triangle is worked out once, and the loops over
pixels are plain arithmetic on arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.renderers.cpu.camera_numbers import FX, FY
from renderkit.renderers.cpu.lens import land, pixel_of, to_camera

_LEAST_HEIGHT = 0.5
"""Pieces lower than this (px) have no slopes worth using."""


@kernel
def trace_run(
    camera: FloatArray,
    exact: NDArray[np.float32],
    rays: FloatArray,
    first: int,
    column: int,
    row: int,
    xs: FloatArray,
    ys: FloatArray,
    nears: FloatArray,
) -> None:
    """Find the rays of a run of pixels that see one piece, and 1 / z of the piece there; 1 / z is 0 for slivers.

    Starts from where the straight piece puts the pixel. Then one Newton step: with the piece's own slopes where it is
    large enough to have any, else three with the lens's.

    Args:
        camera: The packed camera.
        exact: (3 M, 3) u, v in px and 1 / z of the pieces' corners.
        rays: (3 M, 2) their undistorted normalised coordinates.
        first: Row of the piece's first corner.
        column: The run's first pixel.
        row: Its row.
        xs: (N,) receives the undistorted normalised x of each pixel.
        ys: (N,) likewise y.
        nears: (N,) receives 1 / z.
    """
    usable, ax, ay, x0, xu, xv, y0, yu, yv, z0, zu, zv = _piece_slopes(exact, rays, first)
    if not usable:
        for i in range(xs.shape[0]):
            xs[i], ys[i] = _ray_by_lens(camera, x0, y0, column + i, row)
            nears[i] = 0.0
        return
    py = row - ay
    for i in range(xs.shape[0]):
        px = (column + i) - ax
        xs[i], ys[i] = x0 + xu * px + xv * py, y0 + yu * px + yv * py
    land(camera, xs, ys)
    for i in range(xs.shape[0]):
        px = (column + i) - ax
        dx, dy = px + (column + i - xs[i]), py + (row - ys[i])
        xs[i], ys[i], nears[i] = x0 + xu * dx + xv * dy, y0 + yu * dx + yv * dy, z0 + zu * dx + zv * dy


@inlined_kernel
def _piece_slopes(
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
        # At the rim the lens has no inverse; the piece itself is exact to 0.01 px.
        if abs(determinant) > 1e-3 * step * step * camera[FX] * camera[FY]:
            x += step * (d * miss_x - b * miss_y) / determinant
            y += step * (a * miss_y - c * miss_x) / determinant
    return x, y


@kernel
def weigh_rays(
    camera: FloatArray,
    points: FloatArray,
    a: np.uint32,
    b: np.uint32,
    c: np.uint32,
    us: FloatArray,
    vs: FloatArray,
    ws: FloatArray,
) -> None:
    """Turn rays into weights on the face (a, b, c), each in [0, 1], their sum 1.

    A ray's weights are to one another as the volumes that it spans with the face's edges: three linear functions.

    Args:
        camera: The packed camera.
        points: (3, V) world coordinates.
        a: First corner.
        b: Second corner.
        c: Third corner.
        us: (N,) holds the rays' undistorted normalised x; receives the weight of the first corner.
        vs: (N,) holds y; receives the weight of the second corner.
        ws: (N,) receives the weight of the third corner.
    """
    ax, ay, az = to_camera(camera, points[0, a], points[1, a], points[2, a])
    bx, by, bz = to_camera(camera, points[0, b], points[1, b], points[2, b])
    cx, cy, cz = to_camera(camera, points[0, c], points[1, c], points[2, c])
    ux, uy, uz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    vx, vy, vz = cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax
    wx, wy, wz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    # Seen from behind all volumes are negative.
    side = -1.0 if ax * ux + ay * uy + az * uz < 0.0 else 1.0
    ux, uy, uz, vx, vy, vz = side * ux, side * uy, side * uz, side * vx, side * vy, side * vz
    wx, wy, wz = side * wx, side * wy, side * wz
    for i in range(us.shape[0]):
        x, y = us[i], vs[i]
        u, v, w = ux * x + uy * y + uz, vx * x + vy * y + vz, wx * x + wy * y + wz
        us[i], vs[i], ws[i] = _normalised(max(u, 0.0), max(v, 0.0), max(w, 0.0))


@kernel
def weigh_pixels(
    exact: NDArray[np.float32],
    a: np.uint32,
    b: np.uint32,
    c: np.uint32,
    column: int,
    row: int,
    us: FloatArray,
    vs: FloatArray,
    ws: FloatArray,
) -> None:
    """Find the perspective-correct weights of a run of pixels on a face that the lens leaves straight.

    Args:
        exact: (V, 3) u, v in px and 1 / z.
        a: First corner.
        b: Second corner.
        c: Third corner.
        column: The run's first pixel.
        row: Its row.
        us: (N,) receives the weight of the first corner.
        vs: (N,) of the second.
        ws: (N,) of the third.
    """
    planes = weight_planes(exact, a, b, c, column, row)
    for i in range(us.shape[0]):
        us[i], vs[i], ws[i] = weights_on_planes(planes, i)


@inlined_kernel
def weight_planes(
    exact: NDArray[np.float32], a: np.uint32, b: np.uint32, c: np.uint32, column: int, row: int
) -> tuple[float, float, float, float, float, float]:
    """A face's weights along a row, each times its corner's 1 / z: value at the pixel and slope, corner by corner."""
    x, y = np.float64(exact[a, 0]), np.float64(exact[a, 1])
    bx, by, cx, cy = exact[b, 0] - x, exact[b, 1] - y, exact[c, 0] - x, exact[c, 1] - y
    area = bx * cy - by * cx
    # All of the weight is the first corner's if the face is empty.
    scale = 0.0 if abs(area) < 1e-9 else 1.0 / area
    near_a, near_b, near_c = np.float64(exact[a, 2]), scale * exact[b, 2], scale * exact[c, 2]
    u_x, v_x, w_x = near_a * scale * (by - cy), cy * near_b, -by * near_c
    dx, dy = column - x, row - y
    u, v, w = (
        near_a + u_x * dx + near_a * scale * (cx - bx) * dy,
        v_x * dx - cx * near_b * dy,
        w_x * dx + bx * near_c * dy,
    )
    return u, u_x, v, v_x, w, w_x


@inlined_kernel
def weights_on_planes(planes: tuple[float, float, float, float, float, float], i: int) -> tuple[float, float, float]:
    """The three weights `i` pixels further on; their sum is 1."""
    # Neighbouring faces share pixels on their edge; outside of the face the weights stop at 0.
    u, v, w = (
        max(planes[0] + planes[1] * i, 0.0),
        max(planes[2] + planes[3] * i, 0.0),
        max(planes[4] + planes[5] * i, 0.0),
    )
    return _normalised(u, v, w)


@inlined_kernel
def _normalised(u: float, v: float, w: float) -> tuple[float, float, float]:
    """Make the sum 1; where all are 0 all of the weight is the first corner's."""
    total = u + v + w
    scale = 1.0 / total if total > 0.0 else 0.0
    return u * scale if total > 0.0 else 1.0, v * scale, w * scale


@kernel
def depth_of_plane(camera: FloatArray, points: FloatArray, a: int, b: int, c: int, x: float, y: float) -> float:
    """Depth at which the ray (x, y, 1) meets the plane of a face; 0 if never."""
    ax, ay, az = to_camera(camera, points[0, a], points[1, a], points[2, a])
    bx, by, bz = to_camera(camera, points[0, b], points[1, b], points[2, b])
    cx, cy, cz = to_camera(camera, points[0, c], points[1, c], points[2, c])
    bx, by, bz, cx, cy, cz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    nx, ny, nz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    along = nx * x + ny * y + nz
    return float((nx * ax + ny * ay + nz * az) / along) if along != 0.0 else 0.0
