"""Lint of the extrinsics: read the wrong way round, with another program's axes, in another unit, or looking away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.convergence import GOOD_ANGLE_DEG, READINGS, ReadExtrinsics, Reading, read_every_way
from renderkit.diagnosis.lint_finding import Finding
from renderkit.formats.as_stated import RawCamera
from renderkit.geometry.convergence import converge
from renderkit.geometry.rig import Unit
from renderkit.wording import counted

MIN_CAMERAS = 3
BAD_ANGLE_DEG = 20.0
AWAY_DEG = 30.0
SPREAD_FACTOR = 8.0
UNIT_RATIO = 100.0
CLEARLY = 0.5
"""Another way of reading is right where the cameras then look past their meeting point by less than this share."""

PLAUSIBLE_M = (0.05, 50.0)
_CODES: dict[Reading, str] = {
    "inverted": "extrinsics-inverted",
    "OpenGL axes": "extrinsics-opengl-axes",
    "inverted, OpenGL axes": "extrinsics-inverted-opengl-axes",
}
_ADVICE: dict[Reading, str] = {
    "inverted": "camera-to-world was read as world-to-camera (or the reverse): invert R|t",
    "OpenGL axes": "OpenGL camera axes were read as OpenCV's: multiply by diag(1, -1, -1) on the camera's side",
    "inverted, OpenGL axes": "OpenGL camera-to-world was read as OpenCV world-to-camera: invert, then diag(1, -1, -1)",
}


def lint_directions(cameras: Sequence[RawCamera], unit: Unit) -> Iterator[Finding]:
    """Yield findings about where the cameras look; needs three cameras whose axes meet under some reading."""
    usable = [camera for camera in cameras if _is_rigid(camera)]
    if len(usable) < MIN_CAMERAS:
        return
    readings = read_every_way(np.array([camera.cam_from_world for camera in usable]))
    given = readings["as given"]
    best = min((readings[name] for name in READINGS), key=lambda one: one.convergence.median_angle_deg)
    if given.is_good:
        yield from _cameras_that_look_away(usable, readings)
        yield from _units(usable, given, unit)
    elif given.convergence.median_angle_deg > BAD_ANGLE_DEG and _is_center(usable, best):
        yield _center_for_translation(usable, best)
    elif best.is_good and given.convergence.median_angle_deg > BAD_ANGLE_DEG:
        yield _read_wrongly(readings, best.reading, len(usable))
    else:
        evidence = f"the optical axes meet in no common point ({_angles_text(readings)})"
        advice = "right for rigs that look outwards or ahead; directions and units were not checked"
        yield Finding("info", "axes-do-not-meet", None, evidence, advice)


def _is_rigid(camera: RawCamera) -> bool:
    rotation = camera.pose[:, :3]
    return bool(np.isfinite(camera.pose).all()) and float(np.max(np.abs(rotation @ rotation.T - np.eye(3)))) < 1e-2


def _angles_text(readings: dict[Reading, ReadExtrinsics]) -> str:
    parts = (f"{name} {one.convergence.median_angle_deg:.1f}" for name, one in readings.items())
    return f"median angle between optical axis and meeting point, in degrees: {', '.join(parts)}"


def _read_wrongly(readings: dict[Reading, ReadExtrinsics], best: Reading, count: int) -> Finding:
    given = readings["as given"].convergence
    evidence = (
        f"read as given, {int((~given.in_front).sum())} of {counted(count, 'camera')} "
        f"look away from where the axes come nearest; "
        f"read {best}, {int(readings[best].convergence.in_front.sum())} look at one point ({_angles_text(readings)})"
    )
    values = {f"median_angle_deg ({name})": one.convergence.median_angle_deg for name, one in readings.items()}
    return Finding("error", _CODES[best], None, evidence, f"{_ADVICE[best]}. Unless the rig looks outwards", values)


def _angle_with_centers(cameras: Sequence[RawCamera]) -> float:
    """Return the median angle in degrees off the meeting point where the translations are the cameras' centres."""
    poses = np.array([camera.cam_from_world for camera in cameras])
    return converge(poses[:, :, 3], poses[:, 2, :3]).median_angle_deg


