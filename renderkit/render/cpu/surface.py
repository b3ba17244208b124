"""What a pixel's face looks like there: barycentric weights, normal, shaded colour."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.render.cpu.weights import hit_face, ray_in_piece
from renderkit.render.cpu.zbuffer import LAST_NUMBER

NEUTRAL_ALBEDO = 0.72
"""Of meshes without texture or colours."""

_LAMP_LENGTH = math.sqrt(0.35**2 + 0.45**2 + 0.82**2)
_LAMP_X, _LAMP_Y, _LAMP_Z = -0.35 / _LAMP_LENGTH, -0.45 / _LAMP_LENGTH, -0.82 / _LAMP_LENGTH
"""A lamp at the camera's upper left, in camera axes (y down); the same light as the shaders'."""


@inlined_kernel
def _weight_planes(exact: NDArray[np.float32], a: int, b: int, c: int) -> tuple[float, ...]:
    """A face's weights in the picture, each times its corner's 1 / z, as functions of the pixel.

    Returns:
        x, y of the first corner, then value there, slope in x and slope in y for the second and for the third corner,
        and for the first corner its 1 / z and the slopes. All of the weight is the first corner's if the face is empty.
    """
    x, y = np.float64(exact[a, 0]), np.float64(exact[a, 1])
    bx, by, cx, cy = exact[b, 0] - x, exact[b, 1] - y, exact[c, 0] - x, exact[c, 1] - y
    area = bx * cy - by * cx
    scale = 0.0 if abs(area) < 1e-9 else 1.0 / area
    near_a, near_b, near_c = np.float64(exact[a, 2]), scale * exact[b, 2], scale * exact[c, 2]
    return (
        x, y, cy * near_b, -cx * near_b, -by * near_c, bx * near_c,
        near_a, near_a * scale * (by - cy), near_a * scale * (cx - bx),
    )  # fmt: skip


@kernel
def _weights_in_piece(
    piece: int, column: int, row: int,
    numbers: FloatArray, points: FloatArray, faces: Faces,
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
) -> tuple[int, float, float, float]:  # fmt: skip
    """The face behind a piece, and the pixel's weights on it."""
    face = int(np.int64(sources[piece]))
    x, y, _ = ray_in_piece(numbers, piece_exact, piece_rays, 3 * piece, column, row)
    _, u, v, w = hit_face(numbers, points, faces[face, 0], faces[face, 1], faces[face, 2], x, y)
    return face, u, v, w


