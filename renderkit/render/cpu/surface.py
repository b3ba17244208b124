"""What a pixel's face looks like there: barycentric weights, normal, shaded colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray
from renderkit.compiled import kernel
from renderkit.render.cpu.lens import to_camera
from renderkit.render.cpu.weights import hit_face, ray_in_piece, weights_at
from renderkit.render.cpu.zbuffer import LAST_NUMBER

NEUTRAL_ALBEDO = 0.72
"""Of meshes without texture or colours."""


@kernel
def in_space(u: float, v: float, w: float, a: float, b: float, c: float) -> tuple[float, float, float]:
    """Turn weights in the picture into weights on the face, by the corners' inverse depths a, b, c."""
    total = u * a + v * b + w * c
    return u * a / total, v * b / total, w * c / total


@kernel
def _weights_of(
    number: int,
    column: int,
    row: int,
    numbers: FloatArray,
    points: FloatArray,
    faces: Faces,
    exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32],
    piece_rays: FloatArray,
    sources: NDArray[np.int32],
) -> tuple[int, float, float, float]:
    """The face behind a drawn number, and the pixel's weights on it."""
    if number < faces.shape[0]:
        a, b, c = faces[number, 0], faces[number, 1], faces[number, 2]
        u, v, w = weights_at(exact, a, b, c, float(column), float(row))
        u, v, w = in_space(u, v, w, exact[a, 2], exact[b, 2], exact[c, 2])
        return number, u, v, w
    piece = number - faces.shape[0]
    face = int(np.int64(sources[piece]))
    a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
    x, y, _ = ray_in_piece(numbers, piece_exact, piece_rays, 3 * piece, column, row)
    _, u, v, w = hit_face(numbers, points, a, b, c, x, y)
    return face, u, v, w


@kernel
def draw_surface(
    keys: NDArray[np.int64],
    window: NDArray[np.int64],
    numbers: FloatArray,
    points: FloatArray,
    faces: Faces,
    exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32],
    piece_rays: FloatArray,
    sources: NDArray[np.int32],
    normals: NDArray[np.float32],
    colors: ColorImage,
    uv: NDArray[np.float32],
    texture: ColorImage,
    barycentric: NDArray[np.float32],
    normal: NDArray[np.float32],
    color: NDArray[np.uint8],
) -> None:
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
    columns = window[2] - window[0]
    for row in range(window[1], window[3]):
        for column in range(window[0], window[2]):
            key = keys[(row - window[1]) * columns + column - window[0]]
            if key == 0:
                continue
            face, u, v, w = _weights_of(
                LAST_NUMBER - (key & LAST_NUMBER),
                column,
                row,
                numbers,
                points,
                faces,
                exact,
                piece_exact,
                piece_rays,
                sources,
            )
            a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
            if barycentric.shape[0]:
                barycentric[row, column, 0], barycentric[row, column, 1], barycentric[row, column, 2] = u, v, w
            if normals.shape[0] == 0:
                continue
            nx, ny, nz = _normal_at(numbers, points, normals, a, b, c, u, v, w)
            if normal.shape[0]:
                normal[row, column, 0], normal[row, column, 1], normal[row, column, 2] = nx, ny, nz
            if color.shape[0]:
                red, green, blue = _albedo_at(colors, uv, texture, a, b, c, u, v, w)
                light = 255.0 * _light(nx, ny, nz)
                color[row, column, 0] = np.uint8(min(red * light + 0.5, 255.0))
                color[row, column, 1] = np.uint8(min(green * light + 0.5, 255.0))
                color[row, column, 2] = np.uint8(min(blue * light + 0.5, 255.0))


@kernel
def _normal_at(
    m: FloatArray,
    points: FloatArray,
    normals: NDArray[np.float32],
    a: int,
    b: int,
    c: int,
    u: float,
    v: float,
    w: float,
) -> tuple[float, float, float]:
    """Unit normal in the camera's frame, turned towards the camera; zeros where the vertices have none."""
    x = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
    y = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
    z = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
    length = np.sqrt(x * x + y * y + z * z)
    if length == 0.0:
        return 0.0, 0.0, 0.0
    nx = (m[0] * x + m[1] * y + m[2] * z) / length
    ny = (m[3] * x + m[4] * y + m[5] * z) / length
    nz = (m[6] * x + m[7] * y + m[8] * z) / length
    px, py, pz = to_camera(
        m,
        u * points[0, a] + v * points[0, b] + w * points[0, c],
        u * points[1, a] + v * points[1, b] + w * points[1, c],
        u * points[2, a] + v * points[2, b] + w * points[2, c],
    )
    turn = -1.0 if nx * px + ny * py + nz * pz > 0.0 else 1.0
    return nx * turn, ny * turn, nz * turn


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
    """Base colour in [0, 1]: bilinear texture, else vertex colours, else neutral."""
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
    if colors.shape[0]:
        return (
            (u * colors[a, 0] + v * colors[b, 0] + w * colors[c, 0]) / 255.0,
            (u * colors[a, 1] + v * colors[b, 1] + w * colors[c, 1]) / 255.0,
            (u * colors[a, 2] + v * colors[b, 2] + w * colors[c, 2]) / 255.0,
        )
    return NEUTRAL_ALBEDO, NEUTRAL_ALBEDO, NEUTRAL_ALBEDO


@kernel
def _light(nx: float, ny: float, nz: float) -> float:
    """A lamp at the camera's upper left and a soft sky, in camera axes (y down); the same light as the shaders'."""
    lamp_x, lamp_y, lamp_z = -0.35, -0.45, -0.82
    length = np.sqrt(lamp_x * lamp_x + lamp_y * lamp_y + lamp_z * lamp_z)
    lambert = min(max((nx * lamp_x + ny * lamp_y + nz * lamp_z) / length, 0.0), 1.0)
    return float(0.22 + 0.18 * (0.5 - 0.5 * ny) + 0.65 * lambert)
