"""Points put into the pixels of a matte and of a coarse grid, compiled."""

from __future__ import annotations

from renderkit.arrays import AlphaImage, BoolArray, Pixels
from renderkit.compiled import kernel


@kernel
def mark_cells(
    drawn: Pixels, matte_from_px: tuple[float, float], matte: BoolArray, grid: tuple[float, int], marks: AlphaImage
) -> tuple[int, int]:
    """Mark the cells of a grid into which points fall.

    Args:
        drawn: (N, 2) px of the picture; NaN for what is not seen.
        matte_from_px: Scales along x and y from px, counted from the corner of the picture, to px of the matte.
        matte: (h, w) the matte; points beside it are left out.
        grid: Cells of the grid for one px of the matte, and how many cells lie around the grid.
        marks: (rows + 2 margin, columns + 2 margin) receives 1 where a point falls.

    Returns:
        How many points fall into the matte's picture, and how many of them inside the matte.
    """
    height, width = matte.shape
    scale_x, scale_y = matte_from_px
    coarse, margin = grid
    seen, inside = 0, 0
    for i in range(drawn.shape[0]):
        x, y = (drawn[i, 0] + 0.5) * scale_x, (drawn[i, 1] + 0.5) * scale_y
        if not (x >= 0.0 and x < width and y >= 0.0 and y < height):
            continue
        column, row = int(x), int(y)
        seen += 1
        inside += 1 if matte[row, column] else 0
        marks[int(row * coarse) + margin, int(column * coarse) + margin] = 1
    return seen, inside
