from __future__ import annotations

from typing import Any

from renderkit.formats.unread import unread_notes


def test_keys_are_folded_over_cameras() -> None:
    entries: list[dict[str, Any]] = [
        {"K": 1, "rolling_shutter": 0.01, "name": "a"},
        {"K": 1, "rolling_shutter": 0, "skew": 1.0},
        {"K": 2},
    ]
    notes = unread_notes(entries, {"K"})
    assert notes == ("`rolling_shutter` is ignored (2 cameras)", "`skew` is ignored (1 camera)")


def test_what_is_read_harmless_or_says_nothing_gets_no_note() -> None:
    entry = {"K": 1, "picture": "a.png", "comment": "x", "offset": None, "gaps": [], "text": ""}
    assert unread_notes([entry], {"K"}, {"picture"}) == ()
    # Zero and false are statements.
    assert unread_notes([{"offset": 0, "valid": False}], ()) == (
        "`offset` is ignored (1 camera)",
        "`valid` is ignored (1 camera)",
    )


def test_an_object_that_occurs_once_has_no_count_and_nested_keys_say_where() -> None:
    assert unread_notes([{"scale": 2}], (), per=None) == ("`scale` is ignored",)
    assert unread_notes([{"k9": 2}], (), where="distortion.") == ("`distortion.k9` is ignored (1 camera)",)


def test_hostile_keys_stay_short() -> None:
    notes = unread_notes([{f"{index}\n": 1 for index in range(1000)}], ())
    assert len(notes) == 21
    assert notes[-1] == "980 more keys ignored"
    assert notes[0] == r"`'0\n'` is ignored (1 camera)"
    assert len(unread_notes([{"k" * 10_000: 1}], ())[0]) < 100
