"""Numbers and lists of names in messages."""

from __future__ import annotations

import pytest

from renderkit.wording import cameras_off, counted, did_you_mean, list_names


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [
        (0, "camera", "0 cameras"), (1, "camera", "1 camera"), (2, "more view", "2 more views"),
        (3, "mesh", "3 meshes"), (1, "vertex", "1 vertex"), (2, "vertex", "2 vertices"),
        (2, "axis", "2 axes"), (2, "box", "2 boxes"),
    ],
)  # fmt: skip
def test_a_number_has_its_noun_in_the_right_form(number: int, noun: str, expected: str) -> None:
    assert counted(number, noun) == expected


def test_names_end_with_the_count_of_the_others() -> None:
    assert list_names(["a", "b"]) == "a, b"
    assert list_names(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert list_names([]) == ""


def test_the_nearest_word_is_proposed() -> None:
    assert did_you_mean("iuo", ["containment", "iou"]) == "did you mean 'iou'? "
    assert did_you_mean("wood", ["containment", "iou"]) == ""
    assert did_you_mean("IoU", ["containment", "iou"]) == "did you mean 'iou'? "
    assert did_you_mean("camo1", ["Cam01", "Cam02"]) == "did you mean 'Cam01'? "


def test_cameras_that_are_off() -> None:
    assert cameras_off([], 9) == "none of 9 cameras is off"
    assert cameras_off(["3"], 9) == "1 of 9 cameras is off: 3"
    assert cameras_off(["3", "4"], 9) == "2 of 9 cameras are off: 3, 4"
