"""MVSNet *_cam.txt, one per picture: "extrinsic" (4, 4) world-to-camera, "intrinsic" (3, 3), a line of depths.

OpenCV axes; no distortion, no image size, no unit. Pixel (0, 0) is the CORNER of the image: MVSNet warps pictures at
x + 0.5 (homography_warping.py, get_pixel_grids and interpolate), as COLMAP counts, of which colmap2mvsnet.py writes the
numbers unchanged. Source: MVSNet README, "File formats".
"""

from __future__ import annotations

from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.names import require_tokens
from renderkit.formats.sizes import find_picture_sizes
from renderkit.geometry.conventions import CORNER_PIXEL_ORIGIN, intrinsics_to_corner_origin
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, exact, numbers
from renderkit.writing import make_folder, write_text

_LIMITS = Expressible(size=False)
_SUFFIX = "_cam.txt"


def matches(content: Content) -> bool:
    """Return True for such a file, or a folder with *_cam.txt files, in it or in its cams/."""
    if content.is_folder:
        return bool(_files(content.path))
    words = content.head.split(None, 18)
    return words[:1] == [b"extrinsic"] and words[17:18] == [b"intrinsic"]


def _files(folder: Path) -> list[Path]:
    return next((found for one in (folder, folder / "cams") if (found := sorted(one.glob(f"*{_SUFFIX}")))), [])


def read(content: Content) -> RawRig:
    """Read one file, or all of a folder; the pictures are looked for beside the files and in images/ beside cams/."""
    path = content.path
    files = [Content(one) for one in _files(path)] if content.is_folder else [content]
    names = [file.path.name.removesuffix(_SUFFIX) for file in files]
    home = files[0].path.parent
    sizes = find_picture_sizes(home.parent if home.name == "cams" else home, names)
    cameras = tuple(_read_camera(name, file, sizes.get(name)) for name, file in zip(names, files, strict=True))
    return RawRig(cameras, path, "unknown")


def _read_camera(name: str, content: Content, picture_size: tuple[int, int] | None) -> RawCamera:
    path, words = content.path, content.text.split()
    if words[:1] != ["extrinsic"] or words[17:18] != ["intrinsic"] or len(words) < 27:
        raise DatasetError(path, None, "expected 'extrinsic' and 16 numbers, then 'intrinsic' and 9; it may be cut off")
    pose = extrinsics_at(words[1:17], path, "extrinsic")
    K = numbers(words[18:27], [(9,)], path, "intrinsic").reshape(3, 3)
    K[:2, 2] -= CORNER_PIXEL_ORIGIN
    return RawCamera(name, K, pose, picture_size=picture_size)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write one file per camera into the folder `path`, without the line of depths, which belongs to a scene."""
    require_tokens(rig.cameras, path, "/\\", "MVSNet")
    make_folder(path)
    for name, camera in rig.cameras.items():
        pose, K = camera.cam_from_world.matrix, intrinsics_to_corner_origin(camera.K)
        text = f"extrinsic\n{_rows(pose)}\n\nintrinsic\n{_rows(K)}\n"
        write_text(path / f"{name}{_SUFFIX}", text)
    return ("the depth range is not written; MVSNet takes it from the fourth block of each file",)


def _rows(matrix: FloatArray) -> str:
    return "\n".join(" ".join(exact(value) for value in row) for row in matrix)


FORMAT = Format(
    name="mvsnet",
    title="MVSNet *_cam.txt",
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
)
