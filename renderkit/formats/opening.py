"""`open_capture`: a capture of a known format, or any camera file with pictures, and what is given beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.arguments import as_given_path, as_names, as_number, as_size
from renderkit.capture import Capture, Unit
from renderkit.errors import DatasetError
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE, CaptureOptions
from renderkit.formats.registry import locate_format, read_stated_rig
from renderkit.geometry.mesh import Mesh
from renderkit.untrusted.remote import local_path

if TYPE_CHECKING:
    from renderkit.formats.folder import CameraNames


def open_capture(
    path: str | Path | None = None,
    *,
    flame: str | Path | None = None,
    mesh_root: str | Path | None = None,
    rig: str | Path | None = None,
    images: str | None = None,
    masks: str | Path | None = None,
    mesh: Mesh | str | Path | None = None,
    landmarks: str | Path | None = None,
    min_confidence: float | None = None,
    camera_names: CameraNames | None = None,
    size: tuple[int, int] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    unit: Unit | None = None,
) -> Capture:
    """Open a capture.

    Five ways:

    - `open_capture("0026_e0_raw.smc")`: a capture of a known format.
    - `open_capture("scene")`: cameras of a known format with pictures where the format has them, such as a COLMAP or
      nerfstudio folder; mattes in masks/ and a mesh mesh.ply are found too.
    - `open_capture("122/4_anger", masks="mattes", mesh="scan.ply")`: and what it does not ship.
    - `open_capture("0026_e0_raw.smc", rig="corrected.json")`: a capture, seen by the cameras of another file: of its
      names, in its world.
    - `open_capture("capture", rig="sparse/0", images="images/{frame}/{camera}.jpg", mesh="scan.ply")`: any camera
      file with pictures. `{frame}` and `{camera}` stand for names, `*` for anything. Paths are relative to `path`, or
      to the working folder where `path` is not given or does not have them.

    Args:
        path: A capture's file or folder: RenderMe-360, FaceScape, Middlebury, a capture.toml, a format that another
            package adds; or a folder (or camera file) with cameras of any format. With `rig` and `images`: the folder
            that patterns start from. Or a URL of one of these, such as "s3://bucket/scene"; needs the extra `remote`.
        flame: A file with FLAME's faces, for captures that store FLAME vertices.
        mesh_root: Folder of FaceScape's released models, if they do not lie beside the pictures.
        rig: A camera file or folder in any format; in place of the cameras of a capture that has its own.
        images: Pattern of the photographs, relative to the folder.
        masks: Pattern of the mattes, or a folder of `<frame>/<camera>.png` or `<camera>.png`.
        mesh: A mesh, a mesh file, or, with `rig`, a pattern of mesh files.
        landmarks: A landmarks file or folder.
        min_confidence: Landmarks whose confidence is not above this count as not detected; 0 by default, or what a
            capture.toml says.
        camera_names: The cameras' names in file paths, by those of the rig or all in its order.
        size: (width, height) in px for camera files that state none.
        format: The format's name; None detects it.
        unit: The world unit, if the camera file does not say.

    Returns:
        The capture, a context manager.

    Raises:
        DatasetError: If there is nothing at `path`, no format knows it, it is damaged, or a pattern matches no file.
        ValueError: If neither `path` nor `rig` is given, something does not belong to the format, a pattern is
            malformed, or the format is unknown.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000))
        ...     with rk.open_capture(truth.capture) as capture:
        ...         capture.dataset, len(capture.camera_names)
        ('renderme360', 2)
    """
    paths = {"path": path, "flame": flame, "mesh_root": mesh_root, "rig": rig, "images": images, "masks": masks}
    for name, value in ({**paths, "landmarks": landmarks} | ({} if isinstance(mesh, Mesh) else {"mesh": mesh})).items():
        if value is not None:
            as_given_path(name, value, ", or a Mesh" if name == "mesh" else "")
    camera_names = None if camera_names is None else as_names("camera_names", camera_names)
    size = None if size is None else as_size("size", size)
    min_confidence = None if min_confidence is None else as_number("min_confidence", min_confidence)
    scene_only = {"rig": rig, "images": images, "camera_names": camera_names, "size": size, "unit": unit}
    given = [name for name, value in scene_only.items() if value is not None]
    if path is None and rig is None:
        raise ValueError(
            f"expected rig, the camera file, with {', '.join(given)}"
            if given
            else "expected a capture, or rig, the camera file (--rig), with images (--images)"
        )
    root = Path.cwd() if path is None else local_path(path)
    own = rig is None or (path is not None and images is None and is_capture(root))
    if own:
        chosen, content = locate_format(root, format if rig is None else None)
        if chosen.open_capture is not None:
            if given and rig is None:
                raise ValueError(f"{', '.join(given)}: {root} is a {chosen.title}, which names its own pictures")
            capture = chosen.open_capture(content, CaptureOptions(_path(flame), _path(mesh_root), min_confidence))
            cameras = None if rig is None else partial(
                _recalibrated, rig=rig, format=format, camera_names=camera_names, size=size, unit=unit
            )  # fmt: skip
            beside = partial(
                _supplemented, masks=masks, mesh=mesh, landmarks=landmarks,
                min_confidence=min_confidence or DEFAULT_MIN_CONFIDENCE,
            )  # fmt: skip
            return _completed(capture, filter(None, (cameras, beside)))
    from renderkit.formats.scene import open_rig, open_scene, scene_path, state_parts  # noqa: PLC0415 - see formats.folder

    if rig is not None:
        chosen, content = locate_format(root / scene_path(rig, root), format)
        if flame is not None or mesh_root is not None:
            raise ValueError("flame and mesh_root belong to captures of a known format, not to rig")
    parts = state_parts(
        content.path, root if root.is_dir() else root.parent, images=images, masks=masks, mesh=mesh,
        landmarks=landmarks, min_confidence=min_confidence, camera_names=camera_names, size=size, unit=unit,
    )  # fmt: skip
    stated = rig is not None and (images is not None or masks is not None)
    return open_rig(chosen, parts) if stated else open_scene(chosen, content, parts)


def is_capture(path: Path) -> bool:
    """Whether a path is in a format of whole captures, which name their own pictures."""
    try:
        return locate_format(path)[0].open_capture is not None
    except DatasetError:
        return False


def _completed(capture: Capture, changes: Iterable[Callable[[Capture], Capture]]) -> Capture:
    """Return a capture with what is given beside it; it is closed where that cannot be read."""
    try:
        for change in changes:
            capture = change(capture)
    except Exception:
        capture.close()
        raise
    return capture


def _recalibrated(
    capture: Capture,
    rig: str | Path,
    format: str | None,  # noqa: A002 - the word users know
    camera_names: CameraNames | None,
    size: tuple[int, int] | None,
    unit: Unit | None,
) -> Capture:
    from renderkit.formats.patterns import folder_of, placed  # noqa: PLC0415 - as above
    from renderkit.formats.recalibrated import OtherCameras, RecalibratedCapture  # noqa: PLC0415 - as above

    file = Path(placed(rig, (folder_of(capture.path), Path())))
    return RecalibratedCapture(capture, OtherCameras(file, read_stated_rig, format, camera_names, size, unit))


def _supplemented(
    capture: Capture,
    masks: str | Path | None,
    mesh: Mesh | str | Path | None,
    landmarks: str | Path | None,
    min_confidence: float,
) -> Capture:
    if masks is None and mesh is None and landmarks is None:
        return capture
    from renderkit.formats.supplement import SupplementedCapture  # noqa: PLC0415 - as above

    read = mesh if mesh is None or isinstance(mesh, Mesh) else Mesh.read(mesh)
    file = None if mesh is None or isinstance(mesh, Mesh) else Path(mesh)
    return SupplementedCapture(capture, masks, landmarks, read, mesh_file=file, min_confidence=min_confidence)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
