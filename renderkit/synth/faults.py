"""Faults that can be planted in a synthetic capture: what is written differs from what took the pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.selection import SelectionError, check_selection, select, shortened, split_unescaped

FaultPlace: TypeAlias = Literal["calibration", "pair", "picture"]


@dataclass(frozen=True, eq=False)
class WrittenCalibration:
    """The numbers that go to disk; a fault may make them describe no real camera.

    Attributes:
        K: (3, 3) intrinsics.
        D: (5,) k1 k2 p1 p2 k3.
        world_from_cam: (4, 4); its inverse goes to disk where a dataset stores world-to-camera.
    """

    K: FloatArray
    D: FloatArray
    world_from_cam: FloatArray

    @classmethod
    def of(cls, camera: Camera) -> WrittenCalibration:
        """Return the true numbers of a camera with at most five distortion coefficients."""
        coefficients = np.zeros(5)
        given = camera.distortion.coefficients
        coefficients[: given.size] = given
        return cls(camera.K.copy(), coefficients, camera.cam_from_world.inverse().matrix)

    @property
    def cam_from_world(self) -> FloatArray:
        """(4, 4) world-to-camera."""
        return np.asarray(np.linalg.inv(self.world_from_cam), dtype=np.float64)


@dataclass(frozen=True)
class FaultKind:
    """One entry of the registry.

    Attributes:
        name: What the command line calls it.
        place: Whether it changes one camera's calibration, exchanges two, or changes the picture.
        meaning: One sentence for people.
        change: Plants it in one camera's calibration, given the amount (millimetres as world units); None elsewhere.
        amount: The default amount; 0 where it has none.
        unit: Unit of the amount; "" where it has none.
    """

    name: str
    place: FaultPlace
    meaning: str
    change: Callable[[WrittenCalibration, float], WrittenCalibration] | None = None
    amount: float = 0.0
    unit: str = ""


@dataclass(frozen=True)
class Fault:
    """A fault to plant.

    Attributes:
        name: A name of FAULTS.
        cameras: Parts of a selection of cameras (docs/selection.md), such as ("18-32",) or ("all",); two cameras for a
            "pair" fault. Names only once it is resolved.
        amount: How much, in the kind's unit.
    """

    name: str
    cameras: tuple[str, ...]
    amount: float

    @property
    def kind(self) -> FaultKind:
        """The registry's entry."""
        return FAULTS[self.name]


_AMOUNT_CHARACTERS = frozenset("+-0123456789.eE")
_MAX_AMOUNT = 32


def parse_fault(text: str) -> Fault:
    """Read `NAME@CAMERAS[=AMOUNT]`, such as "rotated@25=0.3", "swapped@25,28" or "half-pixel@18-32".

    Raises:
        ValueError: If the text is not of that form, the name is unknown, the cameras are no selection, or the amount
            is not a number.
    """
    name, at, rest = text.strip().partition("@")
    shown = shortened(text)
    if not at or name not in FAULTS:
        raise ValueError(f"fault {shown!r}: expected NAME@CAMERAS[=AMOUNT] with NAME one of {', '.join(FAULTS)}")
    kind = FAULTS[name]
    selection, *amounts = split_unescaped(rest, "=")
    if len(amounts) > 1:
        raise ValueError(f"fault {shown!r}: expected one amount after =; write \\= in a camera's name")
    cameras = tuple(part.strip() for part in split_unescaped(selection, ","))
    try:
        check_selection(cameras)
    except SelectionError as error:
        raise ValueError(f"fault {shown!r}: {error}") from error
    return Fault(kind.name, cameras, _amount(amounts[0], shown) if amounts else kind.amount)


def _amount(text: str, fault: str) -> float:
    amount = math.nan
    if len(text) <= _MAX_AMOUNT and _AMOUNT_CHARACTERS.issuperset(text):
        with suppress(ValueError):
            amount = float(text)
    if not math.isfinite(amount):
        raise ValueError(f"fault {fault!r}: the amount {shortened(text)!r} is not a number")
    return amount


def resolve_faults(faults: Sequence[Fault], cameras: Sequence[str]) -> tuple[Fault, ...]:
    """Replace selections by the cameras' names.

    Raises:
        ValueError: If a camera does not exist, a pair is not a pair, or a ratio is out of bounds.
    """
    resolved = []
    for fault in faults:
        try:
            names = select(fault.cameras, cameras)
        except SelectionError as error:
            raise ValueError(f"fault {fault.name}: {error}") from error
        if fault.kind.place == "pair" and len(names) != 2:
            raise ValueError(f"fault {fault.name}: expected two different cameras, got {', '.join(names)}")
        if fault.name in {"scaled-focal", "resized"} and not 0.01 <= fault.amount <= 10.0:
            raise ValueError(f"fault {fault.name}: expected a ratio of 0.01 to 10, got {fault.amount:g}")
        resolved.append(replace(fault, cameras=names))
    return tuple(resolved)


def plant(cameras: Mapping[str, Camera], faults: Sequence[Fault], units_per_mm: float) -> dict[str, WrittenCalibration]:
    """Return what is to be written for each camera.

    Args:
        cameras: The true cameras.
        faults: Resolved faults, planted in order; those of the picture change nothing here.
        units_per_mm: World units in a millimetre.
    """
    written = {name: WrittenCalibration.of(camera) for name, camera in cameras.items()}
    for fault in faults:
        if fault.kind.place == "pair":
            first, second = fault.cameras
            written[first], written[second] = written[second], written[first]
        elif fault.kind.change is not None:
            amount = fault.amount * units_per_mm if fault.kind.unit == "mm" else fault.amount
            for name in fault.cameras:
                written[name] = fault.kind.change(written[name], amount)
    return written


