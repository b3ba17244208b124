from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from renderkit.diagnosis.lint import lint
from renderkit.formats import read_raw_rig, write_rig
from renderkit.formats.wide_lens import angle_beyond_90
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.rig import Rig

K = np.array([[80.0, 0.0, 159.5], [0.0, 80.0, 119.5], [0.0, 0.0, 1.0]])


def test_the_angle_is_that_of_the_farthest_corner() -> None:
    # Without coefficients r = f theta: the corner (-0.5, -0.5) is 200 px from the centre, 200 / 80 = 2.5 rad.
    assert angle_beyond_90(K, (320, 240), (0.0,) * 4) == pytest.approx(np.degrees(2.5), abs=1e-9)
    # At 160 px to the corner of a smaller picture: 2 rad is 114.6 degrees; at 120 px, 1.5 rad: within 90 degrees.
    small = np.array([[80.0, 0.0, 95.5], [0.0, 80.0, 71.5], [0.0, 0.0, 1.0]])
    assert angle_beyond_90(small, (192, 144), (0.0,) * 4) is None
    middle = np.array([[80.0, 0.0, 127.5], [0.0, 80.0, 95.5], [0.0, 0.0, 1.0]])
    assert angle_beyond_90(middle, (256, 192), (0.0,) * 4) == pytest.approx(np.degrees(2.0), abs=1e-9)


def test_the_angle_follows_the_lens() -> None:
    lens = (0.01, -0.002, 0.0005, -0.0001)
    angle = angle_beyond_90(K, (320, 240), lens)
    assert angle is not None
    theta = np.radians(angle)
    bent = theta * (1 + sum(k * theta ** (2 * (i + 1)) for i, k in enumerate(lens)))
    turned = np.radians(min(angle + 0.2, 180.0))
    # Either the curve is at the corner there, or it turns over there.
    after = turned * (1 + sum(k * turned ** (2 * (i + 1)) for i, k in enumerate(lens)))
    assert bent == pytest.approx(2.5, abs=1e-3) or after < bent + 1e-3
    # A lens whose curve turns over before 90 degrees sees nothing beyond.
    assert angle_beyond_90(K, (320, 240), (-0.3, 0.0, 0.0, 0.0)) is None


def test_it_is_said_on_reading_and_in_the_lint(tmp_path: Path, make_ring: Callable[..., Rig]) -> None:
    wide = Camera(K, 320, 240, KannalaBrandt(np.zeros(4)), name="wide")
    rig = Rig({"wide": wide} | dict(make_ring(2).cameras))
    write_rig(rig, tmp_path / "rig.json", format="rig")
    raw = read_raw_rig(tmp_path / "rig.json")
    assert [note for note in raw.notes if "lens of wide sees up to 143 degrees" in note]
    codes = {"beyond-90-degrees", "fold-over"}
    assert [(one.code, one.camera) for one in lint(raw) if one.code in codes] == [("beyond-90-degrees", "wide")]
    top = json.loads((tmp_path / "rig.json").read_text())
    top["cameras"] = [one for one in top["cameras"] if one["name"] != "wide"]
    (tmp_path / "rig.json").write_text(json.dumps(top))
    assert not read_raw_rig(tmp_path / "rig.json").notes


@pytest.mark.parametrize("lens", [(np.inf, 0.0, 0.0, 0.0), (np.nan, 0.0, 0.0, 0.0)])
def test_a_lens_that_is_not_finite_has_no_reach(lens: tuple[float, ...]) -> None:
    assert (
        angle_beyond_90(np.array([[100.0, 0.0, 320.0], [0.0, 100.0, 240.0], [0.0, 0.0, 1.0]]), (640, 480), lens) is None
    )
