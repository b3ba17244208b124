from __future__ import annotations

import pytest

from renderkit.gates.cameras import CameraChoice, check_cameras, choose_cameras
from renderkit.gates.gate import GateError
from renderkit.gates.language import parse_gate

RIG = ("00", "07", "cam18", "19", "32", "33", "front_a", "front_b", "1-2", "[x]")


@pytest.mark.parametrize(
    ("selectors", "cameras", "absent"),
    [
        ((), RIG, ()),
        (("18-32",), ("cam18", "19", "32"), ()),
        (("7-19", "00"), ("00", "07", "cam18", "19"), ()),
        (("front_*", "!*b"), ("front_a",), ()),
        (("1-2",), ("1-2",), ()),
        (("[x]",), ("[x]",), ()),
        (("33", "18", "18"), ("cam18", "33"), ()),
        (("61",), (), ("61",)),
        (("40-50", "00", "!61"), ("00",), ("40-50",)),
        (("1" * 30 + "-" + "2" * 30,), (), ("1" * 30 + "-" + "2" * 30,)),
    ],
)
def test_the_language_of_selections_applies(
    selectors: tuple[str, ...], cameras: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    assert choose_cameras(selectors, RIG) == CameraChoice(cameras, absent)


def test_a_number_that_could_be_two_cameras_is_refused() -> None:
    with pytest.raises(GateError, match="gate 1: '5' could be any of the cameras left5, right5"):
        choose_cameras(("5",), ("left5", "right5"), "gate 1")


def test_gates_on_cameras_that_do_not_exist_are_refused() -> None:
    check_cameras([parse_gate("iou >= 0.9"), parse_gate("iou >= 0.9 for 18-32, !cam18")], RIG)
    for text, why in (
        ("front_c", "did you mean 'front_"),
        ("18-32, !25", "matches '25'"),
        ("side_*", "matches 'side_"),
    ):
        with pytest.raises(GateError, match=why):
            check_cameras([parse_gate(f"iou >= 0.9 for {text}")], RIG)
