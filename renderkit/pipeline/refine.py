"""A capture's rig, corrected where held-out data support it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final, get_args

from renderkit.arguments import PathLike, Selection, as_one_of
from renderkit.capture import Capture
from renderkit.diagnosis.correct_alike import correct_alike
from renderkit.diagnosis.refine import refine_rig
from renderkit.formats.folder import CameraNames
from renderkit.formats.recalibrated import OtherCameras, RecalibratedCapture
from renderkit.geometry.rig import Rig
from renderkit.pipeline.blas import one_blas_thread
from renderkit.pipeline.capture_scene import read_rig_of
from renderkit.pipeline.evidence import gather_evidence
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD
from renderkit.renderers.choose import make_renderer
from renderkit.results.diagnosis import ALPHA
from renderkit.results.refinement import Reference, Refinement

MAX_FRAMES: Final = 10
"""So many frames are read, evenly spread; choose others by `frames`."""


@one_blas_thread
def refine(
    capture: PathLike | Capture | None = None,
    *,
    cameras: Selection | None = None,
    frames: Selection | None = None,
    mesh: PathLike | None = None,
    masks: PathLike | None = None,
    landmarks: PathLike | None = None,
    min_confidence: float | None = None,
    flame: PathLike | None = None,
    mesh_root: PathLike | None = None,
    rig: PathLike | None = None,
    images: PathLike | None = None,
    camera_names: CameraNames | None = None,
    size: tuple[int, int] | None = None,
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD,
    undistorted_mattes: bool = False,
    reference: Reference = "cameras",
    false_alarms: float = ALPHA,
) -> Refinement:
    """Correct the cameras that are off, where data that were held out support it.

    Where all cameras are misread alike (extrinsics inverted, half a pixel, distortion order ...) and one reading alone
    makes the rig fit, all are corrected so first. Then the joint estimate of `diagnose` names single cameras; the
    parameters of the likeliest cause are changed; the change is estimated again without a part of the frames (of the
    landmarks, where there is one frame), and tested on that part.

    Args:
        capture: A capture's file or folder, or an opened capture, which stays open.
        cameras: Selection such as "18,25-32", or names and numbers as a list; all by default. The
            others are kept as they are.
        frames: Selection such as "3,7" or "0:10:2"; at most 10, evenly spread, by default.
        mesh: Name of one of the capture's meshes, or a mesh file.
        masks: Folder of mattes, `<camera>.png` or `<frame>/<camera>.png`.
        landmarks: Landmarks file or folder.
        min_confidence: Landmarks whose confidence is not above this count as not detected.
        flame: File with FLAME's faces; the remembered one by default. Not with an opened capture.
        mesh_root: Folder of FaceScape's released models. Not with an opened capture.
        rig: A camera file; in place of the cameras of a capture that has its own.
        images: Pattern of the photographs, such as "images/{frame}/{camera}.jpg".
        camera_names: The cameras' names in file paths.
        size: (width, height) in px for camera files that state none.
        matte_threshold: Alpha in (0, 1] from which a matte counts as inside.
        undistorted_mattes: The mattes belong to undistorted pictures.
        reference: What holds the world in place: "cameras", the mean pose of those that are not named, or "mesh", the
            mesh and the 3D landmarks as they are given.
        false_alarms: Probability that a camera of a rig without fault is named.

    Returns:
        The rig, changed where that is supported; the changes with covariance and held-out scores. Write it with
        `write_rig(refinement.rig, path, format="rig")`.

    Raises:
        ArgumentError: If a selection or option is not valid for this capture; a ValueError as well.
        DatasetError: If an input is missing or damaged.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=6, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     found = rk.refine(rk.synthesize(folder, options).capture)
        >>> found.better, found.sentence
        (False, 'nothing is better: none of 6 cameras is off')
    """
    as_one_of("reference", reference, get_args(Reference))
    inputs = CaptureInputs.of(
        capture, mesh, masks=masks, landmarks=landmarks, flame=flame, mesh_root=mesh_root, rig=rig, images=images,
        camera_names=camera_names, size=size, min_confidence=min_confidence,
    )  # fmt: skip
    with inputs.opened(capture) as opened:
        options = make_options(
            opened, inputs.mesh_names, frames=frames, cameras=cameras, matte_threshold=matte_threshold,
            undistorted_mattes=undistorted_mattes, false_alarms=false_alarms,
        )  # fmt: skip
        most = MAX_FRAMES if frames is None else len(opened.frame_ids)
        chosen = opened.camera_names if options.cameras is None else options.cameras
        written = read_rig_of(opened, opened.camera_names)
        with make_renderer("cpu") as drawing:
            gather = partial(gather_evidence, options=options, renderer=drawing, max_views=most * max(len(chosen), 1))
            some = Rig({name: written[name] for name in chosen if name in written.cameras}, written.unit)
            alike = correct_alike(
                some, lambda rig: gather(opened if rig is some else RecalibratedCapture(opened, OtherCameras(rig))),
                false_alarms,
            )  # fmt: skip
    changed = replace(written, cameras={**written.cameras, **alike.rig.cameras}) if alike.steps else written
    if not alike.fits:
        found = Refinement(changed, changed, (), reference, len(alike.evidence.cameras), false_alarms, alike.reason)
        return replace(found, whole=alike.whole)
    found = refine_rig(changed, alike.evidence, alpha=false_alarms, reference=reference)
    return replace(found, whole=alike.whole)
