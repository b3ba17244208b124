"""Lint of a calibration: what looks wrong in it, before a pixel is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from renderkit.diagnosis.lint_directions import lint_directions
from renderkit.diagnosis.lint_finding import Finding, Severity, in_order
from renderkit.diagnosis.lint_intrinsics import lint_numbers, lint_picture_size
from renderkit.diagnosis.lint_lens import lint_lens
from renderkit.diagnosis.lint_rig import lint_duplicates, lint_names, lint_outliers, lint_sizes_swapped
from renderkit.errors import ArgumentError
from renderkit.formats.as_stated import RawCamera, RawRig, raw_from_rig
from renderkit.formats.sizes import KNOWN_SENSORS
from renderkit.geometry.rig import Rig
from renderkit.wording import counted

__all__ = ["Finding", "Severity", "exit_code", "lint"]


def lint(rig: Rig | RawRig) -> tuple[Finding, ...]:
    """Return what looks wrong in a calibration, worst first; empty when nothing does.

    Args:
        rig: Cameras as read (`read_rig`), or as their file states them (`read_raw_rig`): the latter also shows what is
            refused on conversion, and knows the pictures beside the file.

    Raises:
        ArgumentError: If it is neither.

    Example:
        >>> import renderkit as rk
        >>> eyes = {"1": (0, 0, 3), "2": (3, 0, 0), "3": (0, 1, -3)}
        >>> cameras = {
        ...     name: rk.Camera.look_at(eye, (0, 0, 0), size=(640, 480), name=name) for name, eye in eyes.items()
        ... }
        >>> rk.lint(rk.Rig(cameras, unit="m"))
        ()
    """
    raw = raw_from_rig(rig) if isinstance(rig, Rig) else rig
    if not isinstance(raw, RawRig):
        raise ArgumentError(f"rig: expected a Rig, got {type(rig).__name__}; make one by rk.Rig({{name: camera}})")
    return in_order(_all_findings(raw))


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 if any finding is an error, else 0: the exit code for CI."""
    return int(any(finding.severity == "error" for finding in findings))


def _all_findings(raw: RawRig) -> Iterator[Finding]:
    if not raw.cameras:
        yield Finding("error", "no-cameras", None, "the file holds no camera", "check that it is the right file")
        return
    for note in raw.notes:
        yield Finding("info", "reader", None, note, "check that this is what you want")
    guessed = [one.name for one in raw.cameras if one.size_source == "assumed" and one.size not in KNOWN_SENSORS]
    if guessed:
        evidence = (
            f"the image size of {counted(len(guessed), 'camera')} is a guess from the "
            f"principal point (first: {guessed[0]})"
        )
        advice = "give the size with --size WIDTHxHEIGHT, or put the pictures beside the file"
        yield Finding("warning", "size-guessed", None, evidence, advice, {"num_cameras": float(len(guessed))})
    swapped = list(lint_sizes_swapped(raw.cameras))
    yield from swapped
    yield from lint_names(raw.cameras)
    for camera in raw.cameras:
        found = [*lint_numbers(camera), *lint_picture_size(camera)]
        # One finding about the rig stands for the same one on every camera.
        yield from (one for one in found if not (swapped and one.code == "principal-point-swapped"))
        if not any(one.severity == "error" and one.code in _NOT_A_CAMERA for one in found):
            yield from _converted(camera)
    yield from lint_outliers(raw.cameras)
    yield from lint_duplicates(raw.cameras)
    yield from lint_directions(raw.cameras, raw.unit)


_NOT_A_CAMERA = {
    "not-finite",
    "k-transposed",
    "k-form",
    "focal-not-positive",
    "rotation-not-orthonormal",
    "rotation-mirrors",
    "distortion-count",
}


def _converted(camera: RawCamera) -> Iterator[Finding]:
    try:
        checked = camera.to_camera()
    except ValueError as error:
        yield Finding("error", "not-a-camera", camera.name, str(error), "see the message")
        return
    yield from lint_lens(checked)
