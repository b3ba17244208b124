from __future__ import annotations

import json
from pathlib import Path

from renderkit.synth.expression import Expression
from renderkit.synth.faults import Fault
from renderkit.synth.rig import renderme360_rig
from renderkit.synth.truth import SynthTruth


def test_truth_is_written_with_relative_paths_and_every_fault_explained(tmp_path: Path) -> None:
    rig = renderme360_rig(2, (612, 512), "modest", 0)
    truth = SynthTruth(
        folder=tmp_path,
        capture=tmp_path / "a" / "x.smc",
        captures=(tmp_path / "a" / "x.smc",),
        like="renderme360",
        unit="m",
        seed=4,
        cameras={"0": rig},
        faults=(Fault("rotated", ("25",), 0.3), Fault("swapped", ("25", "28"), 0.0)),
        expressions={"0": Expression(0.1, 0.2, (0.3, 0.4, 0.5))},
        masks=tmp_path / "masks",
    )
    truth.write()
    content = json.loads(truth.path.read_text())
    assert content["captures"] == ["a/x.smc"]
    assert (content["masks"], content["landmarks"]) == ("masks", None)
    assert content["faults"][0]["unit"] == "deg"
    assert content["faults"][0]["meaning"]
    assert content["expressions"]["0"] == {"jaw_rad": 0.1, "smile": 0.2, "turn_rad": [0.3, 0.4, 0.5]}
    assert set(content["cameras"]["0"]) == set(rig)
    assert truth.faulty_cameras == ("25", "28")
