"""Evaluation regions: where in the picture a mesh that lacks hair or shoulders can be held to a full-person matte."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import MaskImage, as_array, frozen
from renderkit.computed_once import computed_once
from renderkit.images.mask_bits import WORD, MaskBits
from renderkit.metrics.mask_pair import check_mask, mask_pair

REACH_PX = 32
"""How far from an outline its counterpart is looked for, in px."""


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the picture to score in.

    Attributes:
        mask: (height, width) True inside.
        name: What scores are labelled with.
        why: One sentence for the reader of a report.
    """

    mask: MaskImage
    name: str
    why: str = ""

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the mask is not a bool image.
        """
        check_mask(self.mask, "region")
        object.__setattr__(self, "mask", frozen(self.mask))

    @computed_once
    def bits(self) -> MaskBits:
        """The mask as bits."""
        return MaskBits.pack(self.mask)

    def bits_for(self, shape: tuple[int, ...]) -> MaskBits:
        """Return the region as bits for masks of `shape`.

        Raises:
            ValueError: If the region is of another shape.
        """
        if self.bits.shape != shape:
            raise ValueError(f"region {self.name!r} of shape {self.bits.shape} does not fit masks of shape {shape}")
        return self.bits


class _PackedRegion(Region):
    """A region that is known as bits; its mask is made when somebody asks for it, which no score does."""

    def __init__(self, bits: MaskBits, name: str, why: str) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "why", why)
        # The cached property's place: nobody has to pack what was packed before.
        self.__dict__["bits"] = bits

    @computed_once
    def mask(self) -> MaskImage:
        return frozen(self.bits.unpack())


def polygon_region(polygon: ArrayLike, size: tuple[int, int], name: str = "polygon") -> Region:
    """Return the pixels whose centres lie inside a polygon.

    The inside is what an odd number of edges encloses. A centre that lies exactly on an edge belongs to the polygon
    when the edge is a left or a top one, as in the renderers.

    Args:
        polygon: (N, 2) corners (x, y) in px, N >= 3; (0, 0) is the centre of the top-left pixel.
        size: (width, height) of the picture.
        name: Label.

    Raises:
        ValueError: If there are fewer than three finite corners.
    """
    corners = as_array(polygon, np.float64, (None, 2), "polygon")
    if len(corners) < 3 or not np.isfinite(corners).all():
        raise ValueError(f"polygon: expected at least 3 finite corners, got {len(corners)} corners")
    # Far corners are clamped where their products cannot overflow.
    corners = np.clip(corners, -1e150, 1e150)
    width, height = size
    crossed = np.zeros((height, width + 1), np.bool_)
    edges = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
    downward = np.where((edges[:, 0, 1] > edges[:, 1, 1])[:, None, None], edges[:, ::-1], edges)
    for (x0, y0), (x1, y1) in downward:
        rows = np.arange(np.clip(np.ceil(y0), 0, height), np.clip(np.ceil(y1), 0, height))
        columns = np.ceil(x0 + (rows - y0) * (x1 - x0) / (y1 - y0)) if rows.size else rows
        crossed[rows.astype(np.int64), np.clip(columns, 0, width).astype(np.int64)] ^= True
    mask = np.logical_xor.accumulate(crossed, axis=1)[:, :width]
    return Region(mask, name, "only the inside of the given polygon is scored")


def face_region(landmarks: ArrayLike, size: tuple[int, int]) -> Region:
    """Return the convex hull of the face's landmarks, (L, 2) px with NaN where not detected.

    Raises:
        ValueError: If fewer than three landmarks were detected.
    """
    pixels = as_array(landmarks, np.float64, (None, 2), "landmarks")
    found = pixels[np.isfinite(pixels).all(axis=1)].astype(np.float32)
    if len(found) < 3:
        raise ValueError(f"a face region needs at least 3 detected landmarks, got {len(found)}")
    hull = polygon_region(cv2.convexHull(found).reshape(-1, 2), size, "face")
    return Region(hull.mask, "face", "only the convex hull of the face's landmarks is scored")


def background_edge_region(
    rendered: MaskImage | MaskBits, captured: MaskImage | MaskBits, reach_px: int = REACH_PX
) -> Region:
    """Return the surroundings of the outline that the rendering shares with the captured background.

    A pixel belongs to it when the captured background lies within `reach_px` of it and so does the rendering's outline
    (both in the chessboard distance). A chin in front of a neck or a hairline under hair is thereby left out, and so
    are the captured hair and shoulders that the mesh does not have.
    """
    first, second = _as_bits(rendered, captured)
    _check_reach(reach_px)
    # Within reach of the outline the background of as much around is seen, and nothing else.
    rows, words = _part_around(first, 2 * reach_px + 1)
    outline, background = first.crop(rows, words).boundary(), second.crop(rows, words).complement()
    both = background.grown(reach_px) & outline.grown(reach_px)
    why = f"only where the rendered outline lies within {reach_px} px of the captured background"
    return _region(both, (rows, words), first, "background edge", why)


def mesh_region(rendered: MaskImage | MaskBits, reach_px: int = REACH_PX) -> Region:
    """Return the rendering and its surroundings of `reach_px` (chessboard distance): the mesh's own region."""
    first, _ = _as_bits(rendered, rendered)
    _check_reach(reach_px)
    rows, words = _part_around(first, reach_px)
    why = f"only the mesh's own region and {reach_px} px around it, since the mesh does not cover the whole person"
    return _region(first.crop(rows, words).grown(reach_px), (rows, words), first, "mesh", why)


def default_region(mesh_name: str, rendered: MaskImage | MaskBits, captured: MaskImage | MaskBits) -> Region | None:
    """Return the region that suits a mesh, or None for the whole picture.

    "flame" has neither hair nor shoulders and is held to the outline it shares with the background; "scan" may lack
    hair and clothing and is held to its own surroundings; any other mesh is taken to cover what the matte covers.
    """
    if mesh_name == "flame":
        return background_edge_region(rendered, captured)
    if mesh_name == "scan":
        return mesh_region(rendered)
    return None


def _as_bits(first: MaskImage | MaskBits, second: MaskImage | MaskBits) -> tuple[MaskBits, MaskBits]:
    if isinstance(first, MaskBits) and isinstance(second, MaskBits):
        return first, second
    if isinstance(first, MaskBits) or isinstance(second, MaskBits):
        raise TypeError("masks: expected two images or two packed masks, got one of each")
    one, two = mask_pair(first, second)
    return MaskBits.pack(one), MaskBits.pack(two)


def _part_around(mask: MaskBits, margin_px: int) -> tuple[slice, slice]:
    """Return the rows, and the words of each row, of a mask's bounding box and a margin around it."""
    left, top, right, bottom = mask.box() or (0, 0, 0, 0)
    height, num_words = mask.words.shape
    return (
        slice(max(top - margin_px, 0), min(bottom + margin_px, height)),
        slice(max(left - margin_px, 0) // WORD, min(-(-(right + margin_px) // WORD), num_words)),
    )


def _region(part: MaskBits, where: tuple[slice, slice], like: MaskBits, name: str, why: str) -> Region:
    """Return the region that a part of a picture of the size of `like` holds; there is none elsewhere."""
    whole = np.zeros_like(like.words)
    whole[where] = part.words
    return _PackedRegion(MaskBits(whole, like.width), name, why)


def _check_reach(reach_px: int) -> None:
    if reach_px < 0:
        raise ValueError(f"reach_px: expected at least 0, got {reach_px}")
