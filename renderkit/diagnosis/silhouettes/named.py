"""A camera that stands out by its matte, and what explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Cause: TypeAlias = Literal["shift", "roll", "swapped", "gross", "focal length", "matte edge", "matte piece"]

MATTE_CAUSES: Final = frozenset({"matte edge", "matte piece"})


@dataclass(frozen=True)
class Named:
    """A camera that stands out.

    Attributes:
        camera: Its index.
        cause: What explains it; "matte ..." means that the calibration is not to blame.
        shift: (dx, dy) px by which its picture lies beside its calibration.
        error: Standard errors of both.
        amount: Edge offset in px, relative error of the focal length, positive where it is too long, or a turn of the
            picture in px RMS along its contour.
        partner: Index of the camera whose matte it has; -1 if none.
        is_unclear: Its matte's edge and its focal length explain it nearly alike; or its turn is not known well.
        as_written: Whether it is off from its calibration as written as well, where all pictures are displaced alike.
        turn: Turn of the picture, clockwise, and its standard error, rad.
    """

    camera: int
    cause: Cause
    shift: tuple[float, float]
    error: tuple[float, float]
    amount: float = 0.0
    partner: int = -1
    is_unclear: bool = False
    as_written: bool = True
    turn: tuple[float, float] = (0.0, 0.0)
