"""Lint of one camera's own numbers: NaN, the form of K, the principal point, the image size, the rotation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from renderkit.diagnosis.lint_finding import Finding
from renderkit.formats.as_stated import RawCamera
from renderkit.geometry.pose import ROTATION_TOLERANCE

ASPECT_WARNING = 0.02
ASPECT_ERROR = 0.2
SKEW_WARNING = 0.01
OFF_CENTER = 0.25
SWAP_DISTANCE = 0.05


def lint_numbers(camera: RawCamera) -> Iterator[Finding]:
    """Yield findings about the numbers of one camera as its file states them."""
    broken = [
        name
        for name, values in (("K", camera.K), ("R|t", camera.pose), ("distortion", np.asarray(camera.coefficients)))
        if not np.isfinite(values).all()
    ]
    if broken:
        evidence = f"NaN or infinite values in {', '.join(broken)}"
        yield Finding("error", "not-finite", camera.name, evidence, "calibrate this camera again or leave it out")
    if "K" not in broken:
        yield from _form_of_k(camera)
    if "R|t" not in broken:
        yield from _rotation(camera)
    if "distortion" not in broken:
        yield from _coefficients(camera)


def _form_of_k(camera: RawCamera) -> Iterator[Finding]:
    K = camera.K
    if K[2, :2].any() and not K[:2, 2].any():
        evidence = f"K has its principal point in the last row: {K[2, 0]:.6g} {K[2, 1]:.6g} {K[2, 2]:.6g}"
        yield Finding(
            "error", "k-transposed", camera.name, evidence, "the file stores K transposed: read its transpose"
        )
        return
    if K[1, 0] != 0.0 or not np.array_equal(K[2], (0.0, 0.0, 1.0)):
        evidence = f"K is not [[fx, s, cx], [0, fy, cy], [0, 0, 1]]: {K.ravel().tolist()}"
        yield Finding(
            "error", "k-form", camera.name, evidence, "check the order of its nine numbers and divide by K[2, 2]"
        )
        return
    fx, fy = float(K[0, 0]), float(K[1, 1])
    if fx <= 0.0 or fy <= 0.0:
        advice = "a negative focal length is a flipped image axis: turn the axes of the pose instead"
        values = {"fx_px": fx, "fy_px": fy}
        yield Finding("error", "focal-not-positive", camera.name, f"fx = {fx:g}, fy = {fy:g} px", advice, values)
        return
    yield from _aspect_and_skew(camera, fx, fy)
    if camera.size is not None:
        yield from _principal_point(camera, camera.size)


def _aspect_and_skew(camera: RawCamera, fx: float, fy: float) -> Iterator[Finding]:
    ratio = fx / fy
    if abs(ratio - 1.0) > ASPECT_WARNING:
        advice = (
            "pixels are square on today's sensors: was the picture resized in one direction, or are W and H swapped?"
        )
        yield Finding(
            "error" if abs(ratio - 1.0) > ASPECT_ERROR else "warning",
            "focal-aspect",
            camera.name,
            f"fx / fy = {ratio:.4f} (fx {fx:.6g}, fy {fy:.6g} px)",
            advice,
            {"ratio": ratio, "fx_px": fx, "fy_px": fy},
        )
    skew = float(camera.K[0, 1])
    if abs(skew) > SKEW_WARNING * fx:
        evidence = f"skew {skew:.6g} px is {100.0 * abs(skew) / fx:.1f}% of fx"
        advice = "sensors have no skew: check the order of K's numbers"
        yield Finding("warning", "skew", camera.name, evidence, advice, {"skew_px": skew})


def _principal_point(camera: RawCamera, size: tuple[int, int]) -> Iterator[Finding]:
    (width, height), (cx, cy) = size, camera.K[:2, 2].tolist()
    values = {"cx_px": cx, "cy_px": cy, "width_px": float(width), "height_px": float(height)}
    where = f"principal point ({cx:.1f}, {cy:.1f}) px in an image of {width} x {height} px"
    if principal_point_is_swapped(camera):
        advice = "swap cx and cy, or width and height; RenderMe-360's `resolution` is (height, width)"
        yield Finding(
            "error", "principal-point-swapped", camera.name, f"{where} fits the other way round", advice, values
        )
    elif not (-0.5 <= cx <= width - 0.5 and -0.5 <= cy <= height - 0.5):
        advice = "were the pictures resized or cropped without K? K belongs to another size"
        yield Finding("error", "principal-point-outside", camera.name, f"{where} lies outside", advice, values)
    elif abs(cx - 0.5 * width) > OFF_CENTER * width or abs(cy - 0.5 * height) > OFF_CENTER * height:
        advice = "right for a crop or a shifted lens; otherwise K belongs to another image size"
        yield Finding(
            "warning", "principal-point-off-center", camera.name, f"{where} is far off its centre", advice, values
        )


def principal_point_is_swapped(camera: RawCamera) -> bool:
    """Return True if the principal point fits the image's centre clearly better with x and y exchanged."""
    if camera.size is None or camera.size_source == "assumed" or not np.isfinite(camera.K).all():
        return False
    size = np.array(camera.size, dtype=np.float64)
    given = float(np.max(np.abs(camera.K[:2, 2] - 0.5 * size) / size))
    exchanged = float(np.max(np.abs(camera.K[1::-1, 2] - 0.5 * size) / size))
    return given > SWAP_DISTANCE and exchanged < 0.5 * given


