from __future__ import annotations

import pytest

from renderkit.gates.cameras import CameraChoice, choose_cameras

RIG = ("00", "07", "18", "19", "32", "33", "front_a", "front_b", "1-2", "[x]")


@pytest.mark.parametrize(
    ("selectors", "cameras", "absent"),
    [
        ((), RIG, ()),
        (("18-32",), ("18", "19", "32"), ()),
        (("7-19", "00"), ("00", "07", "18", "19"), ()),
        (("front_*",), ("front_a", "front_b"), ()),
        (("1-2",), ("1-2",), ()),
        (("[x]",), ("[x]",), ()),
        (("33", "18", "18"), ("18", "33"), ()),
        (("61",), (), ("61",)),
        (("40-50", "00"), ("00",), ("40-50",)),
        (("1" * 30 + "-" + "2" * 30,), (), ("1" * 30 + "-" + "2" * 30,)),
    ],
)
def test_names_ranges_and_patterns(
    selectors: tuple[str, ...], cameras: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    assert choose_cameras(selectors, RIG) == CameraChoice(cameras, absent)
