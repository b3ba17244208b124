"""Pictures of evidence that joins many views: what agrees and what does not in a view, and who contradicts whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from renderkit.arrays import ColorImage, Pixels
from renderkit.capture import View
from renderkit.images.palette import BACKDROP, CAPTURED, ERROR, FAINT, PANEL, TEXT, Rgb
from renderkit.pictures.drawing import draw_texts, fitted, plain, resized, text_width, wrapped
from renderkit.results.findings import CameraMatrix

if TYPE_CHECKING:
    from renderkit.diagnosis.evidence.kind import ViewMarks

_LONGEST_PX: Final = 1600
_SMALLEST_PX: Final = 640
_CAPTION_PX: Final = 34
_TEXT_PX: Final = 15
_LINE_PX: Final = 20
_DIMMED: Final = 0.6
_SUBPIXEL_BITS: Final = 4
_CELL_PX: Final = 14
_LABEL_PX: Final = 11
_MARGIN_PX: Final = 12


def draw_marks(view: View, marks: ViewMarks) -> ColorImage:
    """Return a view's photograph, or its matte, dimmed, with points and arrows over it and a caption below.

    Raises:
        DatasetError: If the picture cannot be read.
    """
    picture = (_background(view) * np.float32(_DIMMED)).astype(np.uint8)
    size = picture.shape[1], picture.shape[0]
    enlarge = max(1, -(-_SMALLEST_PX // max(size)))
    canvas = np.ascontiguousarray(resized(picture, fitted((size[0] * enlarge, size[1] * enlarge), _LONGEST_PX)))
    scale = np.array([canvas.shape[1] / size[0], canvas.shape[0] / size[1]])
    _dots(canvas, marks.good, scale, CAPTURED, 2)
    for arrow in marks.arrows[np.isfinite(marks.arrows).all(axis=1)]:
        ends = [_fixed((end + 0.5) * scale - 0.5) for end in (arrow[:2], arrow[2:])]
        cv2.line(canvas, ends[0], ends[1], ERROR, 1, cv2.LINE_AA, _SUBPIXEL_BITS)
    _dots(canvas, marks.bad, scale, ERROR, 3)
    if marks.labels:
        canvas = _labelled(canvas, marks, scale)
    return np.concatenate([canvas, _caption(marks.caption, canvas.shape[1])])


def draw_matrix(matrix: CameraMatrix) -> ColorImage:
    """Return a matrix of cameras as coloured cells, rows and columns named; viridis from 0 to the largest value."""
    count, label = len(matrix.cameras), max((text_width(name, 12) for name in matrix.cameras), default=0)
    values = np.nan_to_num(matrix.values)
    levels = np.clip(values / max(float(values.max(initial=0.0)), 1e-9) * 255.0, 0.0, 255.0).astype(np.uint8)
    cells = np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), np.uint8)[:, :, ::-1]
    cells = np.where(np.isnan(matrix.values)[:, :, None], np.array(BACKDROP, np.uint8), cells)
    left, top = label + 2 * _MARGIN_PX, label + 3 * _MARGIN_PX + _CAPTION_PX
    side = count * _CELL_PX
    title = f"{matrix.title}, row by column, 0 to {float(values.max(initial=0.0)):.2f}"
    width = max(left + side + _MARGIN_PX, text_width(title, _TEXT_PX) + 2 * _MARGIN_PX)
    picture = plain((width, top + side + _MARGIN_PX), PANEL)
    picture[top : top + side, left : left + side] = cells.repeat(_CELL_PX, axis=0).repeat(_CELL_PX, axis=1)
    middle = [round((index + 0.5) * _CELL_PX) for index in range(count)]
    rows = [(name, (_MARGIN_PX, top + y), 12, FAINT) for name, y in zip(matrix.cameras, middle, strict=True)]
    above = plain((label + _MARGIN_PX, side), PANEL)
    columns = [(name, (4, side - y), 12, FAINT) for name, y in zip(matrix.cameras, middle, strict=True)]
    turned = np.rot90(draw_texts(above, columns), -1)
    picture[top - turned.shape[0] : top, left : left + side] = turned
    return draw_texts(picture, [(title, (_MARGIN_PX, _CAPTION_PX // 2 + 4), _TEXT_PX, TEXT), *rows])


def _caption(text: str, width: int) -> ColorImage:
    lines = wrapped(text, _TEXT_PX, width - 2 * _MARGIN_PX)
    panel = plain((width, _CAPTION_PX + _LINE_PX * (len(lines) - 1)), PANEL)
    places = [(_MARGIN_PX, _CAPTION_PX // 2 + _LINE_PX * number) for number in range(len(lines))]
    return draw_texts(panel, [(line, place, _TEXT_PX, TEXT) for line, place in zip(lines, places, strict=True)])


def _background(view: View) -> ColorImage:
    if view.image is not None:
        return view.image.decode_color()
    if view.mask is not None:
        gray = view.mask.decode_gray()
        return np.asarray(gray[:, :, None].repeat(3, axis=2) // 3 + np.array(BACKDROP, np.uint8) // 2, np.uint8)
    return plain(view.camera.size, BACKDROP)


def _dots(canvas: ColorImage, points: Pixels, scale: np.ndarray, color: Rgb, radius: int) -> None:
    for point in points[np.isfinite(points).all(axis=1)]:
        center = _fixed((point + 0.5) * scale - 0.5)
        cv2.circle(canvas, center, radius << _SUBPIXEL_BITS, color, -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def _labelled(canvas: ColorImage, marks: ViewMarks, scale: np.ndarray) -> ColorImage:
    """Return the picture with a small text beside each good point."""
    places = np.rint((marks.good + 0.5) * scale + (4.0, -7.0))
    known = np.isfinite(places).all(axis=1)
    at = [(int(x), int(y)) for x, y in places[known]]
    words = [word for word, good in zip(marks.labels, known, strict=True) if good]
    return draw_texts(canvas, [(word, place, _LABEL_PX, TEXT) for word, place in zip(words, at, strict=True)])


def _fixed(point: Pixels) -> tuple[int, int]:
    """Return a point in the fixed-point numbers of OpenCV's drawing."""
    x, y = (round(float(np.clip(value, -1e6, 1e6)) * (1 << _SUBPIXEL_BITS)) for value in point)
    return x, y