def _rotation(camera: RawCamera) -> Iterator[Finding]:
    rotation = camera.pose[:, :3]
    gram = rotation @ rotation.T
    deviation = float(np.max(np.abs(gram - np.eye(3))))
    determinant = float(np.linalg.det(rotation))
    values = {"deviation": deviation, "determinant": determinant}
    if deviation > ROTATION_TOLERANCE:
        scale = float(np.cbrt(abs(determinant)))
        advice = "the matrix is not a rotation: check the order of its numbers (row by row?)"
        if scale > 0.0 and float(np.max(np.abs(gram / scale**2 - np.eye(3)))) < ROTATION_TOLERANCE:
            advice = f"it is a rotation times {scale:.6g}: divide R by it (the world has been scaled)"
        evidence = f"max |R R^T - I| = {deviation:.3g} (at most {ROTATION_TOLERANCE:g}), det R = {determinant:.6g}"
        yield Finding("error", "rotation-not-orthonormal", camera.name, evidence, advice, values)
    if determinant < 0.0:
        advice = "one axis is flipped: a left-handed world or a sign in R; no camera mirrors"
        evidence = f"R mirrors: det R = {determinant:.6g}"
        yield Finding("error", "rotation-mirrors", camera.name, evidence, advice, values)


def _coefficients(camera: RawCamera) -> Iterator[Finding]:
    try:
        camera.to_distortion()
    except ValueError as error:
        advice = "OpenCV's models take 4, 5, 8, 12 or 14 coefficients, its fisheye model 4"
        yield Finding("error", "distortion-count", camera.name, str(error), advice)


def lint_picture_size(camera: RawCamera) -> Iterator[Finding]:
    """Yield a finding where the size differs from the picture's, or had to be assumed."""
    if camera.size is None:
        return
    width, height = camera.size
    if camera.picture_size is not None and camera.picture_size != camera.size:
        seen_width, seen_height = camera.picture_size
        advice = (
            f"resize K by {seen_width / width:.6g} and {seen_height / height:.6g} and move its centre by the half pixel"
        )
        if (seen_width, seen_height) == (height, width):
            advice = "width and height are swapped, or the picture is stored turned by 90 degrees (EXIF orientation)"
        evidence = f"calibrated at {width} x {height} px, but its picture has {seen_width} x {seen_height} px"
        values = {"width_px": float(width), "picture_width_px": float(seen_width)}
        yield Finding("error", "picture-size", camera.name, evidence, advice, values)
