"""Write cameras in any format that can be written: exactly, or fitted, or refused with what would be lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from renderkit.arguments import as_kind, as_path
from renderkit.errors import DatasetError
from renderkit.formats.approximate import FitResidual, fit_camera, measure_residual
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible, Violation, refusal, violations
from renderkit.formats.registry import find_format, formats
from renderkit.geometry.camera import Camera
from renderkit.geometry.rig import Rig


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
        format: The name of one of `formats()`.
        approximate: Fit the nearest camera that the format can carry where it cannot carry the true one.
        options: Choices that some formats need.

    Raises:
        InexpressibleError: If the format cannot carry a camera and `approximate` is False, or a lack that no fit heals.
        DatasetError: If the file cannot be written.
        ValueError: If `format` is unknown or only read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import renderkit as rk
        >>> rig = rk.Rig({"25": rk.Camera.look_at((0, 0, 3), (0, 0, 0), size=(640, 480), name="25")}, unit="m")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = rk.write_rig(rig, Path(folder, "rig.json"), format="rig")
        ...     rk.read_rig(Path(folder, "rig.json"))["25"] == rig["25"]
        True
    """
    chosen, target = find_format(format), as_path("path", path)
    as_kind("rig", rig, Rig, "rk.read_rig(FILE), or rk.Rig({name: camera})")
    if chosen.write is None or chosen.limits is None:
        writable = ", ".join(one.name for one in formats().values() if one.write is not None)
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


def _refuse_rig_wide(rig: Rig, chosen: Format, limits: Expressible, path: Path) -> None:
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
    rig: Rig, chosen: Format, limits: Expressible, path: Path, *, approximate: bool
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
    cameras: dict[str, Camera], chosen: Format, path: Path, *, approximate: bool
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