@kernel
def draw_surface(
    keys: NDArray[np.int64], window: NDArray[np.int64],
    numbers: FloatArray, points: FloatArray, faces: Faces, exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
    normals: NDArray[np.float32], colors: ColorImage, uv: NDArray[np.float32], texture: ColorImage,
    barycentric: NDArray[np.float32], normal: NDArray[np.float32], color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill the covered pixels of one band.

    Args:
        keys: (rows * columns,) the band's keys.
        window: (4,) x0, y0, x1, y1 of the band in px.
        numbers: The packed camera.
        points: (3, V) world coordinates.
        faces: (F, 3).
        exact: (V, 3) u, v in px and 1 / z.
        piece_exact: (3 M, 3) likewise, of the pieces' corners.
        piece_rays: (3 M, 2) their undistorted normalised coordinates.
        sources: (M,) source face of each piece.
        normals: (V, 3) unit normals in the world; no rows when only weights are wanted.
        colors: (V, 3) RGB, or no rows.
        uv: (V, 2) texture coordinates, or no rows.
        texture: (h, w, 3) RGB, or no rows.
        barycentric: (height, width, 3) or no rows when not wanted.
        normal: (height, width, 3) or no rows.
        color: (height, width, 3) or no rows.
    """
    width = window[2] - window[0]
    for row in range(window[1], window[3]):
        start = (row - window[1]) * width
        _draw_row(
            keys[start : start + width], row, window[0],
            numbers, points, faces, exact, piece_exact, piece_rays, sources,
            normals, colors, uv, texture, barycentric, normal, color,
        )  # fmt: skip


@kernel
def _draw_row(
    line: NDArray[np.int64], row: int, left: int,
    numbers: FloatArray, points: FloatArray, faces: Faces, exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
    normals: NDArray[np.float32], colors: ColorImage, uv: NDArray[np.float32], texture: ColorImage,
    barycentric: NDArray[np.float32], normal: NDArray[np.float32], color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill the covered pixels of one row, `line` being its keys from column `left` on."""
    eye_x, eye_y, eye_z = _eye(numbers)
    face, last = -1, -1
    for column in range(left, left + line.shape[0]):
        key = line[np.uint64(column - left)]
        if key == 0:
            continue
        number = LAST_NUMBER - (key & LAST_NUMBER)
        if number >= faces.shape[0]:
            face, u, v, w = _weights_in_piece(
                number - faces.shape[0], column, row, numbers, points, faces, piece_exact, piece_rays, sources
            )
            a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
            last = -1
        else:
            if number != last:
                last = number
                a, b, c = faces[number, 0], faces[number, 1], faces[number, 2]
                x, y, v_x, v_y, w_x, w_y, u_0, u_x, u_y = _weight_planes(exact, a, b, c)
            dx, dy = column - x, row - y
            # Neighbouring faces share pixels on their edge; outside of the face the weights stop at 0.
            u = max(u_0 + u_x * dx + u_y * dy, 0.0)
            v = max(v_x * dx + v_y * dy, 0.0)
            w = max(w_x * dx + w_y * dy, 0.0)
            total = 1.0 / (u + v + w)
            u, v, w = u * total, v * total, w * total
        if barycentric.shape[0]:
            barycentric[row, column, 0], barycentric[row, column, 1], barycentric[row, column, 2] = u, v, w
        if normals.shape[0] == 0:
            continue
        nx, ny, nz = _normal_at(numbers, points, normals, eye_x, eye_y, eye_z, a, b, c, u, v, w)
        if normal.shape[0]:
            normal[row, column, 0], normal[row, column, 1], normal[row, column, 2] = nx, ny, nz
        if color.shape[0]:
            light = 255.0 * _light(nx, ny, nz)
            red, green, blue = NEUTRAL_ALBEDO, NEUTRAL_ALBEDO, NEUTRAL_ALBEDO
            if texture.shape[0] or colors.shape[0]:
                red, green, blue = _albedo_at(colors, uv, texture, a, b, c, u, v, w)
            color[row, column, 0] = np.uint8(min(red * light + 0.5, 255.0))
            color[row, column, 1] = np.uint8(min(green * light + 0.5, 255.0))
            color[row, column, 2] = np.uint8(min(blue * light + 0.5, 255.0))


@kernel
def _eye(m: FloatArray) -> tuple[float, float, float]:
    """The camera's centre in the world."""
    return (
        -(m[0] * m[9] + m[3] * m[10] + m[6] * m[11]),
        -(m[1] * m[9] + m[4] * m[10] + m[7] * m[11]),
        -(m[2] * m[9] + m[5] * m[10] + m[8] * m[11]),
    )


@inlined_kernel
def _normal_at(
    m: FloatArray, points: FloatArray, normals: NDArray[np.float32],
    eye_x: float, eye_y: float, eye_z: float,
    a: int, b: int, c: int, u: float, v: float, w: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Unit normal in the camera's frame, turned towards the camera; zeros where the vertices have none."""
    x = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
    y = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
    z = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
    px = u * points[0, a] + v * points[0, b] + w * points[0, c] - eye_x
    py = u * points[1, a] + v * points[1, b] + w * points[1, c] - eye_y
    pz = u * points[2, a] + v * points[2, b] + w * points[2, c] - eye_z
    length2 = x * x + y * y + z * z
    scale = 0.0 if length2 == 0.0 else 1.0 / np.sqrt(length2)
    scale = -scale if x * px + y * py + z * pz > 0.0 else scale
    x, y, z = x * scale, y * scale, z * scale
    return m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z


@kernel
def _albedo_at(
    colors: ColorImage,
    uv: NDArray[np.float32],
    texture: ColorImage,
    a: int,
    b: int,
    c: int,
    u: float,
    v: float,
    w: float,
) -> tuple[float, float, float]:
    """Base colour in [0, 1]: bilinear texture, else vertex colours."""
    if texture.shape[0]:
        height, width = texture.shape[0], texture.shape[1]
        s = u * uv[a, 0] + v * uv[b, 0] + w * uv[c, 0]
        t = u * uv[a, 1] + v * uv[b, 1] + w * uv[c, 1]
        x = min(max(s * width - 0.5, 0.0), width - 1.0)
        y = min(max((1.0 - t) * height - 0.5, 0.0), height - 1.0)
        x0, y0 = int(x), int(y)
        x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
        fx, fy = x - x0, y - y0
        w00, w01, w10, w11 = (1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy
        red = w00 * texture[y0, x0, 0] + w01 * texture[y0, x1, 0] + w10 * texture[y1, x0, 0] + w11 * texture[y1, x1, 0]
        green = (
            w00 * texture[y0, x0, 1] + w01 * texture[y0, x1, 1] + w10 * texture[y1, x0, 1] + w11 * texture[y1, x1, 1]
        )
        blue = w00 * texture[y0, x0, 2] + w01 * texture[y0, x1, 2] + w10 * texture[y1, x0, 2] + w11 * texture[y1, x1, 2]
        return red / 255.0, green / 255.0, blue / 255.0
    return (
        (u * colors[a, 0] + v * colors[b, 0] + w * colors[c, 0]) / 255.0,
        (u * colors[a, 1] + v * colors[b, 1] + w * colors[c, 1]) / 255.0,
        (u * colors[a, 2] + v * colors[b, 2] + w * colors[c, 2]) / 255.0,
    )


@inlined_kernel
def _light(nx: float, ny: float, nz: float) -> float:
    """Lambert's law for the lamp, and a soft sky."""
    lambert = nx * _LAMP_X + ny * _LAMP_Y + nz * _LAMP_Z
    return 0.22 + 0.18 * (0.5 - 0.5 * ny) + 0.65 * min(max(lambert, 0.0), 1.0)
