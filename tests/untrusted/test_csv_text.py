"""CSV from strangers is rows, or an error of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.formats import read_raw_rig
from renderkit.formats.camera_names import read_camera_names
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.untrusted.csv_text import csv_rows

LONG = "x" * 140_000


def test_rows() -> None:
    assert csv_rows(Path("a.csv"), 'a, "b,c"\n\nd', skip_spaces=True) == [["a", "b,c"], [], ["d"]]


def test_every_reader_of_csv_refuses_an_endless_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"left,{LONG}\n")
    with pytest.raises(DatasetError, match=r"line 1.*is not a CSV file"):
        read_camera_names(path)
    path.write_text(f"#name,x,y,alt,heading,pitch,roll,f\n{LONG},0,0,0,0,0,0,0\n")
    with pytest.raises(DatasetError, match=r"line 2.*is not a CSV file"):
        read_raw_rig(path)
    path.write_text(f"0,1,2\n{LONG}\n")
    with pytest.raises(DatasetError, match=r"line 2.*is not a CSV file"):
        LandmarksFile(path)
