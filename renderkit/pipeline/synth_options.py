"""What kind of synthetic capture is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from renderkit.arguments import as_flag, as_members, as_number, as_one_of, as_size, as_whole, refused
from renderkit.synth.faults import Fault
from renderkit.synth.rig import LensKind

DatasetLike: TypeAlias = Literal["renderme360", "facescape"]

MAX_FRAMES = 10_000
_FAULTS = 'a tuple of faults, such as rk.Fault("rotated", ("25",), 0.3)'
MIN_SIDE, MAX_SIDE = 16, 8192


@dataclass(frozen=True)
class SynthOptions:
    """What to write.

    Attributes:
        like: The dataset whose on-disk format is written.
        num_cameras: RenderMe-360: 1 to 60, FaceScape: 1 to 100.
        num_frames: RenderMe-360: frames of the capture. FaceScape: tuples (expressions), at most 20.
        size: (width, height) of the pictures in px; 2448 x 2048 is RenderMe-360's own.
        seed: Chooses the person's colours, the rig's irregularities and the noise. Same options, same bytes.
        faults: What to plant.
        scan_faces: About how many faces the scan has.
        lens: How strongly the lenses bend; "folding" turns over inside the corners as many real ones do.
        image_noise: Standard deviation of the sensor's noise, grey levels.
        landmark_noise_px: Standard deviation of the detected 2D landmarks per axis, px.
        jpeg_quality: 1 to 100.
        samples: Rays per pixel and axis for colours; 0 chooses 2 for small pictures and 1 for large ones.
        no_mesh: Write no mesh, no FLAME fit and no 3D landmarks: pictures, mattes and 2D landmarks only. RenderMe-360's
            format only.
        board: A board to photograph instead of a head: a spec such as "charuco:11x8:0.020:0.015:DICT_5X5". The capture
            is a folder with a capture.toml then, whatever `like` says.
        threads: Worker threads; 0 for one per processor. The result does not depend on it.

    Example:
        >>> import renderkit as rk
        >>> rk.SynthOptions(num_cameras=4).size
        (612, 512)
    """

    like: DatasetLike = "renderme360"
    num_cameras: int = 12
    num_frames: int = 1
    size: tuple[int, int] = (612, 512)
    seed: int = 0
    faults: tuple[Fault, ...] = ()
    scan_faces: int = 60_000
    lens: LensKind = "modest"
    image_noise: float = 1.5
    landmark_noise_px: float = 0.3
    jpeg_quality: int = 95
    samples: int = 0
    no_mesh: bool = False
    board: str = ""
    threads: int = 0

    def __post_init__(self) -> None:
        """Check what no later step checks.

        Raises:
            ValueError: If a number is out of its range.
        """
        for name in ("num_cameras", "num_frames", "seed", "scan_faces", "jpeg_quality", "samples", "threads"):
            as_whole(name, getattr(self, name))
        for name in ("image_noise", "landmark_noise_px"):
            as_number(name, getattr(self, name))
        as_flag("no_mesh", self.no_mesh)
        as_size("size", self.size)
        as_one_of("like", self.like, get_args(DatasetLike))
        as_one_of("lens", self.lens, get_args(LensKind))
        if not all(isinstance(fault, Fault) for fault in as_members("faults", self.faults, _FAULTS)):
            raise refused("faults", _FAULTS, self.faults)
        limit = 20 if self.like == "facescape" else MAX_FRAMES
        if not 1 <= self.num_frames <= limit:
            raise ValueError(f"num_frames: expected 1 to {limit}, got {self.num_frames}")
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in self.size):
            raise ValueError(f"size: expected {MIN_SIDE} to {MAX_SIDE} px a side, got {self.size[0]} x {self.size[1]}")
        if self.no_mesh and self.like != "renderme360":
            raise ValueError(f"no_mesh: only like='renderme360' can be written without a mesh, got {self.like!r}")
        if self.seed < 0:
            raise ValueError(f"seed: expected 0 or more, got {self.seed}")
        if not 1 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality: expected 1 to 100, got {self.jpeg_quality}")
        if min(self.image_noise, self.landmark_noise_px) < 0.0 or min(self.samples, self.threads) < 0:
            raise ValueError("image_noise, landmark_noise_px, samples and threads: expected 0 or more")

    @property
    def samples_per_axis(self) -> int:
        """Rays per pixel and axis that are used."""
        return self.samples or (2 if self.size[0] * self.size[1] <= 700_000 else 1)
