"""docs/diagnosis.md lists the readings of the registry. Run this file to write the list."""

from __future__ import annotations

from pathlib import Path

from renderkit.diagnosis.readings import READINGS

_PAGE = Path(__file__).parents[3] / "docs" / "diagnosis.md"
_BEGIN = "<!-- readings: begin; written by `python tests/diagnosis/readings/test_docs.py` -->\n"
_END = "<!-- readings: end -->"


def _table() -> str:
    lines = ["| Reading | What was found |", "|---|---|"]
    lines += [f"| {one.name} | {one.sentence} |" for one in READINGS]
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_reading() -> None:
    assert f"{_BEGIN}{_table()}{_END}" in _PAGE.read_text()


if __name__ == "__main__":
    text = _PAGE.read_text()
    before, after = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    _PAGE.write_text(text[:before] + _table() + text[after:])
