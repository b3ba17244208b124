"""What the readings' answer means for a rig."""

from __future__ import annotations

import pytest

from renderkit.diagnosis.readings.absolute import rig_fit
from renderkit.diagnosis.readings.agreement import agreement
from renderkit.diagnosis.readings.result import RigReading
from renderkit.diagnosis.rig import _read

NOTHING = rig_fit(agreement(()))


@pytest.mark.parametrize(
    ("readings", "alternatives", "verdict"),
    [
        (("sign of the distortion",), (("sign of the radial distortion",), ("fisheye coefficients",)), "does not fit"),
        (("sign of the distortion",), (("K times 2",),), "cannot tell"),
        (("half pixel", "lens missing"), (("lens missing", "half pixel"),), "does not fit"),
        ((), (), "cannot tell"),
    ],
)
def test_a_rig_that_is_misread_in_ways_of_one_kind_does_not_fit(
    readings: tuple[str, ...], alternatives: tuple[tuple[str, ...], ...], verdict: str
) -> None:
    found = RigReading("cannot tell", readings, alternatives, NOTHING, NOTHING, 1.0, 9, "all cameras are misread")
    assert _read(found, "fits", 4)[0].verdict == verdict
    assert _read(found, "does not fit", 4)[0].verdict == "does not fit"
