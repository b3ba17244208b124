"""Where the pictures, mattes and meshes of a format lie beside its cameras, as patterns: what a scene is opened with.

A format states only what is its own; `PictureLayout()` holds the names that most rigs use. Patterns are those of
`patterns.PathPattern`; `{camera}.*` stands for a picture of any suffix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PICTURES = ("images/{0}", "image/{0}", "imgs/{0}", "rgb/{0}", "{0}")
MASK_FOLDERS: Final = ("masks", "mask", "mattes", "alpha", "silhouettes")
_MASKS = tuple(f"{folder}/{{0}}" for folder in MASK_FOLDERS)
_ONE_FRAME = ("{camera}.*", "{camera}")
_FRAMES = ("{camera}/{frame}.*", "{frame}/{camera}.*")

MASK_NAMES = (*_ONE_FRAME, "{camera}.*.png", "{camera}.png", *_FRAMES)
"""Names of mattes inside their folder; COLMAP and OpenSfM name the matte of a.jpg a.jpg.png."""

MATTE_WORDS: Final = ("mask", "matte", "alpha", "silhouette", "seg")
"""What stands before or behind a camera's or a frame's name in the name of a matte, after one of "_-.": 0_mask.png."""

_MATTE_WORD = re.compile(
    f"^(?:{'|'.join(MATTE_WORDS)})[_.-](?=.)|(?<=.)[_.-](?:{'|'.join(MATTE_WORDS)})$", re.IGNORECASE
)

MESH_NAME = "mesh"
"""Name of the meshes that a pattern finds."""


def _placed(places: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(place.replace("{0}", name) for name in names for place in places)


def without_matte_word(name: str) -> str | None:
    """Return a file's name, without suffix, without the word that says that it is a matte; None where it has none."""
    shorter = _MATTE_WORD.sub("", name, count=1)
    return shorter if shorter != name else None


def mattes_beside(images: str) -> tuple[str, ...]:
    """Return patterns of mattes that lie beside pictures of a pattern: `{camera}_mask.*` for `{camera}.*`."""
    folder, slash, name = images.rpartition("/")
    stem = name.removesuffix(".*") if name.endswith((".*", "}")) else name.rpartition(".")[0]
    before, behind = (
        [f"{folder}{slash}{pattern.format(word, separator, stem)}.*" for word in MATTE_WORDS for separator in "_-."]
        for pattern in ("{0}{1}{2}", "{2}{1}{0}")
    )
    return (*behind, *before)


@dataclass(frozen=True, kw_only=True)
class PictureLayout:
    """Patterns to try, those of a format before the usual ones. The one that has the most cameras is taken.

    Attributes:
        cameras: Usual names of the camera file inside a folder.
        images: Patterns of the photographs.
        masks: Patterns of the mattes.
        meshes: Patterns of mesh files.
        levels_up: How many folders above the camera file the patterns may start.
        padded: Number of digits of a camera's number in file names; 0 leaves the name as it is.
    """

    cameras: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    meshes: tuple[str, ...] = ()
    levels_up: int = 0
    padded: int = 0

    @property
    def all_images(self) -> tuple[str, ...]:
        """All patterns of photographs, in the order to try."""
        return (*self.images, *_placed(_PICTURES, _ONE_FRAME), *_placed(_PICTURES[:4], _FRAMES))

    @property
    def all_masks(self) -> tuple[str, ...]:
        """All patterns of mattes, in the order to try."""
        return (*self.masks, *_placed(_MASKS, MASK_NAMES))

    @property
    def all_meshes(self) -> tuple[str, ...]:
        """All patterns of meshes, in the order to try."""
        return (*self.meshes, "mesh.*", "meshes/{frame}.*", "mesh/{frame}.*", "meshes/mesh.*")

    def label(self, name: str) -> str:
        """Return the name of a camera in file paths."""
        return name.zfill(self.padded) if name.isdecimal() else name


USUAL = PictureLayout()
"""The names that most rigs use."""

COLMAP = PictureLayout(levels_up=2)
"""Pictures by their names in the images file, in images/ of the folder that holds sparse/0."""

TRANSFORMS_JSON = PictureLayout(cameras=("transforms_train.json",), images=("{camera}.*", "images/{camera}.*"))
"""Pictures by file_path, with or without suffix."""

OPENSFM = PictureLayout(cameras=("reconstruction.json",))
METASHAPE = PictureLayout(cameras=("cameras.xml",), levels_up=1)
BOP = PictureLayout(
    images=("rgb/{camera}.*", "gray/{camera}.*"),
    masks=("mask/{camera}_000000.*", "mask_visib/{camera}_000000.*"),
    padded=6,
)
"""One instance per picture: the first one's full silhouette comes before the part that is visible."""

EASYMOCAP = PictureLayout(images=("images/{camera}/{frame}.*",), masks=("mask/{camera}/{frame}.*",))
ACTORSHQ = PictureLayout(
    cameras=("calibration.csv",),
    images=("rgbs/{camera}/{camera}_rgb{frame}.*",),
    masks=("masks/{camera}/{camera}_mask{frame}.*",),
)
NERSEMBLE = PictureLayout(
    cameras=("camera_params.json", "calibration/camera_params.json"),
    images=("sequences/*/timesteps/{frame}/images/cam_{camera}.*", "timesteps/{frame}/images/cam_{camera}.*"),
    masks=("sequences/*/timesteps/{frame}/alpha_map/cam_{camera}.*", "timesteps/{frame}/alpha_map/cam_{camera}.*"),
    levels_up=1,
)
KRT = PictureLayout(
    cameras=("KRT", "KRT.txt", "krt.txt"),
    images=("images/*/{camera}/{frame}.*", "images/{camera}/{frame}.*"),
    meshes=("tracked_mesh/*/{frame}.obj",),
)
"""Multiface: images/<sequence>/<camera>/<frame>; a folder with several sequences needs --images."""

KRT_JSON = PictureLayout(
    cameras=("camera_calibration.json", "KRT.json"),
    images=("image/cam{camera}/{frame}.*", "image/{camera}/{frame}.*"),
    masks=("segmentation_parts/cam{camera}/{frame}.*", "segmentation_parts/{camera}/{frame}.*"),
    levels_up=1,
)
RIG_JSON = PictureLayout(cameras=("rig.json", "cameras.json"), levels_up=1)
