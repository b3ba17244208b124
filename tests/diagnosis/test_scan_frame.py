"""The scan's frame, found among frames in which a disc moves; and the statistics of the choice."""

from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from renderkit.arrays import MaskImage
from renderkit.diagnosis.scan_frame import detect_scan_frame
from renderkit.diagnosis.view_choice import choose_by_views
from renderkit.formats.renderme360 import RenderMe360Capture
from renderkit.images.encoded import EncodedImage

FRAMES = [str(index) for index in range(12)]
CAMERAS = ["00", "01", "02", "03"]


def disc(x: float, y: float, radius: float = 20.0) -> MaskImage:
    row, column = np.mgrid[:96, :128]
    inside: MaskImage = (column - x) ** 2 + (row - y) ** 2 <= radius**2
    return inside


def frame_mask(frame: str, camera: str) -> MaskImage:
    return disc(30.0 + 4.0 * int(frame), 40.0 + 5.0 * int(camera))


def test_the_frame_is_found_with_its_margin() -> None:
    choice = detect_scan_frame(FRAMES, CAMERAS, lambda camera: frame_mask("7", camera), frame_mask)
    assert choice.best == "7"
    assert choice.runner_up in {"6", "8"}
    assert (choice.num_views, choice.num_won, choice.decided) == (4, 4, True)
    assert choice.mean("7") == 1.0
    # two discs of radius 20 whose centres are 4 px apart
    overlap = 2 * 400 * np.arccos(4 / 40) - 2 * np.sqrt(1600 - 16)
    iou = overlap / (2 * np.pi * 400 - overlap)
    assert choice.margin == pytest.approx(1.0 - iou, abs=0.01)


def test_missing_masks_are_left_out() -> None:
    def some(frame: str, camera: str) -> MaskImage | None:
        return None if frame == "3" or camera == "01" else frame_mask(frame, camera)

    choice = detect_scan_frame(FRAMES, CAMERAS, lambda c: None if c == "00" else frame_mask("7", c), some)
    assert (choice.best, choice.num_views) == ("7", 2)
    assert "3" not in choice.candidates
    assert not choice.decided  # two views are too few
    nothing = detect_scan_frame(FRAMES, CAMERAS, lambda _camera: None, some)
    assert (nothing.best, nothing.decided) == (None, False)


def test_a_capture_is_asked_for_its_own_masks(tmp_path: Path) -> None:
    def png(mask: MaskImage) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        data = cv2.imencode(".png", mask.astype(np.uint8) * 200)[1]
        return np.asarray(data, dtype=np.uint8).reshape(-1)

    with h5py.File(tmp_path / "x_anno.smc", "w") as file:
        for camera in CAMERAS:
            file[f"ScanMask/{camera}"] = png(frame_mask("10", camera))
            for frame in FRAMES:
                file[f"Camera/{camera}/mask/{frame}"] = png(frame_mask(frame, camera))
        file["Scan/vertex"], file["Scan/vertex_indices"] = np.eye(3), np.array([[0, 1, 2]])
    with RenderMe360Capture(tmp_path / "x_anno.smc") as capture:
        scan = capture.unframed_scan()
        assert scan is not None

        def decoded(image: EncodedImage | None) -> MaskImage | None:
            return None if image is None else image.decode_gray() > 127

        choice = detect_scan_frame(
            capture.frame_ids,
            tuple(scan.masks),
            lambda camera: decoded(scan.masks[camera]),
            lambda frame, camera: decoded(scan.frame_mask(frame, camera)),
        )
        assert (choice.best, choice.num_views, len(choice.candidates)) == ("10", 4, 12)


def test_margins_and_standard_errors_are_of_paired_differences() -> None:
    random = np.random.default_rng(2)
    common = random.normal(size=50)
    scores = np.stack([common + 0.1 + random.normal(0, 0.05, 50), common, common - 1.0])
    choice = choose_by_views(("a", "b", "c"), scores)
    difference = scores[0] - scores[1]
    assert (choice.best, choice.runner_up) == ("a", "b")
    assert choice.margin == pytest.approx(difference.mean())
    assert choice.margin_standard_error == pytest.approx(difference.std(ddof=1) / np.sqrt(50))
    assert choice.decided
    tie = choose_by_views(("a", "b"), random.normal(size=(2, 40)) * 1.0)
    assert not tie.decided
    assert choose_by_views(("a",), np.ones((1, 4))).runner_up is None
    with pytest.raises(ValueError, match="scores"):
        choose_by_views(("a", "b"), np.ones((3, 4)))
