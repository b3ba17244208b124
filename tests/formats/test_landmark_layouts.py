"""Every layout of landmarks, written as its program writes it; the truth is the points that were written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.capture import Frame
from renderkit.errors import DatasetError
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.formats.view_names import ViewNames
from renderkit.geometry.landmarks import Landmarks

SIZE = (320, 240)
NAMES = ViewNames(("000", "012"), ("cam1", "cam2"))
TRUTH = np.random.default_rng(0).uniform((60.0, 30.0), (250.0, 200.0), (68, 2)).round(3)


def saved(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def read(path: Path, frame: str = "012", camera: str = "cam1", **options: Any) -> Landmarks:
    found = LandmarksFile(path, NAMES, **options).landmarks_2d(frame, camera, SIZE)
    assert found is not None
    return found


def triples(points: np.ndarray, confidence: float = 0.9) -> list[float]:
    return np.column_stack([points, np.full(len(points), confidence)]).ravel().tolist()


def test_openpose(tmp_path: Path) -> None:
    face = triples(TRUTH)
    face[3:6] = [0.0, 0.0, 0.0]
    face[8] = 0.0
    person = {"person_id": [-1], "pose_keypoints_2d": triples(TRUTH[:25]), "face_keypoints_2d": face}
    content = {"version": 1.3, "people": [person, {"face_keypoints_2d": triples(TRUTH + 5.0)}]}
    saved(tmp_path / "cam1" / "cam1_000000000012_keypoints.json", content)
    saved(tmp_path / "cam2_000_keypoints.json", {"version": 1.3, "people": []})
    saved(tmp_path / "cam1" / "0_keypoints.json", {"people": [person | {"face_keypoints_2d": []}]})
    found = read(tmp_path)
    assert found.scheme == "ibug68"
    assert np.flatnonzero(~found.valid).tolist() == [1, 2]
    assert np.array_equal(found.points[found.valid], TRUTH[found.valid])
    assert found.notes == ("OpenPose: face_keypoints_2d of the first of 2 people",)
    assert read(tmp_path, "000").scheme == "openpose25"
    assert LandmarksFile(tmp_path, NAMES).landmarks_2d("000", "cam2", SIZE) is None


def test_openpose_of_one_view_needs_its_camera(tmp_path: Path) -> None:
    file = saved(tmp_path / "landmarks.json", {"people": [{"face_keypoints_2d": triples(TRUTH)}]})
    expected = r"'landmarks' is not a camera's name; expected a folder of files <camera>\.json"
    with pytest.raises(DatasetError, match=expected):
        LandmarksFile(file, NAMES)
    alone = LandmarksFile(file, ViewNames(("0",), ("only",))).landmarks_2d("0", "only", SIZE)
    assert alone is not None
    assert np.array_equal(alone.points, TRUTH)


def test_coco(tmp_path: Path) -> None:
    values = np.column_stack([TRUTH[:17], np.full(17, 2)])
    values[4] = [0, 0, 0]
    values[5, 2] = 1
    content = {
        "images": [
            {"id": 7, "file_name": "images/cam1/012.jpg"},
            {"id": 8, "file_name": "cam2_0.png"},
            {"id": 9, "file_name": "other.png"},
        ],
        "annotations": [
            {"image_id": 7, "keypoints": (values * 2).ravel().tolist(), "score": 0.2},
            {"image_id": 7, "keypoints": values.ravel().tolist(), "score": 0.9},
            {"image_id": 9, "keypoints": values.ravel().tolist()},
            {"image_id": 8, "keypoints": triples(TRUTH[:17], 2.0)},
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": ["nose"]}],
    }
    file = saved(tmp_path / "person_keypoints.json", content)
    found = read(file)
    assert found.scheme == "coco17"
    assert np.flatnonzero(~found.valid).tolist() == [4]
    assert np.array_equal(found.points[found.valid], TRUTH[:17][found.valid])
    assert "several people" in found.notes[0]
    assert np.array_equal(read(file, "000", "cam2").points, TRUTH[:17])
    (note,) = LandmarksFile(file, NAMES).notes
    assert "picture 'other.png'" in note


def test_pts_counts_from_one(tmp_path: Path) -> None:
    lines = "\n".join(f"{x + 1.0:.3f} {y + 1.0:.3f}" for x, y in TRUTH)
    found = read(saved(tmp_path / "cam1.pts", f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n"))
    np.testing.assert_allclose(found.points, TRUTH, rtol=0.0, atol=1e-9)
    assert "counted from 1" in found.notes[0]
    with pytest.raises(DatasetError, match="says 67 points, found 68"):
        read(saved(tmp_path / "cam1.pts", f"n_points: 67\n{{\n{lines}\n}}\n"))
    with pytest.raises(DatasetError, match="between braces"):
        read(saved(tmp_path / "cam1.pts", "1 2\n3 4\n"))
    with pytest.raises(DatasetError, match="expected numbers"):
        read(saved(tmp_path / "cam1.pts", "{\n1 2\n3 x\n}\n"))


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("visibility", [None, 0.0, 0.8])
def test_mediapipe_is_multiplied_by_the_size(tmp_path: Path, nested: bool, visibility: float | None) -> None:
    points = np.random.default_rng(1).uniform(0.2, 0.7, (478, 2))
    points[0] = [-0.02, 1.01]
    more = {} if visibility is None else {"visibility": visibility, "presence": visibility}
    rows: Any = [{"x": x, "y": y, "z": -0.03} | more for x, y in points]
    content = {"cam1": {"012": {"face_landmarks": [rows]} if nested else rows}}
    found = read(saved(tmp_path / "mediapipe.json", content))
    assert found.scheme == "mediapipe478"
    assert found.valid.all()
    np.testing.assert_allclose(found.points, points * SIZE, rtol=0.0, atol=1e-9)
    assert "multiplied" in found.notes[-1]


def test_mediapipe_in_pixels_stays(tmp_path: Path) -> None:
    rows = [{"x": x, "y": y, "z": 0.0} for x, y in TRUTH]
    found = read(saved(tmp_path / "cam1.json", {"landmarks": rows}))
    assert np.array_equal(found.points, TRUTH)


@pytest.mark.parametrize("width", [2, 3])
def test_face_alignment_arrays(tmp_path: Path, width: int) -> None:
    third = np.linspace(-40.0, 60.0, 68)[:, None]
    points = np.hstack([TRUTH, third])[:, :width]
    np.save(tmp_path / "cam1.npy", points)
    assert np.array_equal(read(tmp_path / "cam1.npy").points, TRUTH)
    np.save(tmp_path / "cam1.npy", np.stack([points + 1.0, points]).astype(np.float32))
    np.testing.assert_allclose(read(tmp_path / "cam1.npy").points, TRUTH, atol=1e-4)
    np.save(tmp_path / "cam1.npy", np.stack([points] * 3))
    with pytest.raises(DatasetError, match="holds 3 frames; expected 2"):
        LandmarksFile(tmp_path / "cam1.npy", NAMES)


@pytest.mark.parametrize("bad", [np.array([{}], dtype=object), np.zeros(4), np.zeros((3, 5)), np.array([["a", "b"]])])
def test_arrays_that_are_no_points(tmp_path: Path, bad: Any) -> None:
    np.save(tmp_path / "cam1.npy", bad, allow_pickle=True)
    with pytest.raises(DatasetError, match=r"cam1\.npy"):
        LandmarksFile(tmp_path / "cam1.npy", NAMES)


def test_deeplabcut(tmp_path: Path) -> None:
    head = "scorer,DLC,DLC,DLC,DLC,DLC,DLC\nbodyparts,nose,nose,nose,tail,tail,tail\n"
    head += "coords,x,y,likelihood,x,y,likelihood\n"
    file = saved(tmp_path / "cam2DLC_resnet50.csv", head + "0,1.5,2,1.0,3,4,0.3\n12,11.5,12,0.9,,,\n99,0,0,1,1,1,1\n")
    first = read(file, "000", "cam2", min_confidence=0.5)
    assert (first.points[0].tolist(), first.valid.tolist(), first.scheme) == ([1.5, 2.0], [True, False], "deeplabcut2")
    assert read(file, "000", "cam2").valid.tolist() == [True, True]
    second = read(file, "012", "cam2")
    assert (second.points[0].tolist(), second.valid.tolist()) == ([11.5, 12.0], [True, False])
    assert "frame '99'" in LandmarksFile(file, NAMES).notes[0]
    people = head.replace("bodyparts", "individuals,a,a,a,b,b,b\nbodyparts").replace("tail", "nose")
    one = read(saved(tmp_path / "cam2.csv", people + "12,5,6,1,7,8,1\n"), "012", "cam2")
    assert (one.points.tolist(), one.scheme) == ([[5.0, 6.0]], "deeplabcut1")


@pytest.mark.parametrize("head", ["", "x,y,confidence\n"])
def test_rows_of_numbers(tmp_path: Path, head: str) -> None:
    found = read(saved(tmp_path / "cam1.csv", head + "1,2,0.5\n3,4,0\n0,0,1\n"))
    assert found.points[0].tolist() == [1.0, 2.0]
    assert found.valid.tolist() == [True, False, False]


@pytest.mark.parametrize(
    "shape",
    [
        lambda rows: {"cam1": rows, "cam2": []},
        lambda rows: {"cam1": {"012": rows, "0": []}},
        lambda rows: {"012": {"cam1": rows}},
        lambda rows: {"12": {"cam1": {"keypoints": rows}}, "scheme": "ibug68"},
    ],
)
def test_plain_lists_by_camera_and_frame(tmp_path: Path, shape: Any) -> None:
    found = read(saved(tmp_path / "l.json", shape(TRUTH.tolist())))
    assert np.array_equal(found.points, TRUTH)
    assert found.scheme == "ibug68"


def test_confidence_and_its_threshold(tmp_path: Path) -> None:
    rows = [[5, 6, 0.2], [7, 8, 0.9], [0, 0, 1.0], [9, 9, 0.0], None]
    file = saved(tmp_path / "l.json", {"cam1": rows})
    assert read(file).valid.tolist() == [True, True, False, False, False]
    assert read(file, min_confidence=0.5).valid.tolist() == [False, True, False, False, False]
    with pytest.raises(DatasetError, match="point 0"):
        read(saved(tmp_path / "l.json", {"cam1": ["x"]}))


def test_shares_where_pixels_are_expected_are_named_and_left_as_they_are(tmp_path: Path) -> None:
    """The other scores of the view do not depend on them, and the diagnosis tries them as shares."""
    shares = TRUTH / SIZE
    found = read(saved(tmp_path / "l.json", {"cam1": shares.tolist()}))
    assert np.array_equal(found.points, shares)
    assert any("all 68 landmarks lie in or about the unit square" in note for note in found.notes)
    assert any("320 x 240" in note for note in found.notes)


def test_points_that_fit_only_as_rows_and_columns_are_named(tmp_path: Path) -> None:
    right = TRUTH + np.array([60.0, 0.0])
    assert not read(saved(tmp_path / "l.json", {"cam1": right.tolist()})).notes
    flipped = np.clip(right, 0, 239)[:, ::-1] + np.array([0.0, 80.0])
    assert "exchanged" in read(saved(tmp_path / "l.json", {"cam1": flipped.tolist()})).notes[0]


def own(frames: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format": "renderkit-landmarks", "version": 1, "landmarks_2d": {"scheme": "s", "frames": frames}, **more}


def test_strangers_are_named(tmp_path: Path) -> None:
    rows = [[1, 2]]
    with pytest.raises(DatasetError, match=r"no frame '1'. Its frames are 000, 012; its cameras are cam1, cam2"):
        LandmarksFile(saved(tmp_path / "l.json", own({"1": {"cam1": rows}})), NAMES)
    some = LandmarksFile(saved(tmp_path / "l.json", own({"000": {"cam1": rows, "cam9": rows}})), NAMES)
    assert some.notes == ("landmarks that are not used: the capture has no camera 'cam9'",)
    assert some.cameras("000") == ("cam1",)


def test_a_folder_with_world_landmarks_beside_detections(tmp_path: Path) -> None:
    saved(tmp_path / "cam1.pts", "{\n2 3\n}\n")
    world = {"format": "renderkit-landmarks", "version": 1}
    world["landmarks_3d"] = {"scheme": "ibug68", "frames": {"*": [[1, 2, 3]]}}
    saved(tmp_path / "world.json", world)
    file = LandmarksFile(tmp_path, NAMES)
    points = file.landmarks_3d(Frame("000"))
    assert file.has_2d
    assert points is not None
    assert points.points.tolist() == [[1.0, 2.0, 3.0]]
    assert read(tmp_path).points.tolist() == [[1.0, 2.0]]
    saved(tmp_path / "world2.json", world)
    with pytest.raises(DatasetError, match="two files hold 3D landmarks"):
        LandmarksFile(tmp_path, NAMES)
    with pytest.raises(DatasetError, match="expected landmark files"):
        LandmarksFile(saved(tmp_path / "empty" / "a.md", "").parent, NAMES)


def test_the_person_that_openpose_sees(tmp_path: Path) -> None:
    seen = {"face_keypoints_2d": triples(TRUTH)}
    for other in (triples(TRUTH + 5.0, 0.1), triples(np.zeros((68, 2)), 0.0), []):
        saved(tmp_path / "cam1_012_keypoints.json", {"people": [{"face_keypoints_2d": other}, seen]})
        found = read(tmp_path)
        np.testing.assert_allclose(found.points, TRUTH, atol=1e-9)
        assert found.notes == (
            "OpenPose: face_keypoints_2d of the first of 2 people that is detected half as surely as any",
        )


def test_coco_ids_as_text_and_lists_of_results(tmp_path: Path) -> None:
    person = {"keypoints": triples(TRUTH[:17], 2.0), "score": 0.5}
    images = [{"id": 1, "file_name": "cam1/012.jpg"}]
    annotations = [person | {"image_id": "1"}, person | {"image_id": 7}]
    path = saved(tmp_path / "coco.json", {"images": images, "annotations": annotations})
    np.testing.assert_allclose(read(path).points, TRUTH[:17], atol=1e-9)
    assert "image_id 7" in LandmarksFile(path, NAMES).notes[0]
    path = saved(tmp_path / "results.json", [person | {"image_id": "cam1/012.jpg", "category_id": 1}])
    np.testing.assert_allclose(read(path).points, TRUTH[:17], atol=1e-9)


@pytest.mark.parametrize(
    ("header", "order", "note"),
    [
        ("x,y", (0, 1), None),
        ("y,x", (1, 0), None),
        ("id,x,y,likelihood", (2, 0, 1, 3), "columns left out: id"),
        ("", (2, 0, 1), "the first column numbers the landmarks"),
        ("x;y", (0, 1), None),
    ],
)
def test_columns_by_their_names(header: str, order: tuple[int, ...], note: str | None, tmp_path: Path) -> None:
    values = np.column_stack([TRUTH, np.arange(len(TRUTH)), np.full(len(TRUTH), 0.9)])
    sign = ";" if ";" in header else ","
    rows = [sign.join(f"{row[column]:g}" for column in order) for row in values]
    path = saved(tmp_path / "cam1.csv", "\n".join([header, *rows] if header else rows))
    found = read(path)
    np.testing.assert_allclose(found.points, TRUTH, atol=1e-9)
    assert (note is None) or any(note in one for one in found.notes)


def test_numbers_as_text(tmp_path: Path) -> None:
    path = saved(tmp_path / "marks.json", {"cam1": [[str(x), str(y)] for x, y in TRUTH]})
    np.testing.assert_allclose(read(path).points, TRUTH, atol=1e-9)
    path = saved(tmp_path / "marks.json", {"cam1": [["left", "1"]]})
    with pytest.raises(DatasetError, match="expected a number, found 'left'"):
        read(path)


def test_dlib(tmp_path: Path) -> None:
    whole = TRUTH.round()
    parts = [f'<part name="{i}" x="{x:.0f}" y="{y:.0f}"/>' for i, (x, y) in enumerate(whole)]
    box = '<box top="1" left="2" width="9" height="8">{}</box>'
    # dlib writes the parts sorted as text: 0 1 10 11 ...
    images = f'<image file="012/cam1.jpg">{box.format("".join(sorted(parts)))}</image><image file="a.jpg"/>'
    file = saved(tmp_path / "faces.xml", f"<?xml version='1.0'?><dataset><images>{images}</images></dataset>")
    found = read(file)
    assert np.array_equal(found.points, whole)
    assert found.scheme == "ibug68"
    saved(file, "<annotations/>")
    with pytest.raises(DatasetError, match="expected dlib's XML"):
        read(file)


def test_openface_has_a_row_for_each_frame(tmp_path: Path) -> None:
    header = "frame, face_id, success, " + ", ".join(f"{axis}_{i}" for axis in "xyXZ" for i in range(68))
    rows = [
        ", ".join(map(str, [n + 1, 0, 1, *shifted.T.ravel(), *[9.0] * 136]))
        for n, shifted in enumerate((TRUTH + 3.0, TRUTH))
    ]
    file = saved(tmp_path / "cam1.csv", "\n".join([header, *rows, ""]))
    assert np.allclose(read(tmp_path).points, TRUTH)
    assert np.allclose(read(tmp_path, "000").points, TRUTH + 3.0)
    saved(file, "\n".join([header, *rows, rows[0], ""]))
    with pytest.raises(DatasetError, match="holds 3 frames; expected 2"):
        read(tmp_path)


@pytest.mark.parametrize("names", [("landmarks",), ("cam1", "cam2")])
def test_arrays_in_one_file(tmp_path: Path, names: tuple[str, ...]) -> None:
    arrays = {name: TRUTH + 5.0 * index for index, name in enumerate(names)}
    np.savez(tmp_path / "cam1.npz", **arrays, boxes=np.ones(4))  # type: ignore[arg-type]
    assert np.array_equal(read(tmp_path).points, TRUTH)
    np.savez(tmp_path / "cam1.npz", boxes=np.ones(4))
    with pytest.raises(DatasetError, match=r"or one for each camera; found boxes \(4,\)"):
        read(tmp_path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("at", [0, 31])
def test_an_empty_row_is_a_landmark_that_is_not_there(tmp_path: Path, suffix: str, at: int) -> None:
    lines = [f"{x},{y}" for x, y in TRUTH]
    lines[at] = ","
    text = "\n".join(["x,y", *lines, ",", ""])  # the last one is a spreadsheet's
    saved(
        tmp_path / f"cam1{suffix}",
        text if suffix == ".csv" else text.replace("\n,\n", "\nnan,nan\n", 1).replace(",", "\t"),
    )
    found = read(tmp_path)
    assert found.scheme == "ibug68"
    assert np.flatnonzero(~found.valid).tolist() == [at]
    assert np.array_equal(found.points[found.valid], TRUTH[found.valid])


def test_minus_one_twice_is_not_detected(tmp_path: Path) -> None:
    points = TRUTH.copy()
    points[[3, 9]] = [[-1.0, -1.0], [-1.0, 5.0]]
    found = read(saved(tmp_path / "points.json", {"cam1": points.tolist()}))
    assert np.flatnonzero(~found.valid).tolist() == [3]


def test_points_on_the_grid_of_minus_one_to_one_are_named(tmp_path: Path) -> None:
    grid = 2.0 * TRUTH / SIZE - 1.0
    found = read(saved(tmp_path / "points.json", {"cam1": grid.tolist()}))
    assert any("lie in -1 to 1" in note for note in found.notes)


def test_a_camera_that_is_stated_twice_is_refused(tmp_path: Path) -> None:
    one, other = json.dumps(TRUTH.tolist()), json.dumps((TRUTH + 1.0).tolist())
    file = saved(tmp_path / "points.json", f'{{"cam1": {one}, "cam1": {one}}}')
    assert np.array_equal(read(file).points, TRUTH)
    saved(file, f'{{"cam1": {one}, "cam1": {other}}}')
    with pytest.raises(DatasetError, match=r"cam1.*occurs twice"):
        read(file)


@pytest.mark.parametrize(
    "name",
    ["cam1.jpg", "images/cam1.png", "images/012/cam1.JPG", "012\\cam1.jpg", "cam1_012.png", "C:\\pics\\012\\cam1.tif"],
)
def test_views_may_be_called_by_their_pictures(tmp_path: Path, name: str) -> None:
    assert np.array_equal(read(saved(tmp_path / "a.json", {name: TRUTH.tolist()})).points, TRUTH)
    bare = Path(name.replace("\\", "/")).name
    saved(tmp_path / "folder" / f"{bare}.json", {"landmarks": TRUTH.tolist()})
    assert np.array_equal(read(tmp_path / "folder").points, TRUTH)


def test_pictures_of_other_views_are_strangers(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"it has no camera 'cam7\.jpg'"):
        LandmarksFile(saved(tmp_path / "a.json", {"cam7.jpg": TRUTH.tolist()}), NAMES)


@pytest.mark.parametrize("name", ["scores", "keypoint_scores", "confidence", "visibility"])
def test_confidences_in_a_list_of_their_own(tmp_path: Path, name: str) -> None:
    """MMPose and many scripts write them beside the points: one of 0 is not detected."""
    scores = [0.0, *([0.9] * 67)]
    layouts: dict[str, Any] = {
        "plain": {"landmarks": TRUTH.tolist(), name: scores},
        "batch": {"landmarks": [TRUTH.tolist()], name: [scores]},
        "mmpose": {
            "meta_info": {},
            "instance_info": [{"keypoints": TRUTH.tolist(), name: scores, "bbox": [1, 2, 3, 4]}],
        },
        "inferencer": {"predictions": [[{"keypoints": TRUTH.tolist(), name: scores}]]},
    }
    for layout, content in layouts.items():
        found = read(saved(tmp_path / layout / "cam1.json", content).parent)
        assert np.flatnonzero(~found.valid).tolist() == [0], layout
        assert np.array_equal(found.points[1:], TRUTH[1:])
    assert read(saved(tmp_path / "one" / "cam1.json", layouts["plain"]).parent, min_confidence=0.95).valid.sum() == 0
    (tmp_path / "arrays").mkdir()
    arrays: dict[str, Any] = {"landmarks": TRUTH, "confidence" if name == "visibility" else name: scores}
    np.savez(tmp_path / "arrays" / "cam1.npz", **arrays)
    assert np.flatnonzero(~read(tmp_path / "arrays").valid).tolist() == [0]
    with pytest.raises(DatasetError, match="67 confidences of 68 points"):
        read(saved(tmp_path / "short" / "cam1.json", {"landmarks": TRUTH.tolist(), name: scores[1:]}).parent)


def test_minus_one_thrice_leaves_the_other_confidences(tmp_path: Path) -> None:
    rows = [[-1, -1, -1], *np.column_stack([TRUTH[1:], np.full(67, 0.25)]).tolist()]
    for threshold, count in ((0.0, 67), (0.5, 0)):
        path = saved(tmp_path / "a.json", {"cam1": rows})
        assert read(path, min_confidence=threshold).valid.sum() == count


def test_nulls_within_a_point(tmp_path: Path) -> None:
    found = read(saved(tmp_path / "a.json", {"cam1": [[None, None], [1.0, None], *TRUTH[2:].tolist()]}))
    assert np.flatnonzero(~found.valid).tolist() == [0, 1]


@pytest.mark.parametrize("head", ["# x y\n", "#x,y\n", "# 68 points of cam1\n", "# made by hand\nx,y\n", "#\n"])
def test_lines_that_numpy_writes_before_the_numbers(tmp_path: Path, head: str) -> None:
    between = "," if "," in head else " "
    saved(tmp_path / "cam1.txt", head + "".join(f"{x}{between}{y}\n" for x, y in TRUTH))
    assert np.array_equal(read(tmp_path).points, TRUTH)


def test_a_file_of_a_view_that_names_another_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "cam1.json", {"cam7": TRUTH.tolist()})
    with pytest.raises(DatasetError, match="no landmarks of this view: the capture has no camera 'cam7'"):
        LandmarksFile(tmp_path, NAMES).landmarks_2d("012", "cam1", SIZE)


def test_a_file_named_after_another_frame_says_which_there_are(tmp_path: Path) -> None:
    saved(tmp_path / "cam1_000000000077_keypoints.json", {"people": [{"face_keypoints_2d": triples(TRUTH)}]})
    with pytest.raises(
        DatasetError, match=r"'cam1_000000000077_keypoints' is not a camera's name with a frame .000, 012."
    ):
        LandmarksFile(tmp_path, NAMES)
