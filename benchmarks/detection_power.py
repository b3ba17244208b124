"""Small faults under ideal conditions: how often they are found, and how often they could be.

    python benchmarks/detection_power.py --captures 20 --seed 8201

Every kind of fault is planted into each capture in turn. "predicted" is the power of the rule of the diagnosis by the
linearised model of the capture without fault. "floor" is that of a test that knows the kind of the fault, the noise and
that healthy cameras do not scatter: a normal two-sided test at the false alarm rate over the number of cameras.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parent))

from detection_trials import CLASSES, CONDITIONS
from joint_rigs import joint_evidence

from renderkit.arrays import FloatArray
from renderkit.diagnosis.detection_limits import LinearisedRig
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import MATTE, PARAMETERS
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.diagnosis import ALPHA

PROBES = {
    "principal point": "cx",
    "turn": "cx",
    "sideways step": "cx",
    "roll": "roll",
    "focal length": "log_focal",
    "step along the axis": "log_focal",
    "aspect fx / fy": "log_focal",
    "lens distortion k1": "log_focal",
}
"""Kinds, and what `prove` plants to see how they change the other cameras."""


@dataclass(frozen=True)
class Planted:
    """One fault: whether it was found with its cause, by whom else, and with which power it is."""

    kind: str
    found: bool
    classed: bool
    others: int
    predicted: float
    floor: float


def trials(given: argparse.Namespace, conditions: str, number: int) -> list[Planted]:
    """Plant every kind into one capture."""

    def capture(faults: dict[int, tuple[str, float]], amounts: dict[int, dict[str, float]]) -> RigEvidence:
        rng = np.random.default_rng((given.seed, number))
        return joint_evidence(
            rng,
            CONDITIONS[conditions],
            cameras=given.cameras,
            frames=given.frames,
            faults=faults,
            planted_amounts=amounts,
        )

    clean = observe(capture({}, {}))
    if clean is None:
        raise ValueError("expected at least 3 cameras")
    rig = LinearisedRig.of(clean, ALPHA)
    against = rig.against_faults()
    result = []
    for place, kind in enumerate(PROBES):
        camera = (5 * number + 3 * place) % given.cameras
        amounts: dict[int, dict[str, float]] = {}
        evidence = capture({camera: (kind, given.size)}, amounts)
        found = fit_joint(evidence).findings
        mine = [one for one in found if one.camera == clean.names[camera]]
        theta = np.zeros(clean.num_local)
        for name, value in amounts[camera].items():
            theta[PARAMETERS.index(name)] = value / clean.units[camera, PARAMETERS.index(name)]
        result.append(
            Planted(
                kind=kind,
                found=bool(mine),
                classed=any(not {kind, *CLASSES.get(kind, ())}.isdisjoint(one.cannot_tell) for one in mine),
                others=len(found) - len(mine),
                predicted=rig.power(camera, theta, against[PROBES[kind]][camera]),
                floor=_floor(rig, camera, theta),
            )
        )
    return result


def _floor(rig: LinearisedRig, camera: int, theta: FloatArray) -> float:
    """Mattes may be larger or smaller by as much as the diagnosis takes for healthy."""
    information = rig.decision.found.cameras[camera].information.copy()
    mattes = information[:, [MATTE]] / (information[MATTE, MATTE] + rig.decision.scales[camera, MATTE] ** -2.0)
    information -= mattes @ information[[MATTE]]
    limit = norm.isf(ALPHA / len(rig.seen.names) / 2.0)
    return float(norm.sf(limit - math.sqrt(theta @ information @ theta)))


def main() -> None:
    """Print one line for each kind and condition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conditions", default="landmarks ideal,outlines ideal,both ideal")
    parser.add_argument("--captures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=float, default=0.25, help="planted displacement in px")
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--frames", type=int, default=2)
    given = parser.parse_args()
    print(f"{'conditions':16s} {'kind':22s} faults  found  in class  innocent  predicted   floor")
    for conditions in given.conditions.split(","):
        every = [one for number in range(given.captures) for one in trials(given, conditions, number)]
        for kind in (*PROBES, "all"):
            own = [one for one in every if kind in {one.kind, "all"}]
            found, classed, others = (sum(getattr(one, name) for one in own) for name in ("found", "classed", "others"))
            predicted, floor = (np.mean([getattr(one, name) for one in own]) for name in ("predicted", "floor"))
            print(
                f"{conditions:16s} {kind:22s} {len(own):6d} {found:6d} {classed:9d} {others:9d} "
                f"{predicted:10.3f} {floor:7.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
