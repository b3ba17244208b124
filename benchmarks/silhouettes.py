"""What mattes alone tell about a rig: planted faults in rigs of the synthetic head, seed by seed.

    python benchmarks/silhouettes.py --cameras 24 --runs 16 --seed 1
    python benchmarks/silhouettes.py --capture dino/ 1px 2px swapped

Edges wander by 0.5 px, correlated over 6 px, without `--noise`. Prints how often the right camera was named, how
often an innocent one, the error of the shift, and what was said. With `--capture` the faults are planted in every
camera of a capture in turn; its own findings are printed first, and cameras named there are no innocent ones.
docs/guide/no-mesh.md has the figures.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from renderkit.arrays import AlphaImage
from renderkit.diagnosis.evidence.kind import EvidenceOptions
from renderkit.diagnosis.evidence.mattes import measure_mattes
from renderkit.diagnosis.silhouettes.coherence import Frame
from renderkit.diagnosis.silhouettes.judge import Verdict, judge_silhouettes
from renderkit.diagnosis.silhouettes.prepare import Silhouette, prepare_silhouette, signed_distance
from renderkit.formats import open_capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.renderers.cpu.renderer import CpuRenderer
from renderkit.synth.expression import expression_at
from renderkit.synth.head import build_scan
from renderkit.synth.placement import RENDERME360_PLACEMENT
from renderkit.synth.rig import renderme360_rig

Rig = dict[str, Camera]
Mattes = dict[str, AlphaImage]
Plant = Callable[[Rig, Mattes, str, np.random.Generator], set[str]]


def distances(cameras: Rig, frame: int = 0) -> dict[str, np.ndarray]:
    """Signed distances to the head's outline in every view."""
    model = build_scan(20_000)
    mesh = Mesh(RENDERME360_PLACEMENT.apply(model.posed(expression_at(frame, 0))), model.faces)
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


def wandering(distance: np.ndarray, noise: tuple[float, float], rng: np.random.Generator) -> AlphaImage:
    """A matte whose edge wanders about the true one by so many px, correlated over so many px."""
    size_px, correlation_px = noise
    field = cv2.GaussianBlur(rng.normal(size=distance.shape).astype(np.float32), (0, 0), correlation_px)
    return covered(distance + field * (size_px / field.std()))


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


