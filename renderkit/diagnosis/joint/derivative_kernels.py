"""Projections with all derivatives, compiled: formulas as in `parameters.linearise` and `geometry.brown_conrady`."""

from __future__ import annotations

from renderkit.arrays import FloatArray, Pixels, Points3
from renderkit.compiled import kernel
from renderkit.renderers.cpu.camera_numbers import (
    BROWN_CONRADY,
    CX,
    CY,
    FOLD_RADIUS,
    FX,
    FY,
    K1,
    MODEL,
    PINHOLE,
    ROTATION,
    SKEW,
)
from renderkit.renderers.cpu.lens import distort_point, to_camera

_SAFE = 1.0 - 1e-9


@kernel
def linearise_simple(
    numbers: FloatArray, points: Points3, pixels: Pixels, by_camera: FloatArray, by_point: FloatArray
) -> bool:
    """Project points, all of them safely inside the radius up to which a simple lens is valid; else return False.

    Args:
        numbers: Of the camera, from `pack_camera.plain_numbers`.
        points: (N, 3) world units.
        pixels: (N, 2) receives px.
        by_camera: (N, 2, 14) receives the derivatives by `PARAMETERS`.
        by_point: (N, 2, 3) receives those by the point.
    """
    model = int(numbers[MODEL])
    if model != PINHOLE and model != BROWN_CONRADY:  # noqa: PLR1714 - sets are slow to compile
        return False
    c, radius = numbers[K1 : K1 + 14], _SAFE * numbers[FOLD_RADIUS]
    fx, skew, fy = numbers[FX], numbers[SKEW], numbers[FY]
    for i in range(points.shape[0]):
        seen_x, seen_y, z = to_camera(numbers, points[i, 0], points[i, 1], points[i, 2])
        x, y = seen_x / z, seen_y / z
        r2 = x * x + y * y
        if not (z > 0.0 and r2 <= radius * radius and r2 < 1e300):
            return False
        u, v = distort_point(numbers, x, y)
        zoom_x, zoom_y = fx * u + skew * v, fy * v
        pixels[i, 0], pixels[i, 1] = zoom_x + numbers[CX], zoom_y + numbers[CY]

        bottom = 1.0 + r2 * (c[5] + r2 * (c[6] + r2 * c[7]))
        factor = (1.0 + r2 * (c[0] + r2 * (c[1] + r2 * c[4]))) / bottom
        slope = c[0] + r2 * (2.0 * c[1] + 3.0 * r2 * c[4]) - factor * (c[5] + r2 * (2.0 * c[6] + 3.0 * r2 * c[7]))
        slope /= bottom
        prism_x, prism_y = c[8] + 2.0 * c[9] * r2, c[10] + 2.0 * c[11] * r2
        both = 2.0 * x * y * slope + 2.0 * c[2] * x + 2.0 * c[3] * y
        u_by_x = factor + 2.0 * x * x * slope + 2.0 * c[2] * y + 6.0 * c[3] * x + 2.0 * x * prism_x
        v_by_y = factor + 2.0 * y * y * slope + 6.0 * c[2] * y + 2.0 * c[3] * x + 2.0 * y * prism_y
        u_by_y, v_by_x = both + 2.0 * y * prism_x, both + 2.0 * x * prism_y

        by_k1, across = r2 / bottom, 2.0 * x * y
        for axis in range(2):
            # The rows of K: both components of a bent ray move x, one moves y.
            of_u, of_v = (fx, skew) if axis == 0 else (0.0, fy)
            a, b = (of_u * u_by_x + of_v * v_by_x) / z, (of_u * u_by_y + of_v * v_by_y) / z
            d = -(a * x + b * y)
            row, zoom = by_camera[i, axis], zoom_x if axis == 0 else zoom_y
            # A turn w moves a point Y by w x Y.
            row[0], row[1], row[2] = seen_y * d - z * b, z * a - seen_x * d, seen_x * b - seen_y * a
            row[3], row[4], row[5] = a, b, d
            row[6], row[7], row[8] = zoom, 1.0 - axis, float(axis)
            row[9] = by_k1 * (of_u * x + of_v * y)
            row[10] = zoom * (0.5 - axis)
            row[11] = r2 * row[9]
            row[12] = of_u * across + of_v * (r2 + 2.0 * y * y)
            row[13] = of_u * (r2 + 2.0 * x * x) + of_v * across
            for j in range(3):
                by_point[i, axis, j] = (
                    a * numbers[ROTATION + j] + b * numbers[ROTATION + 3 + j] + d * numbers[ROTATION + 6 + j]
                )
    return True
