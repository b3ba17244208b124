"""What a pixel's face looks like there: barycentric weights, normal, shaded colour."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage, Faces, FloatArray
from renderkit.compiled import inlined_kernel, kernel
from renderkit.geometry.surface_defaults import NEUTRAL_ALBEDO
from renderkit.renderers.cpu.lens import to_camera
from renderkit.renderers.cpu.resolve import run_end
from renderkit.renderers.cpu.weights import trace_run, weigh_pixels, weigh_rays, weight_planes, weights_on_planes
from renderkit.renderers.cpu.zbuffer import LAST_NUMBER

Look: TypeAlias = tuple[ColorImage, NDArray[np.float32], ColorImage, NDArray[np.int64], NDArray[np.int32], ColorImage]
"""Colours and textures, arrays without rows for what a mesh does not have: (V, 3) vertex colours; (V, 2) texture
coordinates; (N, 3) texels of all textures; (T, 5) for each texture its first texel, width, height, and how it is
continued along u and v (0 repeats, 1 mirrors, 2 clamps); (F,) the texture of each face, no rows when all show the
first; (F, 3) face colours."""

_NEUTRAL = 255.0 * NEUTRAL_ALBEDO

SHEET_ROWS = 7
"""Numbers per pixel of a run: three weights, the normal, the light."""

_LONG_RUN = 12
"""Runs of at least so many pixels are worth going over several times in loops of whole registers."""

_LAMP_LENGTH = math.sqrt(0.35**2 + 0.45**2 + 0.82**2)
_LAMP_X, _LAMP_Y, _LAMP_Z = -0.35 / _LAMP_LENGTH, -0.45 / _LAMP_LENGTH, -0.82 / _LAMP_LENGTH
"""A lamp at the camera's upper left, in camera axes (y down); the same light as the shaders'."""


@kernel
def turn_vertices(
    camera: FloatArray,
    points: FloatArray,
    normals: NDArray[np.float32],
    turned: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Write each vertex's normal and position in the camera's frame, side by side.

    Args:
        camera: The packed camera.
        points: (3, V) world coordinates.
        normals: (V, 3) unit normals in the world.
        turned: (V, 6) receives normal and position.
        first: The first vertex.
        last: The first one that is left alone.
    """
    m = camera
    for i in range(first, last):
        x, y, z = np.float64(normals[i, 0]), np.float64(normals[i, 1]), np.float64(normals[i, 2])
        turned[i, 0] = m[0] * x + m[1] * y + m[2] * z
        turned[i, 1] = m[3] * x + m[4] * y + m[5] * z
        turned[i, 2] = m[6] * x + m[7] * y + m[8] * z
        turned[i, 3], turned[i, 4], turned[i, 5] = to_camera(m, points[0, i], points[1, i], points[2, i])


