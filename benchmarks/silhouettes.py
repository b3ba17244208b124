"""What mattes alone tell about a rig: planted faults in rigs of the synthetic head, seed by seed.

    python benchmarks/silhouettes.py --cameras 24 --runs 16 --seed 1 clean 1px 2px focal turn swapped dilated bite

Edges wander by 0.5 px, correlated over 6 px. Prints how often the right camera was named, how often an innocent one,
the error of the shift, and what was said. docs/guide/no-mesh.md has the figures.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np

from renderkit.arrays import AlphaImage
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.judge import Verdict, judge_silhouettes
from renderkit.diagnosis.silhouettes.prepare import prepare_silhouette, signed_distance
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.cpu.renderer import CpuRenderer
from renderkit.synth.expression import expression_at
from renderkit.synth.head import build_scan
from renderkit.synth.placement import RENDERME360_PLACEMENT
from renderkit.synth.rig import renderme360_rig

NOISE_PX, CORRELATION_PX = 0.5, 6.0
Rig = dict[str, Camera]
Mattes = dict[str, AlphaImage]
Plant = Callable[[Rig, Mattes, str, np.random.Generator], set[str]]


def distances(cameras: Rig) -> dict[str, np.ndarray]:
    """Signed distances to the head's outline in every view."""
    model = build_scan(20_000)
    mesh = Mesh(RENDERME360_PLACEMENT.apply(model.posed(expression_at(0, 0))), model.faces)
    found = {}
    with CpuRenderer() as renderer:
        for name, camera in cameras.items():
            fine = renderer.render_mask(mesh, camera.scaled((2 * camera.width, 2 * camera.height)))
            cover = cv2.resize(fine.astype(np.uint8) * 255, camera.size, interpolation=cv2.INTER_AREA)
            found[name] = signed_distance(np.asarray(cover, np.uint8))
    return found


def covered(distance: np.ndarray) -> AlphaImage:
    """Coverage of pixels at a signed distance from a straight edge."""
    return np.asarray(np.round(np.clip(distance + 0.5, 0.0, 1.0) * 255.0), np.uint8)


def wandering(distance: np.ndarray, rng: np.random.Generator) -> AlphaImage:
    """A matte whose edge wanders about the true one."""
    field = cv2.GaussianBlur(rng.normal(size=distance.shape).astype(np.float32), (0, 0), CORRELATION_PX)
    return covered(distance + field * (NOISE_PX / field.std()))


def _shift(size_px: float) -> Plant:
    def plant(cameras: Rig, _: Mattes, name: str, rng: np.random.Generator) -> set[str]:
        angle = rng.uniform(0.0, 2.0 * np.pi)
        K = cameras[name].K.copy()
        K[:2, 2] -= size_px * np.array([np.cos(angle), np.sin(angle)])
        cameras[name] = replace(cameras[name], K=K)
        return {name}

    return plant


def _focal(cameras: Rig, _: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    cameras[name] = replace(cameras[name], K=cameras[name].K @ np.diag([1.005, 1.005, 1.0]))
    del rng
    return {name}


def _turn(cameras: Rig, _: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    turn = Pose.from_rotation_vector(np.deg2rad(0.3) * np.array([0.0, 1.0, 0.0]), np.zeros(3))
    cameras[name] = replace(cameras[name], cam_from_world=turn @ cameras[name].cam_from_world)
    del rng
    return {name}


def _swapped(_: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    others = [other for other in mattes if other != name]
    other = others[int(rng.integers(len(others)))]
    mattes[name], mattes[other] = mattes[other], mattes[name]
    return {name, other}


def _dilated(_: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    mattes[name] = covered(signed_distance(mattes[name]) + 1.0)
    del rng
    return {name}


def _bite(_: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    rows, columns = np.nonzero(np.abs(signed_distance(mattes[name])[: int(0.8 * len(mattes[name]))]) < 1.0)
    place = int(rng.integers(len(rows)))
    cv2.circle(mattes[name], (int(columns[place]), int(rows[place])), 25, 0, -1)
    return {name}


PLANTS: dict[str, Plant] = {
    "clean": lambda *_: set(),
    **{f"{size:g}px": _shift(size) for size in (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)},
    "focal": _focal,
    "turn": _turn,
    "swapped": _swapped,
    "dilated": _dilated,
    "bite": _bite,
}


def judged(cameras: Rig, mattes: Mattes) -> Verdict:
    """Judge a rig of one frame."""
    names = list(cameras)
    with ThreadPoolExecutor() as pool:
        silhouettes = list(pool.map(lambda name: prepare_silhouette(cameras[name], mattes[name]), names))
    return judge_silhouettes(
        [Frame.of(silhouettes)], lambda _, c, other: prepare_silhouette(cameras[names[c]], mattes[names[other]])
    )


def study(what: str, cameras: Rig, true: dict[str, np.ndarray], runs: int, seed: int) -> None:
    """Print what becomes of one fault."""
    names, causes, errors = list(cameras), Counter[str](), []
    found = wrong = 0
    ratios, started = [], time.perf_counter()
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        mattes = {name: wandering(distance, rng) for name, distance in true.items()}
        stated = dict(cameras)
        guilty = PLANTS[what](stated, mattes, names[int(rng.integers(len(names)))], rng)
        verdict = judged(stated, mattes)
        named = {names[one.camera] for one in verdict.named}
        found, wrong = found + (named >= guilty), wrong + bool(named - guilty)
        causes.update(one.cause for one in verdict.named)
        ratios.append(float(np.nanmax(verdict.full.distances) / np.nanmedian(verdict.full.distances)))
        for one in verdict.named:
            if what.endswith("px") and names[one.camera] in guilty:
                truth = (cameras[names[one.camera]].K - stated[names[one.camera]].K)[:2, 2]
                errors.append(float(np.hypot(*(np.array(one.shift) - truth))))
    error = f"shift error median {np.median(errors):.2f} px" if errors else ""
    each = (time.perf_counter() - started) / runs
    print(f"{what:8s} named {found}/{runs}, innocent named {wrong}/{runs}, largest ratio {max(ratios):.2f}, {error} "
          f"{dict(causes)} {each:.1f} s a run", flush=True)  # fmt: skip


def main() -> None:
    """Run the studies that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=list(PLANTS), choices=list(PLANTS))
    parser.add_argument("--cameras", type=int, default=24)
    parser.add_argument("--size", type=int, nargs=2, default=(1224, 1024))
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    cameras = renderme360_rig(asked.cameras, tuple(asked.size), "modest", asked.seed)
    true = distances(cameras)
    for what in asked.what:
        study(what, cameras, true, asked.runs, asked.seed)


if __name__ == "__main__":
    main()
