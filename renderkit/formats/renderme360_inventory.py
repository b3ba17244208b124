"""What a RenderMe-360 capture holds and lacks, without decoding a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderkit.capture import Inventory, MissingPart
from renderkit.flame.topology import FLAME_HELP

if TYPE_CHECKING:
    from renderkit.formats.renderme360 import RenderMe360Capture


def take_inventory(capture: RenderMe360Capture) -> Inventory:
    """Enumerate what is there."""
    files, cameras = capture.files, capture.camera_names
    calibrated = [
        name for name in cameras if all(files.find("Calibration", name, key) is not None for key in ("K", "RT"))
    ]
    detected = [
        name
        for name in files.keys("Keypoints2d")
        if any(files.find("Keypoints2d", name, frame) is not None for frame in files.keys("Keypoints2d", name))
    ]
    annotations = {
        "calibration": calibrated,
        "image": [name for name in cameras if files.keys("Camera", name, "color")],
        "mask": [name for name in cameras if files.keys("Camera", name, "mask")],
        "landmarks2d": sorted(detected),
        "scan mask": [name for name in cameras if files.find("ScanMask", name) is not None],
        "audio": ["00"] if files.find("Camera", "00", "audio", "audio") is not None else [],
    }
    frames = capture.frame_ids
    frame_annotations = {
        "landmarks3d": [frame for frame in frames if files.find("Keypoints3d", frame) is not None],
        "flame": [frame for frame in frames if files.keys("FLAME", frame)],
        "uv texture": [frame for frame in frames if files.find("UV_texture", frame) is not None],
        "scan": list(frames) if files.find("Scan", "vertex") is not None else [],
    }
    found = {kind: tuple(names) for kind, names in annotations.items() if names}
    found_in_frames = {kind: tuple(names) for kind, names in frame_annotations.items() if names}
    return Inventory(
        capture.dataset,
        capture.unit,
        cameras,
        frames,
        found,
        found_in_frames,
        {name: str(value) for name, value in capture.attributes.items()},
        (
            *_missing(capture, found, found_in_frames),
            *(MissingPart("size", note) for note in capture.notes),
            *(MissingPart("damage", f"Damaged: {why}.") for why in files.damage),
        ),
    )


def _missing(
    capture: RenderMe360Capture, found: dict[str, tuple[str, ...]], in_frames: dict[str, tuple[str, ...]]
) -> list[MissingPart]:
    missing = _missing_pictures(capture, found)
    if "landmarks2d" not in found:
        missing.append(
            MissingPart("landmarks2d", "No 2D landmarks (cameras 18 to 32 have them in the annotated parts).")
        )
    if "landmarks3d" not in in_frames:
        missing.append(MissingPart("landmarks3d", "No 3D landmarks."))
    if "scan" not in in_frames and "flame" not in in_frames:
        why = "No mesh: neither scan nor FLAME (only expression parts have them); give one with --mesh FILE."
        missing.append(MissingPart("mesh", why))
    if "scan" in in_frames and len(capture.frame_ids) > 1:
        why = "The file does not say which frame the scan belongs to; every frame offers it."
        missing.append(MissingPart("scan frame", why))
    if "flame" in in_frames and capture.topology is None:
        missing.append(MissingPart("topology", FLAME_HELP))
    return missing


def _missing_pictures(capture: RenderMe360Capture, found: dict[str, tuple[str, ...]]) -> list[MissingPart]:
    files, cameras = capture.files, capture.camera_names
    missing: list[MissingPart] = []
    if files.missing_sibling is not None:
        why = f"{files.missing_sibling.name}, the other half of this capture, is not beside it."
        missing.append(MissingPart("file", why))
    for kind in ("calibration", "image", "mask"):
        missing += MissingPart.of_cameras(kind, found.get(kind, ()), cameras)
    stated = files.attribute("num_device", "Camera")
    if stated is not None and stated != len(cameras):
        missing.append(MissingPart("count", f"The file states {stated} cameras and holds {len(cameras)}."))
    stated = files.attribute("num_frame", "Camera")
    if stated is not None and stated != len(capture.frame_ids):
        why = f"The file states {stated} frames and holds {len(capture.frame_ids)}."
        missing.append(MissingPart("count", why))
    return missing