def _is_center(cameras: Sequence[RawCamera], best: ReadExtrinsics) -> bool:
    angle = _angle_with_centers(cameras)
    return angle <= GOOD_ANGLE_DEG and angle < CLEARLY * best.convergence.median_angle_deg


def _center_for_translation(cameras: Sequence[RawCamera], best: ReadExtrinsics) -> Finding:
    angle, other = _angle_with_centers(cameras), best.convergence.median_angle_deg
    evidence = (
        f"read as [R | C] with the camera's centre C, the axes of "
        f"{counted(len(cameras), 'camera')} pass the point where they "
        f"meet at {angle:.1f} degrees (median); read {best.reading} at {other:.1f}"
    )
    advice = "the translation column holds the camera's centre: t = -R C is expected. Unless the rig looks outwards"
    values = {"median_angle_deg (center)": angle, f"median_angle_deg ({best.reading})": other}
    return Finding("error", "extrinsics-center", None, evidence, advice, values)


def _cameras_that_look_away(cameras: Sequence[RawCamera], readings: dict[Reading, ReadExtrinsics]) -> Iterator[Finding]:
    given = readings["as given"].convergence
    limit = max(AWAY_DEG, SPREAD_FACTOR * given.median_angle_deg)
    for index in np.flatnonzero(given.angles_deg > limit):
        camera, angle = cameras[int(index)], float(given.angles_deg[index])
        other = _reading_that_fits(int(index), readings)
        evidence = (
            f"its optical axis is {angle:.1f} degrees off the point where the others meet "
            f"(median of the rig {given.median_angle_deg:.1f})"
        )
        advice = "check this camera's extrinsics"
        if other is not None:
            advice = f"read {other}, it looks at that point: {_ADVICE[other]}"
        severity = "error" if angle > 90.0 or other is not None else "warning"
        yield Finding(
            "error" if severity == "error" else "warning",
            "looks-away",
            camera.name,
            evidence,
            advice,
            {"angle_deg": angle, "median_angle_deg": given.median_angle_deg},
        )


def _reading_that_fits(index: int, readings: dict[Reading, ReadExtrinsics]) -> Reading | None:
    """Return the other reading under which this one camera looks at the point where the rest meets."""
    point = readings["as given"].convergence.point
    limit = max(5.0, 3.0 * readings["as given"].convergence.median_angle_deg)
    angles = {name: _angle_to(point, one.cam_from_world[index]) for name, one in readings.items() if name != "as given"}
    best = min(angles, key=lambda name: angles[name])
    return best if angles[best] <= limit else None


def _angle_to(point: FloatArray, pose: FloatArray) -> float:
    """Return the angle in degrees between a camera's axis and the direction to a point."""
    seen = pose[:, :3] @ point + pose[:, 3]
    return float(np.degrees(np.arctan2(np.hypot(seen[0], seen[1]), seen[2])))


def _units(cameras: Sequence[RawCamera], given: ReadExtrinsics, unit: Unit) -> Iterator[Finding]:
    reach = np.linalg.norm(given.convergence.point - _centers(given.cam_from_world), axis=1)
    middle = float(np.median(reach))
    if middle <= 0.0:
        return
    for index in np.flatnonzero((reach > UNIT_RATIO * middle) | (reach * UNIT_RATIO < middle)):
        ratio = float(reach[index]) / middle
        evidence = f"it stands {ratio:.4g} times as far from the meeting point as the rig's median ({middle:.4g})"
        advice = "its translation is probably in another unit (mm against m)"
        yield Finding("error", "camera-unit", cameras[int(index)].name, evidence, advice, {"distance_ratio": ratio})
    if unit == "unknown":
        return
    in_m = middle if unit == "m" else 1e-3 * middle
    if not PLAUSIBLE_M[0] <= in_m <= PLAUSIBLE_M[1]:
        other = "mm" if unit == "m" else "m"
        evidence = (
            f"the cameras stand {middle:.4g} {unit} from where they look, if the unit is {unit} as the format says"
        )
        advice = f"the translations are probably in {other}: scale them by {'0.001' if unit == 'm' else '1000'}"
        yield Finding("error", "unit", None, evidence, advice, {"working_distance": middle})


def _centers(poses: FloatArray) -> FloatArray:
    result: FloatArray = -np.einsum("nij,ni->nj", poses[:, :, :3], poses[:, :, 3])
    return result
