"""ActorsHQ, Middlebury and Metashape: small files, expected pixels from the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig, read_rig

# Camera-to-world: a quarter turn about z, then (1, 2, 3). Inverse: X_cam = R^T (X - t), R = [[0, -1], [1, 0]].
# The world point (1.4, 1.7, 5) is seen at R^T (0.4, -0.3, 2) = (-0.3, -0.4, 2).
POINT = [[1.4, 1.7, 5.0]]
CSV = "name,w,h,rx,ry,rz,tx,ty,tz,fx,fy,px,py\nCam001,1000,800,0,0,1.5707963267948966,1,2,3,0.9,1.1,0.51,0.49\n"


def test_actorshq(tmp_path: Path) -> None:
    path = tmp_path / "calibration.csv"
    path.write_text(CSV)
    assert detect_format(path) == "actorshq"
    rig = read_rig(path)
    assert rig.unit == "m"
    assert rig["Cam001"].size == (1000, 800)
    expected = [[900.0 * -0.15 + 510.0 - 0.5, 880.0 * -0.2 + 392.0 - 0.5]]
    np.testing.assert_allclose(rig["Cam001"].project(POINT), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CSV.replace("0.9", "wide"), "line 2, fx.*expected a number"),
        (CSV.replace(",0.51,0.49", ""), "line 2, px"),
        (CSV.replace("1000,800", "1000,-8"), "line 2, w.*whole positive"),
    ],
)
def test_bad_csv_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "calibration.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_rig(tmp_path / "calibration.csv")


def test_middlebury_is_row_by_row_world_to_camera(tmp_path: Path) -> None:
    path = tmp_path / "a_par.txt"
    path.write_text("1\na.png 900 1 510 0 880 392 0 0 1 0 -1 0 1 0 0 0 0 1 0.1 0.2 2\n")
    assert detect_format(path) == detect_format(tmp_path) == "middlebury"
    # (0.3, 0.4, 0) is seen at (-0.3, 0.5, 2); the skew of 1 px adds y = 0.25.
    expected = [[900.0 * -0.15 + 0.25 + 510.0, 880.0 * 0.25 + 392.0]]
    np.testing.assert_allclose(read_rig(path, size=(1020, 784))["a"].project([[0.3, 0.4, 0.0]]), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2\na 1 2 3\n", "2 cameras are announced, 1 lines follow"),
        ("1\na 1 2 3\n", "line 2.*a name and 21 numbers, found 4 words"),
        ("x\n", "expected the number of cameras"),
    ],
)
def test_damaged_par_files_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a_par.txt").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_rig(tmp_path / "a_par.txt", "middlebury")


CALIBRATION = "<f>900</f><cx>3</cx><cy>-2</cy><b1>5</b1><b2>1.5</b2><k1>0.1</k1><k2>0.02</k2><p1>0.01</p1><p2>0.02</p2>"


def metashape(calibration: str = CALIBRATION, kind: str = "frame", chunk: str = "", head: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<document version="1.5.0"><chunk label="Chunk 1" enabled="true">
<sensors><sensor id="0" label="unknown" type="{kind}"><resolution width="1000" height="800"/>
<calibration type="{kind}" class="initial"><resolution width="1000" height="800"/><f>1</f></calibration>
<calibration type="{kind}" class="adjusted"><resolution width="1000" height="800"/>{calibration}</calibration>
</sensor></sensors>
<cameras><camera id="0" sensor_id="0" label="IMG_1.JPG">
<transform>0 -1 0 1 1 0 0 2 0 0 1 3 0 0 0 1</transform></camera>
<camera id="1" sensor_id="0" label="IMG_2"/></cameras>{chunk}
</chunk></document>"""


def test_metashape(tmp_path: Path) -> None:
    path = tmp_path / "cameras.xml"
    path.write_text(metashape())
    assert detect_format(path) == "metashape"
    raw = read_raw_rig(path)
    assert raw.notes == ("not aligned, left out: IMG_2",)
    # The formulas of the manual's appendix, in its own pixel origin; ours is half a pixel less.
    x, y = -0.15, -0.2
    r2 = x * x + y * y
    radial = 1 + 0.1 * r2 + 0.02 * r2 * r2
    x2 = x * radial + 0.01 * (r2 + 2 * x * x) + 2 * 0.02 * x * y
    y2 = y * radial + 0.02 * (r2 + 2 * y * y) + 2 * 0.01 * x * y
    u = 0.5 * 1000 + 3 + x2 * 900 + x2 * 5 + y2 * 1.5
    v = 0.5 * 800 - 2 + y2 * 900
    np.testing.assert_allclose(raw.to_rig()["IMG_1"].project(POINT), [[u - 0.5, v - 0.5]], atol=1e-10)


def test_metashape_fisheye_and_chunk_transform(tmp_path: Path) -> None:
    turned = (
        "<transform><rotation>1 0 0 0 1 0 0 0 1</rotation><translation>10 0 0</translation><scale>2</scale></transform>"
    )
    path = tmp_path / "cameras.xml"
    path.write_text(metashape("<f>900</f><k1>0.02</k1>", "fisheye", turned))
    rig = read_rig(path)
    assert rig.unit == "m"
    # The chunk scales by 2 and moves by 10 along x: the point moves with it, the pixel stays.
    radius = 0.25
    theta = np.arctan(radius)
    bent = 900 * theta * (1 + 0.02 * theta**2) / radius
    expected = [[499.5 - 0.15 * bent, 399.5 - 0.2 * bent]]
    np.testing.assert_allclose(rig["IMG_1"].project([[12.8, 3.4, 10.0]]), expected, atol=1e-10)


BOMB = '<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (metashape(head=BOMB).replace("Chunk 1", "&c;"), "DTD or entities is refused"),
        (metashape(head='<!DOCTYPE z SYSTEM "file:///etc/passwd">'), "DTD or entities is refused"),
        (metashape()[:600], "is not valid XML"),
        (metashape().replace("0 -1 0 1 1", "0 -1 0 1"), r"camera IMG_1.JPG, transform.*\(16,\), found \(15,\)"),
        (
            metashape().replace('camera id="0" sensor_id="0"', 'camera id="0" sensor_id="9"'),
            "sensor '9' is not in the file",
        ),
    ],
)
def test_hostile_and_damaged_xml_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "cameras.xml").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_rig(tmp_path / "cameras.xml", "metashape")


@pytest.mark.parametrize("term", ["k4", "p3"])
def test_metashape_terms_that_opencv_lacks_are_refused(term: str, tmp_path: Path) -> None:
    (tmp_path / "c.xml").write_text(metashape(CALIBRATION + f"<{term}>0.1</{term}>"))
    with pytest.raises(CalibrationError, match=f"{term} = 0.1"):
        read_rig(tmp_path / "c.xml")
    (tmp_path / "c.xml").write_text(metashape(kind="spherical"))
    with pytest.raises(CalibrationError, match="spherical"):
        read_rig(tmp_path / "c.xml")
