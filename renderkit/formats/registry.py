"""All camera formats: which one is it, read it, write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats import (
    actorshq,
    bop,
    colmap,
    dictionary,
    facescape,
    krt_json,
    krt_text,
    metashape,
    middlebury,
    nersemble,
    opencv_yaml,
    opensfm,
    rig_json,
    smc,
    transforms_json,
)
from renderkit.formats.approximate import FitResidual, fit_camera, measure_residual
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import RigFormat, WriteOptions
from renderkit.formats.format_capability import Expressible, Violation, refusal, violations
from renderkit.formats.sizes import with_sizes
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content

# The order is that of detection: formats with a mark of their own come before those known by their shape.
_ALL = (
    rig_json.FORMAT,
    smc.RENDERME360,
    smc.DNA_RENDERING,
    colmap.BINARY,
    colmap.TEXT,
    opencv_yaml.FORMAT,
    transforms_json.NERFSTUDIO,
    transforms_json.INSTANT_NGP,
    krt_json.FORMAT,
    nersemble.FORMAT,
    facescape.FORMAT,
    bop.FORMAT,
    opensfm.FORMAT,
    dictionary.FORMAT,
    metashape.FORMAT,
    actorshq.FORMAT,
    middlebury.FORMAT,
    krt_text.FORMAT,
)
FORMATS: Mapping[str, RigFormat] = {one.name: one for one in _ALL}
"""Every format by name."""


@dataclass(frozen=True)
class WriteReport:
    """What was written and how true it is.

    Attributes:
        path: The file or folder.
        format: The format's name.
        num_cameras: How many cameras were written.
        residuals: For each camera that had to be approximated, how far off it is; empty when all are exact.
        notes: What the user should know.
    """

    path: Path
    format: str
    num_cameras: int
    residuals: Mapping[str, FitResidual]
    notes: tuple[str, ...]


def detect_format(path: str | Path) -> str:
    """Return the name of the format that a camera file or folder is in, from its content.

    Raises:
        DatasetError: If it is none of `FORMATS`.
    """
    return _detect(Content(Path(path))).name


def read_raw_rig(path: str | Path, format: str | None = None, *, size: tuple[int, int] | None = None) -> RawRig:  # noqa: A002 - the word users know
    """Read cameras as their file states them, unchecked; see `read_rig`."""
    content = Content(Path(path))
    if not content.path.exists():
        raise DatasetError(content.path, None, "no such file or folder")
    chosen = _detect(content) if format is None else _format(format)
    return with_sizes(chosen.read(content), size)


def read_rig(path: str | Path, format: str | None = None, *, size: tuple[int, int] | None = None) -> Rig:  # noqa: A002
    """Read the cameras of a file or folder.

    Args:
        path: The file or folder.
        format: One of `FORMATS`; None detects it from the content.
        size: (width, height) for formats that state no image size and have no pictures beside them.

    Raises:
        DatasetError: If the file cannot be read as what it is.
        CalibrationError: If a camera in it is not one; `read_raw_rig` and `lint` look into it nevertheless.
        ValueError: If `format` is unknown.
    """
    return read_raw_rig(path, format, size=size).to_rig()


def write_rig(
    rig: Rig,
    path: str | Path,
    *,
    format: str,  # noqa: A002
    approximate: bool = False,
    options: WriteOptions | None = None,
) -> WriteReport:
    """Write cameras in a format, exactly, or say why it cannot.

    Args:
        rig: The cameras.
        path: The file to write; a folder for colmap, colmap-bin and opencv.
        format: One of `FORMATS`.
        approximate: Fit the nearest camera that the format can carry where it cannot carry the true one.
        options: Choices that some formats need.

    Raises:
        InexpressibleError: If the format cannot carry a camera and `approximate` is False, or a lack that no fit heals.
        DatasetError: If the file cannot be written.
        ValueError: If `format` is unknown or only read.
    """
    chosen, target = _format(format), Path(path)
    if chosen.write is None or chosen.limits is None:
        writable = ", ".join(one.name for one in _ALL if one.write is not None)
        raise ValueError(f"{chosen.name} is only read; formats that are written: {writable}")
    _refuse_rig_wide(rig, chosen, chosen.limits, target)
    cameras, residuals = _fitted(rig, chosen, chosen.limits, target, approximate=approximate)
    notes = chosen.write(replace(rig, cameras=cameras), target, options or WriteOptions())
    if chosen.unit not in {"unknown", rig.unit}:
        note = f"the rig's unit is {rig.unit}, readers of this format expect {chosen.unit}: translations are unchanged"
        notes = (*notes, f"{note}, so that meshes of the same world still fit")
    if not chosen.limits.size:
        notes = (*notes, "the format has no image size: keep the pictures beside it, or give --size when reading")
    return WriteReport(target, chosen.name, len(cameras), residuals, notes)


def _format(name: str) -> RigFormat:
    if name not in FORMATS:
        raise ValueError(f"unknown camera format {name!r}; expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def _detect(content: Content) -> RigFormat:
    if not content.path.exists():
        raise DatasetError(content.path, None, "no such file or folder")
    for one in _ALL:
        if one.matches(content):
            return one
    raise DatasetError(
        content.path, None, f"is no camera format that renderkit knows; --from takes {', '.join(FORMATS)}"
    )


def _refuse_rig_wide(rig: Rig, chosen: RigFormat, limits: Expressible, path: Path) -> None:
    """Refuse what no fit of single cameras can heal."""
    sizes = sorted({camera.size for camera in rig})
    if limits.shared_size and len(sizes) > 1:
        why = f"it has one image size for all cameras, and these have {len(sizes)}: {sizes[:4]}"
        raise refusal(path, chosen.title, {"rig": (Violation(why, float("inf")),)}, len(rig))
    models = {camera.distortion.model for camera in rig}
    if limits.shared_model and "kannala_brandt" in models and len(models) > 1:
        why = f"it has one lens model for all cameras, and these have {', '.join(sorted(models))}"
        raise refusal(path, chosen.title, {"rig": (Violation(why, float("inf")),)}, len(rig))


def _fitted(
    rig: Rig, chosen: RigFormat, limits: Expressible, path: Path, *, approximate: bool
) -> tuple[dict[str, Camera], dict[str, FitResidual]]:
    found = {name: violations(camera, limits) for name, camera in rig.cameras.items()}
    refused = {name: reasons for name, reasons in found.items() if reasons}
    if refused and not approximate:
        raise refusal(path, chosen.title, refused, len(rig))
    cameras, residuals = dict(rig.cameras), {}
    for name in refused:
        try:
            cameras[name], residuals[name] = fit_camera(rig[name], limits)
        except ValueError as error:
            raise DatasetError(path, name, f"cannot be approximated: {error}") from error
    if limits.shared_intrinsics:
        cameras = _share_intrinsics(cameras, chosen, path, approximate=approximate)
        residuals |= {
            name: measure_residual(rig[name], camera)
            for name, camera in cameras.items()
            if not np.array_equal(camera.K, rig[name].K)
        }
    return cameras, residuals


def _share_intrinsics(
    cameras: dict[str, Camera], chosen: RigFormat, path: Path, *, approximate: bool
) -> dict[str, Camera]:
    """Give all cameras one K: their mean, which for pinholes is the least-squares fit."""
    matrices = np.array([camera.K for camera in cameras.values()])
    if not len(matrices) or (matrices == matrices[0]).all():
        return cameras
    shared = {name: replace(camera, K=matrices.mean(axis=0)) for name, camera in cameras.items()}
    if not approximate:
        loss = {name: measure_residual(camera, shared[name]).max_px for name, camera in cameras.items()}
        why = (
            f"it has one K for all cameras (fx from {matrices[:, 0, 0].min():.6g} to {matrices[:, 0, 0].max():.6g} px)"
        )
        raise refusal(path, chosen.title, {name: (Violation(why, px),) for name, px in loss.items()}, len(cameras))
    return shared