def _moved_edge(size_px: float) -> Plant:
    def plant(_: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
        mattes[name] = covered(signed_distance(mattes[name]) + size_px)
        del rng
        return {name}

    return plant


def _both(*sizes_px: float) -> Plant:
    """Shift a camera, and other ones by chance, each by its own px."""

    def plant(cameras: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
        others = [other for other in cameras if other != name]
        chosen = [name, *rng.choice(others, len(sizes_px) - 1, replace=False).tolist()]
        for one, size_px in zip(chosen, sizes_px, strict=True):
            _shift(size_px)(cameras, mattes, one, rng)
        return set(chosen)

    return plant


def _shift_and_edge(cameras: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    """Shift a camera by 2 px, and dilate another one's matte by 1 px."""
    other = str(rng.choice([other for other in cameras if other != name]))
    return _shift(2.0)(cameras, mattes, name, rng) | _moved_edge(1.0)(cameras, mattes, other, rng)


def _bite(_: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    rows, columns = np.nonzero(np.abs(signed_distance(mattes[name])[: int(0.8 * len(mattes[name]))]) < 1.0)
    place = int(rng.integers(len(rows)))
    mattes[name] = mattes[name].copy()
    cv2.circle(mattes[name], (int(columns[place]), int(rows[place])), 25, 0, -1)
    return {name}


def _hole(_: Rig, mattes: Mattes, name: str, rng: np.random.Generator) -> set[str]:
    deep = np.argwhere(signed_distance(mattes[name]) > 40.0)
    row, column = deep[int(rng.integers(len(deep)))].tolist()
    mattes[name] = mattes[name].copy()
    cv2.circle(mattes[name], (column, row), 25, 0, -1)
    return {name}


PLANTS: dict[str, Plant] = {
    "clean": lambda *_: set(),
    **{f"{size:g}px": _shift(size) for size in (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)},
    "focal": _focal,
    "turn": _turn,
    "swapped": _swapped,
    "two 2px": _both(2.0, 2.0),
    "three 2px": _both(2.0, 2.0, 2.0),
    "2px, dilated": _shift_and_edge,
    "dilated": _moved_edge(1.0),
    "eroded": _moved_edge(-1.0),
    "bite": _bite,
    "hole": _hole,
}


LATE = {"0.7 deg": 1, "3 frames": 3}
"""Frames whose matte one camera has in place of its own: by how much the head turned, or how many later."""

Prepared = dict[str, tuple[Camera, AlphaImage, Silhouette]]


def prepared(cameras: Rig, mattes: Mattes, known: Prepared) -> Prepared:
    """Prepare a frame's mattes; those whose camera and matte are the known ones are taken from there."""

    def one(name: str) -> tuple[Camera, AlphaImage, Silhouette]:
        given = cameras[name], mattes[name]
        if name in known and known[name][0] is given[0] and known[name][1] is given[1]:
            return known[name]
        return *given, prepare_silhouette(*given)

    with ThreadPoolExecutor() as pool:
        return dict(zip(cameras, pool.map(one, cameras), strict=True))


def judged(cameras: Rig, stacks: Sequence[Mattes], known: Sequence[Prepared] = ()) -> Verdict:
    """Judge a rig by one or more frames."""
    names = list(cameras)
    frames = [
        prepared(cameras, mattes, before) for mattes, before in zip(stacks, known or [{}] * len(stacks), strict=True)
    ]
    return judge_silhouettes(
        [Frame.of([frame[name][2] for name in names]) for frame in frames],
        lambda frame, c, other: prepare_silhouette(cameras[names[c]], stacks[frame][names[other]]),
    )


@dataclass
class Tally:
    """What became of one fault."""

    runs: int = 0
    named: int = 0
    innocent: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    errors: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def count(
        self, verdict: Verdict, rigs: tuple[Rig, Rig], guilty: set[str], is_shift: bool, before: Collection[str] = ()
    ) -> None:
        """Add a verdict about a rig; `rigs` are the true and the stated one, `before` is off without a fault."""
        names = list(rigs[0])
        named = {names[one.camera] for one in verdict.named}
        self.runs += 1
        self.named += bool(guilty) and named >= guilty
        self.innocent += bool(named - guilty - set(before))
        self.causes.update(one.cause for one in verdict.named)
        self.ratios.append(float(np.nanmax(verdict.full.by_shift.ratios)))
        for one in verdict.named:
            if is_shift and names[one.camera] in guilty:
                truth = (rigs[0][names[one.camera]].K - rigs[1][names[one.camera]].K)[:2, 2]
                self.errors.append(float(np.hypot(*(np.array(one.shift) - truth))))

    def line(self, what: str) -> str:
        """Return the line of the table."""
        words = f"{what:12} named {self.named} of {self.runs}, innocent named in {self.innocent}, largest ratio "
        words += f"{max(self.ratios):.2f}"
        if self.errors:
            words += f", shift error {np.median(self.errors):.2f} px, 90 % {np.quantile(self.errors, 0.9):.2f}"
        return f"{words}; {dict(self.causes)}; {self.seconds / self.runs:.1f} processor seconds a run"


def study(cameras: Rig, asked: argparse.Namespace) -> None:
    """Print what becomes of each fault; in each run all are planted in the same camera of the same mattes."""
    true = [distances(cameras, 5 * frame) for frame in range(asked.frames)]
    names, tallies = list(cameras), {what: Tally() for what in asked.what}
    for run in range(asked.runs):
        rng = np.random.default_rng([asked.seed, run])
        stacks = [{name: wandering(distance, asked.noise, rng) for name, distance in one.items()} for one in true]
        known = [prepared(cameras, mattes, {}) for mattes in stacks]
        chosen = names[int(rng.integers(len(names)))]
        for what, tally in tallies.items():
            stated, changed = dict(cameras), [dict(mattes) for mattes in stacks]
            guilty = {chosen}
            if what in LATE:
                late = distances({chosen: cameras[chosen]}, LATE[what])[chosen]
                changed[0][chosen] = wandering(late, asked.noise, np.random.default_rng([asked.seed, run, 2]))
            else:
                # A camera is off in all frames; only the first call changes the rig that is judged.
                for mattes, rig in zip(changed, [stated, *(dict(cameras) for _ in stacks[1:])], strict=True):
                    guilty = PLANTS[what](rig, mattes, chosen, np.random.default_rng([asked.seed, run, 1]))
            started = time.process_time()
            verdict = judged(stated, changed, known)
            tally.seconds += time.process_time() - started
            tally.count(verdict, (cameras, stated), guilty, what.endswith("px"))
        if run + 1 in {asked.runs, *range(0, asked.runs, 4)}:
            print(f"after {run + 1} of {asked.runs} runs")
            print(*(tally.line(what) for what, tally in tallies.items()), sep="\n", flush=True)


def study_capture(asked: argparse.Namespace) -> None:
    """Print what a capture's mattes say, then plant faults in each of its cameras in turn."""
    with open_capture(asked.capture) as capture:
        views = [view for view in capture.views(capture.frame_ids[0]) if view.mask is not None]
        mattes = {view.camera.name: view.mask.decode_gray() for view in views if view.mask is not None}
        cameras = {view.camera.name: view.camera for view in views}
        found = measure_mattes(views, EvidenceOptions()).findings
        print(*found.lines, sep="\n")
    before = {one.camera for one in found.off}
    for what in asked.what:
        tally = Tally()
        for index, name in enumerate(cameras):
            stated, changed = dict(cameras), {other: matte.copy() for other, matte in mattes.items()}
            guilty = PLANTS[what](stated, changed, name, np.random.default_rng([asked.seed, index]))
            started = time.process_time()
            verdict = judged(stated, [changed])
            tally.seconds += time.process_time() - started
            tally.count(verdict, (cameras, stated), guilty, what.endswith("px"), before)
        print(tally.line(what), flush=True)


def main() -> None:
    """Run the studies that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help=", ".join([*PLANTS, *LATE]))
    parser.add_argument("--cameras", type=int, default=24)
    parser.add_argument("--size", type=int, nargs=2, default=(1224, 1024))
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--frames", type=int, default=1, help="frames that are stacked")
    parser.add_argument("--noise", type=float, nargs=2, default=(0.5, 6.0), help="px, and over how many correlated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--capture", help="plant in a capture instead")
    asked = parser.parse_args()
    asked.what = asked.what or [*PLANTS, *([] if asked.capture else LATE)]
    if asked.capture:
        study_capture(asked)
        return
    study(renderme360_rig(asked.cameras, tuple(asked.size), "modest", asked.seed), asked)


if __name__ == "__main__":
    main()
