"""`open_capture`: a capture of a known format, or any camera file with pictures, and what is given beside it."""

from __future__ import annotations

from pathlib import Path

from renderkit.capture import Capture, Unit
from renderkit.formats.folder import CameraNames, FolderCapture, FolderParts
from renderkit.formats.format import CaptureOptions
from renderkit.formats.registry import open_known_capture
from renderkit.formats.supplement import SupplementedCapture
from renderkit.geometry.mesh import Mesh


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
    camera_names: CameraNames | None = None,
    size: tuple[int, int] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    unit: Unit | None = None,
) -> Capture:
    """Open a capture.

    Three ways:

    - `open_capture("0026_e0_raw.smc")`: a capture of a known format.
    - `open_capture("122/4_anger", masks="mattes", mesh="scan.ply")`: and what it does not ship.
    - `open_capture("capture", rig="sparse/0", images="images/{frame}/{camera}.jpg", mesh="scan.ply")`: any camera
      file with pictures. `{frame}` and `{camera}` stand for names, `*` for anything. Paths are relative to `path`, or
      to the working folder without it.

    Args:
        path: A RenderMe-360 .smc file (any half of a pair) or a folder with one capture's files; a FaceScape tuple
            folder (or its params.json); a Middlebury folder (or its *_par.txt); a capture of a format that another
            package adds. With `rig`: the folder that patterns start from.
        flame: A file with FLAME's faces, for captures that store FLAME vertices.
        mesh_root: Folder of FaceScape's released models, if they do not lie beside the pictures.
        rig: A camera file or folder in any format.
        images: Pattern of the photographs; only with `rig`.
        masks: Pattern of the mattes, or a folder of `<frame>/<camera>.png` or `<camera>.png`.
        mesh: A mesh, a mesh file, or, with `rig`, a pattern of mesh files.
        landmarks: A landmarks file.
        camera_names: The cameras' names in file paths, by those of the rig or all in its order; only with `rig`.
        size: (width, height) in px for camera files that state none; only with `rig`.
        format: The format's name; None detects it.
        unit: The world unit, if the camera file does not say; only with `rig`.

    Returns:
        The capture, a context manager.

    Raises:
        DatasetError: If there is nothing at `path`, no format knows it, it is damaged, or a pattern matches no file.
        ValueError: If neither `path` nor `rig` is given, something goes only with `rig`, a pattern is malformed, or the
            format is unknown.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000))
        ...     with rk.open_capture(truth.capture) as capture:
        ...         capture.dataset, len(capture.camera_names)
        ('renderme360', 2)
    """
    if rig is not None:
        if flame is not None or mesh_root is not None:
            raise ValueError("flame and mesh_root belong to captures of a known format, not to rig")
        root = Path.cwd() if path is None else Path(path)
        return FolderCapture(
            FolderParts(
                rig=root / rig,
                root=root,
                images=images,
                masks=_mask_pattern(masks, root),
                mesh=mesh if isinstance(mesh, Mesh) else None if mesh is None else Path(mesh).as_posix(),
                landmarks=None if landmarks is None else root / landmarks,
                camera_names=camera_names,
                size=size,
                format=format,
                unit=unit,
            )
        )
    only_with_rig = {"images": images, "camera_names": camera_names, "size": size, "unit": unit}
    given = [name for name, value in only_with_rig.items() if value is not None]
    if path is None or given:
        raise ValueError(f"expected rig, the camera file, with {', '.join(given)}" if given else "expected path or rig")
    options = CaptureOptions(_path(flame), _path(mesh_root))
    capture = open_known_capture(Path(path), options, format)
    try:
        return _supplemented(capture, masks, mesh, landmarks)
    except Exception:
        capture.close()
        raise


def _supplemented(
    capture: Capture, masks: str | Path | None, mesh: Mesh | str | Path | None, landmarks: str | Path | None
) -> Capture:
    if masks is None and mesh is None and landmarks is None:
        return capture
    read = mesh if mesh is None or isinstance(mesh, Mesh) else Mesh.read(mesh)
    file = None if mesh is None or isinstance(mesh, Mesh) else Path(mesh)
    return SupplementedCapture(capture, masks, landmarks, read, mesh_file=file)


def _mask_pattern(masks: str | Path | None, root: Path) -> str | None:
    """Return a pattern; a folder stands for its pictures, named after the cameras."""
    if masks is None:
        return None
    text = masks.as_posix() if isinstance(masks, Path) else masks
    return f"{text.rstrip('/')}/{{camera}}.png" if (root / text).is_dir() else text


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
