"""The evaluation region as people ask for it: the face, the edge to the background, a polygon, a picture file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import MaskImage
from renderkit.errors import DatasetError
from renderkit.geometry.landmarks import Landmarks
from renderkit.images.encoded import EncodedImage
from renderkit.images.mask_bits import MaskBits
from renderkit.metrics.region import Region, background_edge_region, face_region, mesh_region, polygon_region

RegionKind: TypeAlias = Literal["face", "background-edge", "mesh", "image", "polygon", "file"]
_NAMED: tuple[RegionKind, ...] = ("face", "background-edge", "mesh", "image")
_POINT = r"-?[0-9]+(?:\.[0-9]+)?,-?[0-9]+(?:\.[0-9]+)?"
_POLYGON = re.compile(rf"{_POINT}(?:\s+{_POINT}){{2,}}")


@dataclass(frozen=True)
class RegionChoice:
    """Where in the picture masks and contours are compared, in every view.

    Attributes:
        kind: "face": the hull of the detected landmarks; "background-edge": where the rendered outline lies next to the
            captured background; "mesh": the rendering and its surroundings; "image": everywhere; "polygon", "file".
        corners: Of a polygon, (x, y) in px.
        path: Of a picture in which regions are white; it has the size of the views.
    """

    kind: RegionKind
    corners: tuple[tuple[float, float], ...] = ()
    path: Path | None = None

    @classmethod
    def parse(cls, text: str) -> RegionChoice:
        """Read "face", "background-edge", "mesh", "image", a polygon "10,20 300,20 150,400", or a picture's path.

        Raises:
            ValueError: If it is none of these, or there is no such file.
        """
        for name in _NAMED:
            if text == name:
                return cls(name)
        if _POLYGON.fullmatch(text.strip()):
            points = [tuple(map(float, point.split(","))) for point in text.split()]
            return cls("polygon", tuple((x, y) for x, y in points))
        if not Path(text).is_file():
            raise ValueError(
                f"region {text!r}: expected {', '.join(_NAMED)}, a polygon such as '10,20 300,20 150,400', "
                "or a picture file that is there"
            )
        return cls("file", path=Path(text))

    def __str__(self) -> str:
        """Say it as it is typed."""
        if self.kind == "polygon":
            return " ".join(f"{x:g},{y:g}" for x, y in self.corners)
        return str(self.path) if self.kind == "file" else self.kind

    def of_view(self, rendered: MaskBits, captured: MaskBits, landmarks: Landmarks | None) -> Region | None:
        """Return the region in one view; None is everywhere.

        Args:
            rendered: Rendered mask.
            captured: Captured mask.
            landmarks: Detected landmarks in px of that picture, or None.

        Raises:
            ValueError: If the view has no face to find the region by.
            DatasetError: If the picture cannot be read or has another size.
        """
        size = rendered.width, rendered.shape[0]
        if self.kind == "face":
            if landmarks is None:
                raise ValueError("the region 'face' needs detected landmarks, and this view has none")
            return face_region(np.where(landmarks.valid[:, None], landmarks.points, np.nan), size)
        if self.kind == "background-edge":
            return background_edge_region(rendered, captured)
        if self.kind == "mesh":
            return mesh_region(rendered)
        if self.kind == "polygon":
            return polygon_region(self.corners, size)
        if self.kind == "file" and self.path is not None:
            return Region(_read_mask(self.path, size), self.path.name, "only where the given picture is white")
        return None


@lru_cache(maxsize=4)
def _read_mask(path: Path, size: tuple[int, int]) -> MaskImage:
    picture = EncodedImage.from_file(path).fetched()
    found = picture.read_size()
    if found != size:
        why = f"the region's picture is {found[0]} x {found[1]} px, the view {size[0]} x {size[1]}"
        raise DatasetError(path, None, why)
    mask: MaskImage = picture.decode_matte().alpha >= 128
    return mask
