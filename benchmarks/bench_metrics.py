"""What do the metrics of one view cost, beside decoding its PNG mask with OpenCV?

Every round times each contender once, so that whatever else the machine does hits all of them alike; ratios are of
medians. Memory is the growth of the resident set over many views.

Run: python benchmarks/bench_metrics.py [--rounds 40] [--views 200]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from renderkit.arrays import MaskImage
from renderkit.metrics.alignment import align_contours
from renderkit.metrics.boundary_iou import official_width, score_boundary_iou
from renderkit.metrics.contour_score import score_contours
from renderkit.metrics.mask import score_mask
from renderkit.metrics.outline import measure_outlines
from renderkit.metrics.region import background_edge_region
from renderkit.metrics.surface_distance import score_surface_distance

WIDTH, HEIGHT = 2448, 2048


def head(shift: float, bumps: int = 9) -> MaskImage:
    """A head of 1100 x 1400 px with a wavy outline on shoulders."""
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    x, y = (columns - 1224.0 - shift) / 550.0, (rows - 900.0) / 700.0
    angle = np.arctan2(y, x)
    inside: MaskImage = np.hypot(x, y) <= 1.0 + 0.03 * np.sin(bumps * angle)
    return inside


def person(shift: float) -> MaskImage:
    """The head with shoulders that run out of the picture."""
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    shoulders = ((columns - 1224.0 - shift) / 1100.0) ** 2 + ((rows - 2100.0) / 700.0) ** 2 <= 1.0
    both: MaskImage = head(shift) | shoulders
    return both


def encoded_matte(mask: MaskImage) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """An 8-bit matte with soft, slightly noisy edges, as a PNG."""
    soft = cv2.GaussianBlur(mask.astype(np.float32) * 255.0, (0, 0), 2.0)
    noise = np.random.default_rng(0).normal(0.0, 6.0, mask.shape)
    edge = (soft > 2.0) & (soft < 253.0)
    matte = np.clip(soft + np.where(edge, noise, 0.0), 0, 255).astype(np.uint8)
    return np.asarray(cv2.imencode(".png", matte)[1], dtype=np.uint8)


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return each contender's median in ms over the rounds."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def report(title: str, rendered: MaskImage, captured: MaskImage, rounds: int) -> None:
    png = encoded_matte(captured)
    reference = "cv2.imdecode of the PNG mask"
    found = interleaved(
        {
            reference: lambda: cv2.imdecode(png, cv2.IMREAD_GRAYSCALE),
            "ALL mask metrics": lambda: (score_mask(rendered, captured), score_contours(rendered, captured)),
            "  IoU counts alone": lambda: score_mask(rendered, captured),
            "  outline distances, ASSD, HD95 alone": lambda: score_surface_distance(
                measure_outlines(rendered, captured)
            ),
            "  official boundary IoU alone": lambda: score_boundary_iou(
                rendered, captured, official_width((WIDTH, HEIGHT))
            ),
            "  contour alignment alone": lambda: align_contours(rendered, captured),
            "region 'background edge'": lambda: background_edge_region(rendered, captured),
        },
        rounds,
    )
    print(f"\n{title}: {WIDTH} x {HEIGHT} px, PNG of {len(png) / 1024:.0f} KiB, median of {rounds} interleaved rounds")
    for name, value in found.items():
        print(f"  {name:42s} {value:8.2f} ms {value / found[reference]:8.2f} x decode")


def memory_growth(views: int) -> tuple[float, float]:
    """Return the peak resident set in MiB after 10 views and after `views` more."""
    peaks = []
    for count in (10, views):
        for index in range(count):
            score_contours(head(float(index % 7)), head(3.0))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0)
    return peaks[0], peaks[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--views", type=int, default=200)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    report("head, 3 px off", head(3.0), head(0.0), options.rounds)
    report("head, 20 px off", head(20.0), head(0.0), options.rounds)
    report("head against person", head(3.0), person(0.0), options.rounds)
    report("person, 3 px off", person(3.0), person(0.0), options.rounds)
    before, after = memory_growth(options.views)
    print(f"\npeak resident set: {before:.0f} MiB after 10 views, {after:.0f} MiB after {options.views} more")


if __name__ == "__main__":
    main()