def picture_fault(faults: Sequence[Fault], name: str, camera: str) -> float | None:
    """Return the amount of a picture fault that is planted in a camera, None if it is not."""
    amounts = [fault.amount for fault in faults if fault.name == name and camera in fault.cameras]
    return amounts[-1] if amounts else None


def _moved_in_camera(written: WrittenCalibration, step: Pose) -> WrittenCalibration:
    return replace(written, world_from_cam=written.world_from_cam @ step.matrix)


def _rotated(written: WrittenCalibration, degrees: float) -> WrittenCalibration:
    return _moved_in_camera(written, Pose.from_rotation_vector([0.0, np.deg2rad(degrees), 0.0], np.zeros(3)))


def _rolled(written: WrittenCalibration, degrees: float) -> WrittenCalibration:
    return _moved_in_camera(written, Pose.from_rotation_vector([0.0, 0.0, np.deg2rad(degrees)], np.zeros(3)))


def _translated(written: WrittenCalibration, distance: float) -> WrittenCalibration:
    return _moved_in_camera(written, Pose(np.eye(3), np.array([distance, 0.0, 0.0])))


def _shifted(written: WrittenCalibration, pixels: float) -> WrittenCalibration:
    return _with_principal_point(written, np.array([0.8, 0.6]) * pixels)


def _half_pixel(written: WrittenCalibration, pixels: float) -> WrittenCalibration:
    return _with_principal_point(written, np.array([pixels, pixels]))


def _with_principal_point(written: WrittenCalibration, offset: FloatArray) -> WrittenCalibration:
    K = written.K.copy()
    K[:2, 2] += offset
    return replace(written, K=K)


def _scaled_focal(written: WrittenCalibration, ratio: float) -> WrittenCalibration:
    K = written.K.copy()
    K[:2, :2] *= ratio
    return replace(written, K=K)


def _no_distortion(written: WrittenCalibration, _: float) -> WrittenCalibration:
    return replace(written, D=np.zeros(5))


def _distortion_order(written: WrittenCalibration, _: float) -> WrittenCalibration:
    return replace(written, D=written.D[[0, 1, 4, 2, 3]])


def _flipped_distortion(written: WrittenCalibration, _: float) -> WrittenCalibration:
    return replace(written, D=written.D * np.array([-1.0, -1.0, 1.0, 1.0, -1.0]))


def _inverted(written: WrittenCalibration, _: float) -> WrittenCalibration:
    return replace(written, world_from_cam=written.cam_from_world)


def _gl_axes(written: WrittenCalibration, _: float) -> WrittenCalibration:
    return replace(written, world_from_cam=written.world_from_cam @ np.diag([1.0, -1.0, -1.0, 1.0]))


def _scaled_translation(written: WrittenCalibration, ratio: float) -> WrittenCalibration:
    matrix = written.world_from_cam.copy()
    matrix[:3, 3] *= ratio
    return replace(written, world_from_cam=matrix)


_KINDS = (
    FaultKind(
        "rotated",
        "calibration",
        "The written camera is turned to its right about its own centre.",
        _rotated,
        amount=0.3,
        unit="deg",
    ),
    FaultKind(
        "rolled", "calibration", "The written camera is rolled about its optical axis.", _rolled, amount=1.0, unit="deg"
    ),
    FaultKind(
        "translated",
        "calibration",
        "The written camera centre lies to the right of the true one.",
        _translated,
        amount=5.0,
        unit="mm",
    ),
    FaultKind(
        "shifted",
        "calibration",
        "The written principal point is shifted, 0.8 across and 0.6 down.",
        _shifted,
        amount=2.0,
        unit="px",
    ),
    FaultKind(
        "half-pixel",
        "calibration",
        "The written principal point counts from the pixel's corner.",
        _half_pixel,
        amount=0.5,
        unit="px",
    ),
    FaultKind(
        "scaled-focal",
        "calibration",
        "The written focal length is the true one times this.",
        _scaled_focal,
        amount=1.01,
        unit="ratio",
    ),
    FaultKind("no-distortion", "calibration", "The written distortion is all zeros; the lens bends.", _no_distortion),
    FaultKind(
        "distortion-order", "calibration", "Written as k1 k2 k3 p1 p2 where k1 k2 p1 p2 k3 is meant.", _distortion_order
    ),
    FaultKind("flipped-distortion", "calibration", "The radial coefficients have the wrong sign.", _flipped_distortion),
    FaultKind("inverted-extrinsics", "calibration", "The extrinsics are written in the other direction.", _inverted),
    FaultKind("gl-axes", "calibration", "The extrinsics have OpenGL's camera axes (y up, z backward).", _gl_axes),
    FaultKind(
        "scaled-translation",
        "calibration",
        "The written translation has another unit.",
        _scaled_translation,
        amount=1000.0,
        unit="ratio",
    ),
    FaultKind("swapped", "pair", "Two cameras have each other's calibration."),
    FaultKind("resized", "picture", "The picture was resized by this; K was not.", amount=0.5, unit="ratio"),
    FaultKind("mirrored", "picture", "The picture is flipped left to right."),
    FaultKind(
        "frame-offset", "picture", "The camera's pictures come from this many frames later.", amount=1.0, unit="frame"
    ),
)

FAULTS: Mapping[str, FaultKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""All faults by name."""
