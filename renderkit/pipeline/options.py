"""What to validate and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from renderkit.arguments import as_number, refused
from renderkit.results.diagnosis import ALPHA

if TYPE_CHECKING:
    from renderkit.boards.board import Board
    from renderkit.pipeline.region_choice import RegionChoice

DEFAULT_MATTE_THRESHOLD = 0.5
"""Alpha from which a matte's pixel counts as inside."""

PREFERRED_MESHES = ("scan", "flame")
"""Which mesh of a frame is validated when none is named: the first of these that it has, else the first it has."""


@dataclass(frozen=True)
class ValidationOptions:
    """What to validate and how; the renderer is chosen apart from it.

    Attributes:
        frames: Frame ids, or None for all.
        cameras: Camera names, or None for all.
        meshes: Mesh names, each a row of its own; () takes one mesh per frame, see `PREFERRED_MESHES`.
        matte_threshold: Alpha in (0, 1] from which a matte's pixel counts as inside.
        undistort: Resample pictures and mattes into the ideal pinhole and render without distortion, the classic way,
            instead of rendering into the raw picture.
        undistorted_mattes: The mattes belong to undistorted pictures already: they are used as they are, only the
            photographs and landmarks are undistorted. Needs `undistort`.
        metrics: Groups of metrics beside the standard ones; they cost time.
        region: Where masks and contours are compared; None compares masks everywhere and contours where it suits the
            mesh.
        evidence: What the rig is judged by: "mesh", and the names of `renderkit.diagnosis.evidence`. Without "mesh"
            no mesh is rendered.
        board: The calibration board that the photographs show.
        false_alarms: Probability that a rig without fault has a camera named.

    Example:
        >>> import renderkit as rk
        >>> rk.ValidationOptions(cameras=("25", "28")).as_text()["cameras"]
        '25,28'
    """

    frames: tuple[str, ...] | None = None
    cameras: tuple[str, ...] | None = None
    meshes: tuple[str, ...] = ()
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD
    undistort: bool = False
    undistorted_mattes: bool = False
    metrics: tuple[str, ...] = ()
    region: RegionChoice | None = None
    evidence: tuple[str, ...] = ("mesh",)
    board: Board | None = None
    false_alarms: float = ALPHA

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ValueError: If the threshold is not in (0, 1], false_alarms not between 0 and 1, or mattes are undistorted
                where pictures are not to be.
        """
        for name in ("frames", "cameras"):
            chosen = getattr(self, name)
            if isinstance(chosen, str) or not (chosen is None or isinstance(chosen, tuple | list)):
                raise refused(name, "a tuple of names, or None for all", chosen)
        if not 0.0 < as_number("matte_threshold", self.matte_threshold) <= 1.0:
            raise ValueError(f"matte_threshold: expected a value in (0, 1], got {self.matte_threshold:g}")
        if not 0.0 < as_number("false_alarms", self.false_alarms) < 1.0:
            raise ValueError(f"false_alarms: expected a probability between 0 and 1, got {self.false_alarms:g}")
        if self.undistorted_mattes and not self.undistort:
            raise ValueError("undistorted_mattes: mattes of undistorted pictures can only be scored with undistort")

    def as_text(self) -> Mapping[str, str]:
        """Return the options that decide the numbers, for a report."""
        return {
            "frames": "all" if self.frames is None else ",".join(self.frames),
            "cameras": "all" if self.cameras is None else ",".join(self.cameras),
            "meshes": ",".join(self.meshes) or f"first of {', '.join(PREFERRED_MESHES)}",
            "matte_threshold": f"{self.matte_threshold:g}",
            "undistort": ("yes, but not the mattes" if self.undistorted_mattes else "yes") if self.undistort else "no",
            **({"metrics": f"standard, {', '.join(self.metrics)}"} if self.metrics else {}),
            **({"region": str(self.region)} if self.region else {}),
            **({"evidence": ", ".join(self.evidence)} if self.evidence != ("mesh",) else {}),
            **({"board": self.board.spec} if self.board else {}),
            **({"false_alarms": f"{self.false_alarms:g}"} if self.false_alarms != ALPHA else {}),
        }
