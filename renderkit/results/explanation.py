"""Why a camera stands out, as far as the evidence goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Measure: TypeAlias = Literal["px", "1 - IoU"]


@dataclass(frozen=True)
class CameraExplanation:
    """The likeliest cause of one camera's disagreement.

    Attributes:
        camera: Camera name.
        mesh: Mesh name.
        cause: Short name: "swapped calibration", "shift", "scale", "shift and roll", ...; "unexplained" when no usual
            slip makes the camera like the others.
        sentence: What is wrong, with numbers.
        before: The camera's disagreement as it is: median landmark error in px, or 1 - IoU.
        after: What would be left without the cause; NaN when it is unexplained.
        measure: "px" or "1 - IoU".
    """

    camera: str
    mesh: str
    cause: str
    sentence: str
    before: float
    after: float
    measure: Measure

    @property
    def text(self) -> str:
        """The sentence on its own: with a capital and a full stop."""
        return f"{self.sentence[:1].upper()}{self.sentence[1:]}."

    def __str__(self) -> str:
        """Say it in one line."""
        return f"camera {self.camera}: {self.sentence}"
