"""What the readings' answer means for a rig."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from planted_misreadings import planted

from renderkit.diagnosis.readings.absolute import rig_fit
from renderkit.diagnosis.readings.agreement import agreement
from renderkit.diagnosis.readings.result import RigReading
from renderkit.diagnosis.readings.stated import StatedRig
from renderkit.diagnosis.rig import _read, diagnose_rig
from renderkit.diagnosis.sanity import check_sanity

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


def test_a_lens_that_is_misread_where_the_rig_fits_is_asked_for_when_several_cameras_are_off() -> None:
    evidence = planted(np.random.default_rng(3), "sign of the distortion", count=8).evidence()
    sanity = check_sanity(StatedRig(evidence.views))
    assert (sanity.verdict, sanity.suspect) == ("fits", False)
    found = diagnose_rig(evidence)
    assert (found.verdict, found.readings) == ("does not fit", ("sign of the distortion",))


SOUND = """
import numpy as np
from joint_rigs import Conditions, joint_evidence
from renderkit.diagnosis.rig import diagnose_rig
found = diagnose_rig(joint_evidence(np.random.default_rng(1), Conditions(mattes=True), cameras=12, frames=1))
assert (found.verdict, found.cameras) == ("fits", ()), found
print(*sorted(sys.modules))
"""


def test_what_only_rigs_that_do_not_fit_need_is_not_loaded_for_one_that_does() -> None:
    code = f"import sys; sys.path[:] = {sys.path!r}\n{SOUND}"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    loaded = set(done.stdout.split())
    assert "renderkit.diagnosis.joint.screen" in loaded
    prefix = "renderkit.diagnosis"
    assert loaded.isdisjoint({f"{prefix}.readings.search", f"{prefix}.readings.registry", f"{prefix}.subject_motion"})
