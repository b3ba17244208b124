"""Lint of the cameras beside one another: intrinsics that stand out, duplicates, sizes swapped throughout."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.lint_finding import Finding
from renderkit.diagnosis.lint_intrinsics import principal_point_is_swapped
from renderkit.formats.as_stated import RawCamera
from renderkit.wording import counted

MIN_CAMERAS = 5
ROBUST_Z = 8.0
FOCAL_DEVIATION = 0.03
CENTER_DEVIATION = 0.05
OTHER_LENS_SHARE = 0.15


def lint_sizes_swapped(cameras: Sequence[RawCamera]) -> Iterator[Finding]:
    """Yield one finding where most cameras' principal points fit the image with W and H exchanged."""
    swapped = [camera for camera in cameras if principal_point_is_swapped(camera)]
    if len(cameras) < 2 or 2 * len(swapped) <= len(cameras):
        return
    width, height = swapped[0].size or (0, 0)
    middle = np.median([camera.K[:2, 2] for camera in swapped], axis=0)
    evidence = (
        f"{len(swapped)} of {len(cameras)} principal points (median {middle[0]:.1f}, {middle[1]:.1f} px) fit "
        f"{height} x {width} px, not {width} x {height} px"
    )
    advice = "swap width and height; RenderMe-360's `resolution` is (height, width)"
    yield Finding("error", "size-swapped", None, evidence, advice, {"num_cameras": float(len(swapped))})


def lint_names(cameras: Sequence[RawCamera]) -> Iterator[Finding]:
    """Yield a finding for every name that several cameras bear."""
    for name, count in Counter(camera.name for camera in cameras).items():
        if count > 1:
            evidence = f"{counted(count, 'camera')} are called {name!r}"
            yield Finding("error", "duplicate-name", name, evidence, "rename them", {"count": float(count)})


def lint_duplicates(cameras: Sequence[RawCamera]) -> Iterator[Finding]:
    """Yield a finding for cameras at one place with one orientation."""
    usable = [camera for camera in cameras if np.isfinite(camera.pose).all()]
    if len(usable) < 2:
        return
    poses = np.array([camera.cam_from_world for camera in usable])
    centers = -np.einsum("nij,ni->nj", poses[:, :, :3], poses[:, :, 3])
    scale = float(np.max(np.linalg.norm(centers - centers.mean(axis=0), axis=1))) or 1.0
    # Adding 0 makes -0 and 0 one key. Absurd numbers are beyond every integer.
    keys = np.round(np.hstack([centers / scale, poses[:, :, :3].reshape(-1, 9)]) * 1e7) + 0.0
    groups: dict[bytes, list[RawCamera]] = defaultdict(list)
    for key, camera in zip(keys, usable, strict=True):
        groups[key.tobytes()].append(camera)
    for group in groups.values():
        if len(group) > 1:
            names = ", ".join(camera.name for camera in group[:8])
            same = all(np.array_equal(camera.K, group[0].K) for camera in group)
            evidence = f"{counted(len(group), 'camera')} share one pose{' and one K' if same else ''}: {names}"
            advice = (
                "two cameras cannot stand in one place: was one copied over another? (Right for frames of one video.)"
            )
            yield Finding("warning", "duplicate-pose", group[1].name, evidence, advice, {"count": float(len(group))})


def lint_outliers(cameras: Sequence[RawCamera]) -> Iterator[Finding]:
    """Yield findings for intrinsics that stand out from cameras of the same image size, by robust z-score."""
    by_size: dict[tuple[int, int] | None, list[RawCamera]] = defaultdict(list)
    for camera in cameras:
        if np.isfinite(camera.K).all():
            by_size[None if camera.size_source == "assumed" else camera.size].append(camera)
    for group in by_size.values():
        if len(group) < MIN_CAMERAS:
            continue
        matrices = np.array([camera.K for camera in group])
        width, height = (2.0 * np.median(matrices[:, axis, 2]) for axis in (0, 1))
        for label, values, least in (
            ("fx", matrices[:, 0, 0], FOCAL_DEVIATION * abs(float(np.median(matrices[:, 0, 0])))),
            ("fy", matrices[:, 1, 1], FOCAL_DEVIATION * abs(float(np.median(matrices[:, 1, 1])))),
            ("cx", matrices[:, 0, 2], CENTER_DEVIATION * abs(float(width))),
            ("cy", matrices[:, 1, 2], CENTER_DEVIATION * abs(float(height))),
        ):
            yield from _outliers(group, label, values, least)


def _outliers(group: Sequence[RawCamera], label: str, values: FloatArray, least: float) -> Iterator[Finding]:
    """Yield the cameras whose value lies `ROBUST_Z` robust deviations and `least` px away from the median."""
    middle = float(np.median(values))
    spread = float(np.median(np.abs(values - middle)))
    # 1.4826 makes the median absolute deviation that of a normal distribution; the floor is for identical cameras.
    scores = (values - middle) / max(1.4826 * spread, 1e-6 * max(abs(middle), 1.0))
    outside = (np.abs(scores) > ROBUST_Z) & (np.abs(values - middle) > least)
    # Many that stand out together are another lens, not a fault.
    if outside.mean() > OTHER_LENS_SHARE:
        return
    for index in np.flatnonzero(outside):
        value, score = float(values[index]), float(scores[index])
        evidence = f"{label} = {value:.6g} px stands out from the rig's {middle:.6g} px (robust z = {score:+.1f})"
        advice = "another lens or zoom, a resized picture, or a failed calibration of this camera"
        numbers = {f"{label}_px": value, "median_px": middle, "robust_z": score}
        yield Finding("warning", f"{label}-outlier", group[int(index)].name, evidence, advice, numbers)
