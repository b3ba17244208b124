"""Selections as people type them."""

from __future__ import annotations

import pytest

from renderkit.pipeline.selection import select_cameras, select_frames

FRAMES = [str(index) for index in range(12)]
CAMERAS = [f"{index:02d}" for index in (0, 5, 18, 25, 26, 30, 32, 59)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:10:2", ["0", "2", "4", "6", "8"]),
        ("3", ["3"]),
        ("7,3, 7", ["3", "7"]),
        (":3", ["0", "1", "2"]),
        ("10:", ["10", "11"]),
        (":", FRAMES),
        ("::5", ["0", "5", "10"]),
        ("-2:", ["10", "11"]),
        ("::-6", ["5", "11"]),
        ("1:3,8", ["1", "2", "8"]),
        ("007", ["7"]),
    ],
)
def test_frames(text: str, expected: list[str]) -> None:
    assert list(select_frames(text, FRAMES)) == expected


def test_a_slice_means_ids_where_frames_are_missing_and_positions_where_ids_are_no_numbers() -> None:
    assert select_frames("0:10:2", ["1", "4", "6", "12"]) == ("4", "6")
    assert select_frames("0:2", ["1_neutral", "2_smile", "3_anger"]) == ("1_neutral", "2_smile")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18,25-32", ["18", "25", "26", "30", "32"]),
        ("5", ["05"]),
        ("05", ["05"]),
        ("0-5", ["00", "05"]),
        ("59,0", ["00", "59"]),
    ],
)
def test_cameras(text: str, expected: list[str]) -> None:
    assert list(select_cameras(text, CAMERAS)) == expected


def test_camera_names_with_words_are_found_by_name_number_and_range() -> None:
    names = ["dinoSR0001", "dinoSR0002", "dinoSR0010", "top-left"]
    assert select_cameras("2", names) == ("dinoSR0002",)
    assert select_cameras("1-9", names) == ("dinoSR0001", "dinoSR0002")
    assert select_cameras("top-left", names) == ("top-left",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("99", "no frame matches '99'; there are 0, 1"),
        ("20:30", "no frame matches"),
        ("", "is empty"),
        (" , ", "is empty"),
        ("0:9:0", "the step"),
        ("a", "no frame matches"),
        ("1:2:3:4", "no frame matches"),
        ("9" * 40, "no frame matches"),
    ],
)
def test_frames_that_are_not_there(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        select_frames(text, FRAMES)


@pytest.mark.parametrize(
    ("text", "why"),
    [("7", "no camera matches"), ("32-18", "runs backwards; write 18-32"), ("6-17", "no camera matches")],
)
def test_cameras_that_are_not_there(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        select_cameras(text, CAMERAS)


def test_an_ambiguous_number_is_refused() -> None:
    with pytest.raises(ValueError, match="could be any of the cameras left1, right1"):
        select_cameras("1", ["left1", "right1"])
