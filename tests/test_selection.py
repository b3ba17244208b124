"""The language of selections, and the natural order of names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product

import pytest

from renderkit.selection import (
    Choice,
    SelectionError,
    check_selection,
    choose,
    natural_key,
    natural_sorted,
    select,
    select_cameras,
    select_frames,
    split_unescaped,
)

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
        ("99", "no frame matches '99'; did you mean '9'\\? There are 0, 1"),
        ("20:30", "no frame matches"),
        ("", "has an empty part"),
        (" , ", "has an empty part"),
        ("3,", "has an empty part"),
        ("3,!", "has an empty part"),
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


MIXED = (
    "00",
    "07",
    "cam18",
    "19",
    "C0020",
    "front_a",
    "front_b",
    "top",
    "1-2",
    "a,b",
    "[x]",
    "!odd",
    "x*y",
    "end\\",
    "b:2",
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("18-19", ("cam18", "19")),
        ("7-20", ("07", "cam18", "19", "C0020")),
        ("20", ("C0020",)),
        ("cam*", ("cam18",)),
        ("front_?", ("front_a", "front_b")),
        ("*_b,top", ("front_b", "top")),
        ("all", MIXED),
        ("*", MIXED),
        ("5-20,!19", ("07", "cam18", "C0020")),
        ("!19,5-20", ("07", "cam18", "C0020")),
        ("!*a*,!0-20, ! top", ("front_b", "[x]", "!odd", "x*y", "end\\")),
        # A name of the rig always wins over its reading as a form of the language.
        ("1-2", ("1-2",)),
        ("a,b", ("a,b",)),
        ("[x]", ("[x]",)),
        ("!odd", ("!odd",)),
        ("x*y", ("x*y",)),
        ("b:2", ("b:2",)),
        ("end\\", ("end\\",)),
        (r"a\,b, top", ("top", "a,b")),
        (r"\!odd", ("!odd",)),
        (r"!\!odd, !!odd, top", ("top",)),
        (r"x\*y", ("x*y",)),
        (r"x\*?", ("x*y",)),
        (("front_a", "18-19, top", "!19"), ("cam18", "front_a", "top")),
        (("a,b", "top"), ("top", "a,b")),
    ],
)
def test_every_form(selection: str | tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert set(select(selection, MIXED)) == set(expected)
    assert select(selection, MIXED) == tuple(name for name in MIXED if name in expected)


def test_an_escaped_dash_is_no_range() -> None:
    assert select("1-2", ("1", "2", "x")) == ("1", "2")
    with pytest.raises(SelectionError, match="no camera matches"):
        select(r"1\-2", ("1", "2", "x"))


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        ("frnt_a", r"no camera matches 'frnt_a'; did you mean 'front_a'\? There are 00, 07"),
        ("00,!tpo", r"no camera matches 'tpo'; did you mean 'top'\?"),
        ("side*", "no camera matches 'side\\*'; there are"),
        ("40-50", "no camera matches '40-50'"),
        ("!40-50", "no camera matches '40-50'"),
        ("[abc]*", "no camera matches"),
        ("١٨", "no camera matches"),
        ("0-١٨", "no camera matches"),
        ("TOP", "no camera matches"),
        ("top,!top", "excludes every camera"),
        ("!all", "excludes every camera"),
        ((), "is empty"),
        (("top", ""), "empty part"),
        (",".join(map(str, range(10_001))), "has 10001 parts, over 10000"),
    ],
)
def test_what_cannot_be_meant_is_refused(selection: str | tuple[str, ...], why: str) -> None:
    with pytest.raises(SelectionError, match=why):
        select(selection, MIXED)


def test_what_is_missing_can_be_asked_for_instead_of_refused() -> None:
    assert choose("00,61,!tpo,40-50", MIXED) == Choice(("00",), ("61", "!tpo", "40-50"))


def test_the_syntax_can_be_checked_before_names_are_known() -> None:
    check_selection("18-32, cam*, !25, top, 0:10:2, 7")
    for text in ("32-18", "0:1:0", "a,,b", ""):
        with pytest.raises(SelectionError):
            check_selection(text)


@pytest.mark.parametrize(
    "part",
    [
        "[" * 300_000,
        "*a" * 150_000,
        "?" * 300_000,
        "9" * 300_000,
        "1-" + "9" * 300_000,
        "0:" + "9" * 300_000,
        "\\" * 300_001,
    ],
)
def test_long_text_ends_in_a_short_message(part: str) -> None:
    names = ("a" * 300_000, "cam" + "7" * 300_000, "1")
    with pytest.raises(SelectionError, match="no camera matches") as caught:
        select(part, names)
    assert len(str(caught.value)) < 600
    assert select("*a,1", names) == (names[0], "1")


def test_a_number_is_ascii_digits_of_a_bounded_length() -> None:
    names = ("0" * 6000 + "5", "cam٦", "x" + "7" * 19)
    assert select("5", names) == names[:1]
    for text in ("6", "7", "7" * 19, "0-" + "7" * 19, "1" + "0" * 18):
        with pytest.raises(SelectionError, match="no camera matches"):
            select(text, names)


def test_patterns_agree_with_fnmatch() -> None:
    names = tuple("".join(letters) for size in range(1, 6) for letters in product("ab1", repeat=size))
    for pattern in ("".join(tokens) for size in range(1, 6) for tokens in product("a1*?", repeat=size)):
        if "*" in pattern or "?" in pattern:
            assert choose(pattern, names).names == tuple(name for name in names if fnmatchcase(name, pattern)), pattern


def test_splitting_keeps_what_is_escaped() -> None:
    assert split_unescaped(r"a\,b,c\\,", ",") == (r"a\,b", r"c\\", "")


@pytest.mark.parametrize(
    ("low", "high"),
    [("2", "10"), ("cam2", "cam10"), ("05", "5x"), ("a", "b"), ("", "0"), ("9" * 30, "1" + "0" * 6000)],
)
def test_digits_compare_as_numbers_of_any_length(low: str, high: str) -> None:
    assert natural_key(low) < natural_key(high)


def test_padding_decides_between_equal_numbers() -> None:
    assert natural_sorted(["5", "05", "4", "6"]) == ("4", "05", "5", "6")
