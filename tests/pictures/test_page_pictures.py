from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.images.mask_bits import MaskBits
from renderkit.images.palette import CAPTURED, PREDICTED
from renderkit.pictures.page_pictures import draw_layers, measure_offset_curve, page_files
from renderkit.renderers.base import Rendering
from renderkit.results.page_pictures import LONGEST_PX, PagePictures, read_page_pictures
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.writing import write_files

KEY = ViewKey("capture", "0", "../<07>", "scan")
NONE = dict.fromkeys(("mask", "boundary", "containment", "reprojection"), "not scored here")


def _evidence(width: int = 1280, height: int = 960, shift: int = 12) -> PictureEvidence:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    captured = np.hypot(x - width / 2, y - height / 2) < 300
    rendered = np.hypot(x - width / 2 - shift, y - height / 2) < 300
    matrix = [[1000.0, 0.0, 639.5], [0.0, 1000.0, 479.5], [0.0, 0.0, 1.0]]
    camera = Camera.from_opencv(matrix, [], Pose.identity(), (width, height), "07")
    photo = np.full((height, width, 3), (200, 100, 50), np.uint8)
    shaded = np.where(rendered[..., None], np.uint8(150), np.uint8(0)).repeat(3, axis=2)
    depth, index = np.zeros((height, width), np.float32), np.where(rendered, np.int32(0), np.int32(-1))
    row = ViewResult(KEY, missing=NONE)
    return PictureEvidence(
        row, camera, photo=photo, matte=captured.astype(np.uint8) * 255,
        rendering=Rendering(index, depth, color=shaded), whole_masks=(MaskBits.pack(rendered), MaskBits.pack(captured)),
    )  # fmt: skip


def test_layers_show_what_they_say_at_screen_size() -> None:
    layers = draw_layers(_evidence())
    assert {picture.shape for picture in layers.values()} == {(480, LONGEST_PX, 3)}
    assert tuple(layers["photo"][5, 5]) == (200, 100, 50)
    # The middle is rendered; the corner is photo, dimmed.
    assert tuple(layers["rendering"][240, 320]) == (150, 150, 150)
    assert tuple(layers["rendering"][5, 5]) == (90, 45, 22)
    # Disc of 300 px moved by 12: rendered only at x = 640 + 306, captured only at 640 - 294; halved for the screen.
    np.testing.assert_allclose(layers["difference"][240, 473], PREDICTED, atol=2)
    np.testing.assert_allclose(layers["difference"][240, 173], CAPTURED, atol=2)
    assert np.ptp(layers["difference"][240, 320].astype(int)) == 0


def test_the_offset_curve_of_a_moved_disc_follows_the_cosine() -> None:
    curve = measure_offset_curve(_evidence())
    assert curve is not None
    angles = 2.0 * np.pi * np.arange(len(curve.median_px)) / len(curve.median_px)
    np.testing.assert_allclose(np.array(curve.median_px, float), 12.0 * np.cos(angles), atol=1.5)


def test_what_is_written_is_read_back_and_no_name_leaves_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    write_files(folder, page_files(_evidence()))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    pictures = read_page_pictures(KEY, folder)
    assert list(pictures.layers) == ["photo", "rendering", "difference"]
    assert pictures.offsets == measure_offset_curve(_evidence())
    assert pictures.num_bytes < 60_000
    for data in pictures.layers.values():
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (480, LONGEST_PX, 3)
    assert read_page_pictures(replace(KEY, camera="other"), folder) == PagePictures()


def test_parts_that_a_capture_lacks_are_left_out(tmp_path: Path) -> None:
    whole = _evidence()
    assert list(draw_layers(replace(whole, matte=None))) == ["photo", "rendering"]
    assert list(draw_layers(replace(whole, photo=None))) == ["rendering", "difference"]
    assert list(draw_layers(replace(whole, rendering=None))) == ["photo"]
    assert whole.rendering is not None
    bare = replace(whole, rendering=replace(whole.rendering, color=None))
    silhouette = draw_layers(bare)["rendering"]
    np.testing.assert_allclose(silhouette[240, 320], 0.4 * np.array([90, 45, 22]) + 0.6 * np.array(PREDICTED), atol=2)
    assert measure_offset_curve(replace(whole, whole_masks=None)) is None
    empty = np.zeros((960, 1280), np.bool_)
    assert measure_offset_curve(replace(whole, whole_masks=(MaskBits.pack(empty), MaskBits.pack(empty)))) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not a contour offset"),
        ('{"median_px": [1.0], "counts": [1, 2]}', "as many as counts"),
        ('{"median_px": [NaN], "counts": [1]}', "finite"),
        ('{"median_px": ["<b>"], "counts": [1]}', "not a contour offset"),
    ],
)
def test_damaged_offsets_are_refused(tmp_path: Path, text: str, why: str) -> None:
    write_files(tmp_path, page_files(_evidence()))
    (file,) = (tmp_path / "page").glob("*.json")
    file.write_text(text)
    with pytest.raises(DatasetError, match=why):
        read_page_pictures(KEY, tmp_path)
