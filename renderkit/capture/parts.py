"""What a capture is made of: frames and views, read lazily, and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Unit
from renderkit.images.encoded import EncodedImage

_KIND_WORDS = {"image": "picture", "mask": "matte"}


@dataclass(frozen=True, eq=False)
class View:
    """One frame seen by one camera. Parts that the capture does not have are None.

    Attributes:
        frame: The frame's id.
        camera: The calibrated camera.
        image: The photograph.
        mask: The captured matte; alpha, not binary.
        read_landmarks: Returns the detected 2D landmarks (pixels of the raw image), or None when there are none.
        notes: How the parts were found where that is a choice, for people, one sentence each.

    Example:
        >>> import renderkit as rk
        >>> camera = rk.Camera.look_at((0, 0, 3), (0, 0, 0), size=(64, 48), name="25")
        >>> rk.View(frame="0", camera=camera).mask is None
        True
    """

    frame: str
    camera: Camera
    image: EncodedImage | None = None
    mask: EncodedImage | None = None
    read_landmarks: Callable[[], Landmarks | None] = field(default=lambda: None)
    notes: tuple[str, ...] = ()

    def fetched(self, *, with_image: bool) -> View:
        """Return the view with the bytes of its matte, and of its photograph if wanted, in memory."""
        image, mask = self.image, self.mask
        return replace(
            self,
            image=image.fetched() if image is not None and with_image else image,
            mask=None if mask is None else mask.fetched(),
        )


@dataclass(frozen=True, eq=False)
class Frame:
    """One instant of a capture.

    Attributes:
        id: The frame's key in its dataset.
        mesh_readers: By mesh name ("scan", "flame"): returns the mesh in world units, or raises DatasetError.
            FLAME vertices without a known topology come as a mesh with no faces.
        read_landmarks: Returns the 3D landmarks in world units, or None.
        textured_mesh_readers: By mesh name, for meshes that lie apart from their texture: returns the mesh with it, or
            None where the frame has no texture; may raise DatasetError.

    Example:
        >>> import renderkit as rk
        >>> triangle = rk.Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])
        >>> frame = rk.Frame("0", {"scan": lambda: triangle})
        >>> frame.mesh_names, len(frame.read_mesh("scan").faces)
        (('scan',), 1)
    """

    id: str
    mesh_readers: Mapping[str, Callable[[], Mesh]] = field(default_factory=dict)
    read_landmarks: Callable[[], Landmarks | None] = field(default=lambda: None)
    textured_mesh_readers: Mapping[str, Callable[[], Mesh | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("mesh_readers", "textured_mesh_readers"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def mesh_names(self) -> tuple[str, ...]:
        """Names of the meshes this frame has."""
        return tuple(self.mesh_readers)

    def read_mesh(self, name: str) -> Mesh:
        """Read one of the frame's meshes.

        Raises:
            KeyError: If the frame has no mesh of that name.
            DatasetError: If it is there but cannot be read.
        """
        return self.mesh_readers[name]()


@dataclass(frozen=True)
class SkippedCamera:
    """A camera that the dataset itself marks as not usable.

    Attributes:
        name: The camera.
        why: The dataset's own reason.
    """

    name: str
    why: str


@dataclass(frozen=True)
class MissingPart:
    """Something that a capture does not have, or that is not as expected.

    Attributes:
        kind: What it concerns: "image", "mask", "landmarks", "landmarks2d", "landmarks3d", "mesh", "calibration",
            "file", "topology", "scan frame", "count", "size" or "damage".
        why: The sentence for people, with what to do about it.
    """

    kind: str
    why: str

    @classmethod
    def of_cameras(cls, kind: str, have: Collection[str], cameras: Sequence[str]) -> tuple[MissingPart, ...]:
        """Say which of the cameras have none of a kind; nothing where all have one."""
        without = [name for name in cameras if name not in have]
        if not without:
            return ()
        which = "any camera" if len(without) == len(cameras) > 1 else f"camera {', '.join(without)}"
        return (cls(kind, f"No {_KIND_WORDS.get(kind, kind)} for {which}."),)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.why


@dataclass(frozen=True, eq=False)
class UnframedScan:
    """A scan whose frame the capture does not state, and the mattes that tell it.

    Attributes:
        masks: By camera, the scan's own matte in it.
        frame_mask: Returns the captured matte of (frame, camera), calibrated camera or not; or None.
    """

    masks: Mapping[str, EncodedImage]
    frame_mask: Callable[[str, str], EncodedImage | None]

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "masks", MappingProxyType(dict(self.masks)))


@dataclass(frozen=True)
class Inventory:
    """What a capture holds, for people.

    Attributes:
        dataset: The format's name, such as "facescape".
        unit: World unit.
        cameras: Names of all cameras found.
        frames: Ids of all frames found.
        annotations: For each kind of annotation ("image", "mask", "landmarks2d", "calibration" ...) the cameras that
            have it in at least one frame.
        frame_annotations: For each kind that belongs to a frame ("scan", "flame", "landmarks3d" ...) the frames that
            have it.
        attributes: The dataset's own attributes.
        missing: What a reader would expect and did not find.
    """

    dataset: str
    unit: Unit
    cameras: tuple[str, ...]
    frames: tuple[str, ...]
    annotations: Mapping[str, tuple[str, ...]]
    frame_annotations: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, str]
    missing: tuple[MissingPart, ...]
