"""Tables on stdout: columns, what is too long, characters of other widths."""

from __future__ import annotations

import pytest

from renderkit.cli.tables import fit_columns, print_table


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_names_stand_left_and_figures_right(capsys: pytest.CaptureFixture[str]) -> None:
    styles = [["bold red", "bold red"], ["", ""]]
    print_table(["camera", "IoU"], [["25", "0.9"], ["front left", "0.95"]], right=[1], styles=styles, title="iou")
    assert printed(capsys) == [
        "iou",
        "camera        IoU",
        "─" * 17,
        "25            0.9",
        "front left   0.95",
    ]


def test_wide_characters_and_accents_keep_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a", "b"], [["\u65e5\u672c", "x"], ["e\u0301", "y"]])
    assert printed(capsys)[2:] == ["\u65e5\u672c   x", "e\u0301      y"]


def test_a_name_that_does_not_fit_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "px"], [["n" * 300, "1.25"]], right=[1])
    lines = printed(capsys)
    assert {len(line) for line in lines} == {40 + 3 + 4}
    assert lines[2] == "n" * 39 + "…   1.25"


def test_a_table_without_figures_cuts_its_longest_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["what", "which"], [["n" * 300, "all"]])
    assert {len(line) for line in printed(capsys)} == {160}


def test_what_does_not_print_is_no_command_of_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["camera"], [["\x1b[2J"]])
    assert printed(capsys)[2] == "?[2J  "


@pytest.mark.parametrize("room", [40, 60, 80, 200])
def test_a_narrow_table_cuts_names_and_never_figures(room: int) -> None:
    widths, right = [30, 12, 8, 9, 7, 9, 6, 9], (2, 3, 4, 5, 6)
    blocks = fit_columns(widths, right, room)
    for block in blocks:
        assert sum(block.values()) + 3 * (len(block) - 1) <= room
        assert all(block[index] == widths[index] for index in right if index in block)
        assert {0, 1} <= set(block)
    assert [index for block in blocks for index in block if index > 1] == list(range(2, 8))
    assert (len(blocks) == 1) is (room == 200)
