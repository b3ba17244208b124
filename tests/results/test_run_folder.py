"""Run folders: made, probed, and safe against hostile names."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.results.rows import ViewKey
from renderkit.results.run_folder import make_writable, picture_name, safe_name


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(DatasetError, match="cannot write into this output folder"):
        make_writable(tmp_path / "a")
    with pytest.raises(DatasetError, match="cannot write into this output folder"):
        make_writable(Path("/proc/renderkit"))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "", "..", ".hidden", "con\x00", "<script>", "x" * 5000, "名"]
)
def test_names_become_harmless_file_names(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert len(safe) < 200
    assert safe.isascii()
    assert not safe.startswith(".")


def test_different_views_have_different_pictures() -> None:
    cameras = ["a/b", "a\\b", "a b", "a_b", "A_b"]
    names = {picture_name(ViewKey("take", "0", camera, "scan")) for camera in cameras}
    assert len(names) == len(cameras)
    assert picture_name(ViewKey("take", "0", "05", "scan")) == "0_05_scan.jpg"
