"""Cameras with the pictures that lie beside them: the patterns of a format's layout that fit, and what they match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from renderkit.capture import Unit
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawRig
from renderkit.formats.folder import CameraNames, FolderCapture, FolderParts
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE, Format
from renderkit.formats.mattes import find_mattes, has_matte_words
from renderkit.formats.names import PICTURE_SUFFIXES
from renderkit.formats.patterns import ANY_FRAME, PathPattern, anchored, best_pattern, natural_order
from renderkit.formats.picture_layout import MASK_FOLDERS, PictureLayout, mattes_beside
from renderkit.formats.registry import read_stated_rig
from renderkit.formats.view_names import ViewNames
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files import MESH_SUFFIXES
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.content import Content
from renderkit.wording import counted

_ALPHA_SAMPLES = 3
_WAYS_IN = (
    "Name them with --images 'images/{frame}/{camera}.jpg' (images= in Python; --rig FILE for cameras that lie apart), "
    "or let `renderkit init` write a capture.toml"
)


def state_parts(
    rig: Path,
    root: Path,
    *,
    images: str | Path | None = None,
    masks: str | Path | None = None,
    mesh: Mesh | str | Path | None = None,
    landmarks: str | Path | None = None,
    min_confidence: float | None = None,
    camera_names: CameraNames | None = None,
    size: tuple[int, int] | None = None,
    unit: Unit | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> FolderParts:
    """Return what somebody states of a rig and its pictures: paths and patterns as `scene_path` takes them."""
    return FolderParts(
        rig=rig,
        root=root,
        read_cameras=read_stated_rig,
        images=None if images is None else scene_path(images, root),
        masks=None if masks is None else scene_path(masks, root),
        mesh=mesh if mesh is None or isinstance(mesh, Mesh) else scene_path(mesh, root),
        landmarks=None if landmarks is None else root / scene_path(landmarks, root),
        min_confidence=min_confidence or DEFAULT_MIN_CONFIDENCE,
        camera_names=camera_names,
        size=size,
        unit=unit,
        format=format,
    )


def scene_path(given: str | Path, root: Path) -> str:
    """Return a path or pattern with "/" between names; see `patterns.anchored`."""
    return anchored(Path(given).as_posix(), root)


def open_rig(chosen: Format, given: FolderParts) -> FolderCapture:
    """Open cameras with what is given beside them, and nothing else."""
    return FolderCapture(replace(given, format=chosen.name))


def open_scene(chosen: Format, content: Content, given: FolderParts) -> FolderCapture:
    """Open cameras with what is given beside them; what is not given is looked for where the format has it.

    Args:
        chosen: The format of the cameras.
        content: Their file or folder.
        given: What is known already; `root` is the folder that given patterns start from.

    Raises:
        DatasetError: If the cameras cannot be read, a given pattern matches no file, or there is neither a picture nor
            a matte.
        ValueError: If a given pattern is malformed.
    """
    stated = replace(chosen.read_cameras(content), format=chosen.name)
    if not stated.cameras:
        stated.raise_failed()
    parts = replace(given, rig=content.path, format=chosen.name, dataset=chosen.name)
    if parts.camera_names is None and chosen.layout.padded:
        parts = replace(parts, camera_names={name: chosen.layout.label(name) for name in stated.names})
    parts = _completed(parts, chosen, content, stated)
    if parts.images is None and parts.masks is None:
        raise DatasetError(content.path, None, _nothing_found(chosen, stated, content))
    return FolderCapture(parts, stated)


def _completed(parts: FolderParts, chosen: Format, content: Content, stated: RawRig) -> FolderParts:
    """Return the parts with patterns for pictures, mattes and meshes where none are given and some fit."""
    names = parts.camera_names if isinstance(parts.camera_names, Mapping) else {}
    labels = {names.get(name, name): name for name in stated.names}
    root, images = parts.root, parts.images
    if images is None and not isinstance(parts.camera_names, tuple | list):
        found = _find_images(root, content, chosen.layout, labels)
        if found is not None:
            parts, (root, images) = _moved(parts, found[0]), found
    masks = parts.masks or _find_masks(root, chosen.layout, images, labels)
    if masks is None and images is not None and _has_alpha(PathPattern(images, root, PICTURE_SUFFIXES).find(labels)):
        masks = images
    mesh = parts.mesh
    if mesh is None and chosen.read_mesh is not None:
        mesh = chosen.read_mesh(content)
    return replace(
        parts, root=root, images=images, masks=masks, mesh=_find_mesh(root, chosen.layout) if mesh is None else mesh
    )


def _moved(parts: FolderParts, root: Path) -> FolderParts:
    """Return the parts with what is given made absolute, where patterns start from another folder from now on."""
    if root == parts.root:
        return parts
    start = parts.root.absolute()
    masks = None if parts.masks is None else (start / parts.masks).as_posix()
    return replace(
        parts, masks=masks, mesh=(start / parts.mesh).as_posix() if isinstance(parts.mesh, str) else parts.mesh
    )


def _find_images(
    given: Path, content: Content, layout: PictureLayout, labels: Mapping[str, str]
) -> tuple[Path, str] | None:
    """Return the folder nearest to the cameras that has pictures of them, and their pattern."""
    base = content.path if content.is_folder else content.path.parent
    for root in dict.fromkeys((given, base, *list(base.absolute().parents)[: layout.levels_up])):
        images = best_pattern(root, layout.all_images, labels, PICTURE_SUFFIXES)
        if images is not None:
            return root, images
    return None


def _find_masks(root: Path, layout: PictureLayout, images: str | None, labels: Mapping[str, str]) -> str | None:
    """Return the pattern of mattes in their own folder, or that folder, or the pattern of those beside the pictures."""
    found = best_pattern(root, layout.all_masks, labels, PICTURE_SUFFIXES)
    if found is not None:
        return found
    pictures = {} if images is None else PathPattern(images, root, PICTURE_SUFFIXES).find(labels)
    names = ViewNames(natural_order({frame for frame, _ in pictures} - {ANY_FRAME}), tuple(labels))
    for folder in MASK_FOLDERS:
        if find_mattes(root / folder, names).files:
            return folder
    first = next(iter(pictures.values()), None)
    if images is None or first is None or not has_matte_words(first.parent):
        return None
    # A camera may itself be called 0_mask: its picture is no matte of camera 0.
    own = frozenset() if "{frame}" in images else frozenset(pictures.values())
    return best_pattern(root, mattes_beside(images), labels, PICTURE_SUFFIXES, own)


def _find_mesh(root: Path, layout: PictureLayout) -> str | None:
    """Return the first pattern with exactly one mesh per frame."""
    for text in layout.all_meshes:
        try:
            if PathPattern(text, root, MESH_SUFFIXES).find({}):
                return text
        except DatasetError:
            continue  # two meshes of one frame: nobody says which is meant
    return None


def _has_alpha(files: Mapping[tuple[str, str], Path]) -> bool:
    """Whether pictures are PNGs that carry their mattes in alpha, as those of NeRF's synthetic scenes.

    An alpha that is opaque everywhere is none; in a few pictures, the subject may fill one.
    """
    paths = list(files.values())
    return any(_carries_matte(path) for path in paths[:: max(1, len(paths) // _ALPHA_SAMPLES)][:_ALPHA_SAMPLES])


def _carries_matte(path: Path) -> bool:
    try:
        return path.suffix.lower() == ".png" and EncodedImage.from_file(path).has_matte()
    except DatasetError:
        return False  # damaged: its view says so


def _nothing_found(chosen: Format, stated: RawRig, content: Content) -> str:
    base = content.path if content.is_folder else content.path.parent
    looked = ", ".join(repr(text) for text in chosen.layout.all_images[:4])
    names = ", ".join(stated.names[:3]) + (" ..." if len(stated.names) > 3 else "")
    return (
        f"recognised as {chosen.title} with {counted(len(stated.names), 'camera')} "
        f"({names}), but there are no pictures or mattes "
        f"of them in {base}: looked for {looked} and more. {_WAYS_IN}"
    )


@dataclass(frozen=True)
class SceneCounts:
    """What the patterns of a capture match.

    Attributes:
        cameras: Number of cameras.
        frames: Number of frames.
        images: Number of pictures.
        masks: Number of mattes.
        meshes: Number of mesh files.
        images_without_camera: Pictures that the pattern matches, but for a name that no camera has.
        cameras_without_image: Cameras without a picture in any frame.
    """

    cameras: int
    frames: int
    images: int
    masks: int
    meshes: int
    images_without_camera: tuple[Path, ...]
    cameras_without_image: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For people: "20 cameras, 300 frames, 6000 pictures, 4 pictures without a camera"."""
        words = [
            counted(self.cameras, "camera"),
            counted(self.frames, "frame"),
            counted(self.images, "picture"),
            counted(self.masks, "matte"),
            counted(self.meshes, "mesh"),
        ]
        if self.images_without_camera:
            words.append(f"{counted(len(self.images_without_camera), 'picture')} without a camera")
        if self.cameras_without_image:
            words.append(f"{counted(len(self.cameras_without_image), 'camera')} without a picture")
        return ", ".join(words)


def count_scene(capture: FolderCapture) -> SceneCounts:
    """Count what the patterns of a capture match, and what they leave out."""
    found = capture.files
    images, masks = (frozenset(found[kind].values()) for kind in ("images", "masks"))
    text = capture.parts.images
    every = PathPattern(text, capture.path, PICTURE_SUFFIXES).find_all() if text is not None else frozenset()
    have = {camera for _, camera in found["images"]}
    return SceneCounts(
        cameras=len(capture.camera_names),
        frames=len(capture.frame_ids),
        images=len(images),
        masks=len(masks),
        meshes=len(found["mesh"]) if found["mesh"] else int(capture.parts.mesh is not None),
        images_without_camera=tuple(sorted(every - images - masks)),
        cameras_without_image=tuple(name for name in capture.camera_names if name not in have),
    )
