"""Readers of a stranger's bytes stand in one room: no other module parses JSON, HDF5, npz, pickles or XML itself."""

from __future__ import annotations

import re
from pathlib import Path

import renderkit

_DIRECT = re.compile(
    r"json\.loads?\(|np\.load\(|h5py\.File\([^)]*\"r\"|pickle\.(loads?|Unpickler)\b|ZipFile\(|fromstring\("
)
_OWN_FILES = {"results"}
"""What reads files that renderkit itself wrote."""


def test_no_other_module_reads_by_itself() -> None:
    root = Path(renderkit.__file__).parent
    found = [
        f"{file.relative_to(root)}:{number}"
        for file in sorted(root.rglob("*.py"))
        if file.relative_to(root).parts[0] not in {"untrusted", *_OWN_FILES}
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if _DIRECT.search(line)
    ]
    assert found == []