@kernel
def draw_surface(
    keys: NDArray[np.int64], window: NDArray[np.int64],
    camera: FloatArray, points: FloatArray, faces: Faces, exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
    turned: NDArray[np.float32], look: Look,
    sheet: FloatArray,
    barycentric: NDArray[np.float32], normal: NDArray[np.float32], color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill the covered pixels of one band.

    Args:
        keys: (rows * columns,) the band's keys.
        window: (4,) x0, y0, x1, y1 of the band in px.
        camera: The packed camera.
        points: (3, V) world coordinates.
        faces: (F, 3).
        exact: (V, 3) u, v in px and 1 / z.
        piece_exact: (3 M, 3) likewise, of the pieces' corners.
        piece_rays: (3 M, 2) their undistorted normalised coordinates.
        sources: (M,) source face of each piece.
        turned: (V, 6) from `turn_vertices`; no rows when only weights are wanted.
        look: Colours and textures.
        sheet: (SHEET_ROWS, columns) scratch.
        barycentric: (height, width, 3) or no rows when not wanted.
        normal: (height, width, 3) or no rows.
        color: (height, width, 3) or no rows.
    """
    columns = window[2] - window[0]
    for row in range(window[1], window[3]):
        start = (row - window[1]) * columns
        _draw_row(
            keys[start : start + columns], row, window[0],
            camera, points, faces, exact, piece_exact, piece_rays, sources,
            turned, look, sheet, barycentric, normal, color,
        )  # fmt: skip


@kernel
def _draw_row(
    line: NDArray[np.int64], row: int, left: int,
    camera: FloatArray, points: FloatArray, faces: Faces, exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
    turned: NDArray[np.float32], look: Look,
    sheet: FloatArray,
    barycentric: NDArray[np.float32], normal: NDArray[np.float32], color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill the covered pixels of one row, `line` being its keys from column `left` on."""
    last, i = -1, 0
    while i < line.shape[0]:
        if line[i] == 0:
            i += 1
            continue
        number = LAST_NUMBER - (line[i] & LAST_NUMBER)
        probe = i + _LONG_RUN - 1
        if number >= faces.shape[0] or (
            probe < line.shape[0] and number == LAST_NUMBER - (line[probe] & LAST_NUMBER) and number != last
        ):
            end = run_end(line, i)
            _draw_run(
                number, left + i, left + end, row, camera, points, faces, exact, piece_exact, piece_rays, sources,
                turned, look, sheet, barycentric, normal, color,
            )  # fmt: skip
            i = end
            continue
        if number != last:
            last, first = number, i
            a, b, c = np.uint32(faces[number, 0]), np.uint32(faces[number, 1]), np.uint32(faces[number, 2])
            planes = weight_planes(exact, a, b, c, left + i, row)
        u, v, w = weights_on_planes(planes, i - first)
        _draw_pixel(left + i, row, number, a, b, c, u, v, w, turned, look, barycentric, normal, color)
        i += 1


@inlined_kernel
def _draw_pixel(
    column: int, row: int, face: int, a: np.uint32, b: np.uint32, c: np.uint32, u: float, v: float, w: float,
    turned: NDArray[np.float32], look: Look,
    barycentric: NDArray[np.float32], normal: NDArray[np.float32], color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill one pixel that sees the face, of the vertices a, b and c, with the weights u, v, w."""
    if barycentric.shape[0]:
        barycentric[row, column, 0], barycentric[row, column, 1], barycentric[row, column, 2] = u, v, w
    if turned.shape[0]:
        x, y, z = _normal_at(turned, a, b, c, u, v, w)
        if normal.shape[0]:
            normal[row, column, 0], normal[row, column, 1], normal[row, column, 2] = x, y, z
        if color.shape[0]:
            red, green, blue = _albedo_at(look, face, a, b, c, u, v, w)
            light = _light(x, y, z)
            color[row, column, 0] = _byte(red * light)
            color[row, column, 1] = _byte(green * light)
            color[row, column, 2] = _byte(blue * light)


@kernel
def _draw_run(
    number: int, column: int, end: int, row: int,
    camera: FloatArray, points: FloatArray, faces: Faces, exact: NDArray[np.float32],
    piece_exact: NDArray[np.float32], piece_rays: FloatArray, sources: NDArray[np.int32],
    turned: NDArray[np.float32], look: Look,
    sheet: FloatArray,
    barycentric: NDArray[np.float32], normal: NDArray[np.float32], color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill a run of pixels of one face or piece, one property after the other."""
    piece, count = number - faces.shape[0], end - column
    face = number if piece < 0 else int(np.int64(sources[piece]))
    a, b, c = np.uint32(faces[face, 0]), np.uint32(faces[face, 1]), np.uint32(faces[face, 2])
    us, vs, ws = sheet[0, :count], sheet[1, :count], sheet[2, :count]
    xs, ys, zs = sheet[3, :count], sheet[4, :count], sheet[5, :count]
    if piece < 0:
        weigh_pixels(exact, a, b, c, column, row, us, vs, ws)
    else:
        trace_run(camera, piece_exact, piece_rays, 3 * piece, column, row, us, vs, ws)
        weigh_rays(camera, points, a, b, c, us, vs, ws)
    if barycentric.shape[0]:
        _write(barycentric[row, column:end], us, vs, ws)
    if turned.shape[0]:
        for i in range(count):
            xs[i], ys[i], zs[i] = _normal_at(turned, a, b, c, us[i], vs[i], ws[i])
    if normal.shape[0]:
        _write(normal[row, column:end], xs, ys, zs)
    if color.shape[0]:
        _shade(a, b, c, sheet[:, :count], face, look, color[row, column:end])


@kernel
def _shade(
    a: np.uint32, b: np.uint32, c: np.uint32, sheet: FloatArray,
    face: int, look: Look, color: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write the colours of a run whose weights and normals are known."""
    us, vs, ws, lights = sheet[0], sheet[1], sheet[2], sheet[6]
    for i in range(us.shape[0]):
        lights[i] = _light(sheet[3, i], sheet[4, i], sheet[5, i])
    if look[0].shape[0] or look[3].shape[0] or look[5].shape[0]:
        for i in range(us.shape[0]):
            red, green, blue = _albedo_at(look, face, a, b, c, us[i], vs[i], ws[i])
            light = lights[i]
            color[i, 0], color[i, 1], color[i, 2] = _byte(red * light), _byte(green * light), _byte(blue * light)
    else:
        for i in range(us.shape[0]):
            gray = _byte(_NEUTRAL * lights[i])
            color[i, 0], color[i, 1], color[i, 2] = gray, gray, gray


@inlined_kernel
def _write(image: NDArray[np.float32], xs: FloatArray, ys: FloatArray, zs: FloatArray) -> None:
    for i in range(xs.shape[0]):
        image[i, 0], image[i, 1], image[i, 2] = xs[i], ys[i], zs[i]


@inlined_kernel
def _normal_at(
    turned: NDArray[np.float32], a: np.uint32, b: np.uint32, c: np.uint32, u: float, v: float, w: float
) -> tuple[float, float, float]:
    """Unit normal in the camera's frame, turned towards the camera; zeros where the vertices have none."""
    x = u * turned[a, 0] + v * turned[b, 0] + w * turned[c, 0]
    y = u * turned[a, 1] + v * turned[b, 1] + w * turned[c, 1]
    z = u * turned[a, 2] + v * turned[b, 2] + w * turned[c, 2]
    px = u * turned[a, 3] + v * turned[b, 3] + w * turned[c, 3]
    py = u * turned[a, 4] + v * turned[b, 4] + w * turned[c, 4]
    pz = u * turned[a, 5] + v * turned[b, 5] + w * turned[c, 5]
    length2 = x * x + y * y + z * z
    scale = 1.0 / np.sqrt(length2) if length2 > 0.0 else 0.0
    scale = -scale if x * px + y * py + z * pz > 0.0 else scale
    return x * scale, y * scale, z * scale


@inlined_kernel
def _light(x: float, y: float, z: float) -> float:
    """Lambert's law for the lamp, and a soft sky."""
    lambert = x * _LAMP_X + y * _LAMP_Y + z * _LAMP_Z
    return 0.22 + 0.18 * (0.5 - 0.5 * y) + 0.65 * min(max(lambert, 0.0), 1.0)


@inlined_kernel
def _albedo_at(
    look: Look, face: int,
    a: np.uint32, b: np.uint32, c: np.uint32, u: float, v: float, w: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Base colour, 0 to 255: bilinear texture, else vertex colours, else the face's colour, else neutral."""
    colors, uv, texels, table, face_textures, face_colors = look
    red, green, blue = _NEUTRAL, _NEUTRAL, _NEUTRAL
    shown = -1
    if table.shape[0]:
        shown = int(np.int64(face_textures[face])) if face_textures.shape[0] else 0
    if shown >= 0:
        s = u * uv[a, 0] + v * uv[b, 0] + w * uv[c, 0]
        t = u * uv[a, 1] + v * uv[b, 1] + w * uv[c, 1]
        red, green, blue = _texel(texels, table[shown], s, t)
    elif colors.shape[0]:
        red = u * colors[a, 0] + v * colors[b, 0] + w * colors[c, 0]
        green = u * colors[a, 1] + v * colors[b, 1] + w * colors[c, 1]
        blue = u * colors[a, 2] + v * colors[b, 2] + w * colors[c, 2]
    elif face_colors.shape[0]:
        red, green, blue = float(face_colors[face, 0]), float(face_colors[face, 1]), float(face_colors[face, 2])
    return red, green, blue


@inlined_kernel
def _byte(value: float) -> np.uint8:
    return np.uint8(np.int32(min(value + 0.5, 255.0)))


@kernel
def _texel(texels: ColorImage, place: NDArray[np.int64], s: float, t: float) -> tuple[float, float, float]:
    """Colour, 0 to 255, of the four nearest texels at texture coordinates whose t runs up; `place` is a table's row."""
    first, width, height = place[0], place[1], place[2]
    x, y = s * width - 0.5, (1.0 - t) * height - 0.5
    left, top = np.floor(x), np.floor(y)
    fx, fy = x - left, y - top
    x0, x1 = _wrapped(int(np.int64(left)), width, place[3]), _wrapped(int(np.int64(left)) + 1, width, place[3])
    y0, y1 = _wrapped(int(np.int64(top)), height, place[4]), _wrapped(int(np.int64(top)) + 1, height, place[4])
    w00, w01, w10, w11 = (1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy
    # Unsigned: a signed index costs a test for negative ones.
    above, below = first + y0 * width, first + y1 * width
    i00, i01, i10, i11 = np.uint64(above + x0), np.uint64(above + x1), np.uint64(below + x0), np.uint64(below + x1)
    red = w00 * texels[i00, 0] + w01 * texels[i01, 0] + w10 * texels[i10, 0] + w11 * texels[i11, 0]
    green = w00 * texels[i00, 1] + w01 * texels[i01, 1] + w10 * texels[i10, 1] + w11 * texels[i11, 1]
    blue = w00 * texels[i00, 2] + w01 * texels[i01, 2] + w10 * texels[i10, 2] + w11 * texels[i11, 2]
    return red, green, blue


@inlined_kernel
def _wrapped(index: int, size: int, wrap: int) -> int:
    """Which of `size` texels an index means: 0 repeats, 1 mirrors, 2 clamps."""
    inside = index
    if index < 0 or index >= size:
        if wrap == 2:
            inside = 0 if index < 0 else size - 1
        elif wrap == 0:
            inside = index % size
        else:
            turned = index % (2 * size)
            inside = min(turned, 2 * size - 1 - turned)
    return inside
