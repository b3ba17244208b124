"""Plots of rigs and of differences between rigs, by the suffix of the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from renderkit.diagnosis.diff import RigDiff
from renderkit.diagnosis.lint_finding import Finding
from renderkit.export.rig_plot_html import write_rig_html
from renderkit.export.rig_plot_png import write_diff_png, write_rig_png
from renderkit.export.rig_scene import build_scene
from renderkit.geometry.rig import Rig


def plot_rig(rig: Rig, path: str | Path, findings: Iterable[Finding] = ()) -> None:
    """Draw a rig with its findings: frusta, optical axes, names, and the point where the axes meet.

    Args:
        rig: The cameras.
        path: An .html page (to turn, offline) or a .png picture.
        findings: What `lint` found; cameras are coloured by their worst finding.

    Raises:
        MissingExtraError: If the extra "plots" is not installed.
        DatasetError: If the file cannot be written.
        ValueError: For another suffix or a rig without cameras.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in {".html", ".png"}:
        raise ValueError(f"a rig is drawn as .html or .png, not {target.name!r}")
    scene = build_scene(rig, findings)
    if suffix == ".html":
        write_rig_html(scene, target)
    else:
        write_rig_png(scene, target)


def plot_diff(diff: RigDiff, path: str | Path, *, aligned: bool = True) -> None:
    """Draw the displacement field between two calibrations as a .png picture.

    Raises:
        MissingExtraError: If the extra "plots" is not installed.
        DatasetError: If the file cannot be written.
        ValueError: For another suffix.
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise ValueError(f"a displacement field is drawn as .png, not {target.name!r}")
    write_diff_png(diff, target, aligned=aligned)
