"""What the page shows of one camera: numbers, gates, pictures, landmark vectors."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.metrics.landmark_statistics import residual_field
from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary
from renderkit.results.page_pictures import LAYERS, LONGEST_PX, Layer, PagePictures
from renderkit.results.report import GateVerdict
from renderkit.results.rows import ViewResult, asked_metrics
from renderkit.wording import counted

_FACTORS = (1, 2, 5, 10, 20, 50, 100)
_LONGEST_VECTOR = LONGEST_PX / 40
_FIELD_CELLS = (12, 9)
_LAYER_TITLES: Mapping[Layer, str] = {
    "photo": "photo",
    "rendering": "rendering over the photo",
    "difference": "difference of the masks: yellow is rendered only, blue is captured only",
}


@dataclass(frozen=True)
class LayerView:
    """One picture of the slider."""

    name: Layer
    title: str
    uri: str


@dataclass(frozen=True)
class TitledPicture:
    """A picture that stands by itself."""

    title: str
    uri: str


@dataclass(frozen=True)
class VectorView:
    """SVG paths over the picture, in its own pixels.

    Attributes:
        view_box: The picture, whose first pixel's centre is (0, 0).
        factor: How much longer than they are the vectors are drawn.
        captured: Dots at the detected landmarks.
        predicted: Dots at the projected landmarks.
        errors: Lines from detected to projected.
        field: Arrows of the mean residual per cell, over all frames.
        summary: The same for people who cannot see it.
    """

    view_box: str
    factor: int
    captured: str
    predicted: str
    errors: str
    field: str
    summary: str


@dataclass(frozen=True)
class CameraView:
    """One camera and mesh.

    Attributes:
        index: Place in the page's data.
        anchor: Its id in the page.
        name: Camera name.
        mesh: Mesh name.
        cells: (text, number or None) per shown metric.
        state: "failed", "gate", "off", "outlier", "unchecked" or "".
        note: Why, in words.
        num_failed: Views that failed.
        num_views: All its views.
    """

    index: int
    anchor: str
    name: str
    mesh: str
    cells: tuple[tuple[str, float | None], ...]
    state: str
    note: str
    num_failed: int
    num_views: int


@dataclass(frozen=True)
class CameraDetail:
    """What unfolds when a camera is chosen.

    Attributes:
        camera: The camera.
        frame: The frame that is shown: its worst.
        numbers: (plain words, value with unit or the reason why there is none, name and meaning) of every metric.
        gates: What gates say of it.
        warnings: Sentences of its views.
        failures: (frame, message) of views that failed.
        layers: Pictures of the slider.
        vectors: Landmark vectors, or None.
        has_offsets: Whether the page has its contour offset.
        matte: The captured mask as a link that holds it; "" where the outline cannot be moved over one.
        ratio: Width of the shown picture over its height.
        overlays: (frame, link) to the full-size overlays.
        evidence: Pictures of evidence that joins many views, with titles.
    """

    camera: CameraView
    frame: str
    numbers: tuple[tuple[str, str, str], ...]
    gates: tuple[GateVerdict, ...]
    warnings: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    layers: tuple[LayerView, ...]
    vectors: VectorView | None
    has_offsets: bool
    matte: str
    ratio: float
    overlays: tuple[tuple[str, str], ...]
    evidence: tuple[TitledPicture, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """Which cameras of a run are off, stand out or were not checked.

    Attributes:
        off: Camera name to what the diagnosis says of it in a few words.
        outliers: Cameras that stand out.
        unchecked: Cameras of which nothing could be computed.
        gates: Verdicts by camera and mesh.
    """

    off: Mapping[str, str]
    outliers: frozenset[str]
    unchecked: frozenset[str]
    gates: Mapping[tuple[str, str], Sequence[GateVerdict]]

    def of(self, summary: CameraSummary) -> tuple[str, str]:
        """Return a camera's state and why, in words."""
        camera = summary.camera
        blocking = [gate for gate in self.gates.get((camera, summary.mesh), ()) if gate.blocks]
        # A gate whose numbers are missing fails the run, but says nothing against the camera.
        fails = any(gate.verdict == "fail" for gate in blocking)
        off, outlier, unchecked = camera in self.off, camera in self.outliers, camera in self.unchecked
        notes = [f"{summary.num_failed} of {counted(len(summary.rows), 'view')} failed"] * bool(summary.num_failed)
        notes += [f"gates not passed: {len(blocking)}"] * bool(blocking)
        notes += [f"off: {self.off[camera]}"] if off else ["stands out"] * outlier
        notes += ["not checked"] * (unchecked and not summary.num_failed)
        states = {"failed": summary.num_failed, "gate": fails, "off": off, "outlier": outlier}
        state = next((name for name, holds in states.items() if holds), "unchecked" if unchecked or blocking else "")
        return state, ", ".join(notes)


def view_camera(index: int, summary: CameraSummary, metrics: Sequence[Metric], judgement: Judgement) -> CameraView:
    """Return a camera's line of the table."""
    values = [metric.value(summary.scores) for metric in metrics]
    cells = tuple(
        (metric.text(value), value if math.isfinite(value) else None)
        for metric, value in zip(metrics, values, strict=True)
    )
    state, note = judgement.of(summary)
    return CameraView(
        index=index,
        anchor=f"camera-{index}",
        name=summary.camera,
        mesh=summary.mesh,
        cells=cells,
        state=state,
        note=note,
        num_failed=summary.num_failed,
        num_views=len(summary.rows),
    )


def view_detail(
    camera: CameraView, summary: CameraSummary, shown: ViewResult, gates: Sequence[GateVerdict], pictures: PagePictures
) -> CameraDetail:
    """Return what unfolds below the table; `shown` is the view whose pictures are shown."""
    numbers = tuple(
        (
            metric.plain,
            summary.missing_reason(metric) or metric.with_unit(metric.value(summary.scores)),
            f"{metric.name}: {metric.meaning}",
        )
        for metric in asked_metrics(summary.rows)
    )
    links = ((row.key.frame, safe_link(row.overlay)) for row in summary.rows)
    layers = [(name, pictures.layers[name]) for name in LAYERS if name in pictures.layers]
    return CameraDetail(
        camera=camera,
        frame=shown.key.frame,
        numbers=numbers,
        gates=tuple(gates),
        warnings=tuple(dict.fromkeys(warning for row in summary.rows for warning in row.warnings)),
        failures=tuple((row.key.frame, row.failure.message) for row in summary.rows if row.failure is not None),
        layers=tuple(LayerView(name, _LAYER_TITLES[name], webp_uri(data)) for name, data in layers),
        vectors=view_vectors(shown, summary),
        has_offsets=pictures.offsets is not None,
        matte=webp_uri(pictures.matte) if pictures.matte is not None and pictures.outline is not None else "",
        ratio=_ratio(shown),
        overlays=tuple((frame, link) for frame, link in links if link is not None),
    )


def _ratio(row: ViewResult) -> float:
    width, height = row.image_size or (4, 3)
    return round(width / height, 4)


def view_vectors(row: ViewResult, summary: CameraSummary) -> VectorView | None:
    """Return a view's landmarks as SVG paths; None when it has none."""
    score, pixels = row.scores.reprojection, row.landmark_pixels
    if score is None or pixels is None or row.image_size is None or len(pixels) != len(score.residuals):
        return None
    used = score.used & np.isfinite(pixels).all(axis=1)
    if not used.any():
        return None
    width, height = row.image_size
    scale = LONGEST_PX / max(width, height)
    factor = max((f for f in _FACTORS if f * score.median_px * scale <= _LONGEST_VECTOR), default=1)
    start, error = pixels[used], score.residuals[used]
    bias = score.bias_px
    summary_text = (
        f"{counted(int(used.sum()), 'landmark')}; projected minus detected is "
        f"({bias[0]:+.2f}, {bias[1]:+.2f}) px on average, "
        f"{score.median_px:.2f} px in the median, {score.max_px:.2f} px at most."
    )
    return VectorView(
        view_box=f"-0.5 -0.5 {width} {height}",
        factor=factor,
        captured=_dots(start),
        predicted=_dots(start + error),
        errors=_lines(start, start + factor * error),
        field=_field(summary, (width, height), factor),
        summary=summary_text,
    )


def safe_link(path: str | None) -> str | None:
    """Return a link to a file of the run folder; None for what leaves the folder."""
    if path is None or "\\" in path or "\0" in path:
        return None
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        return None
    try:
        # Quoted, a name can be no scheme and no query; os.fsdecode's escapes become their bytes again.
        return "/".join(quote(part.encode("utf-8", "surrogateescape"), safe="") for part in parts)
    except UnicodeEncodeError:
        return None


def _field(summary: CameraSummary, size: tuple[int, int], factor: int) -> str:
    pixels, residuals = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for row in summary.rows:
        score = row.scores.reprojection
        if score is None or row.landmark_pixels is None or row.image_size != size:
            continue
        if len(score.residuals) == len(row.landmark_pixels):
            pixels.append(row.landmark_pixels)
            residuals.append(score.residuals)
    field = residual_field(np.concatenate(pixels), np.concatenate(residuals), size, _FIELD_CELLS)
    rows, columns = np.nonzero(field.counts)
    cell = np.array(size) / np.array(_FIELD_CELLS)
    centers = (np.column_stack([columns, rows]) + 0.5) * cell - 0.5
    tips = centers + factor * field.mean_px[rows, columns]
    return _arrows(centers, tips)


def _dots(points: FloatArray) -> str:
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)


def _lines(starts: FloatArray, ends: FloatArray) -> str:
    return "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b), (c, d) in zip(starts, ends, strict=True))


def _arrows(starts: FloatArray, ends: FloatArray) -> str:
    along = ends - starts
    across = along @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    heads = [ends - 0.3 * along + side * 0.18 * across for side in (-1.0, 1.0)]
    return _lines(starts, ends) + _lines(heads[0], ends) + _lines(heads[1], ends)


def webp_uri(data: bytes) -> str:
    """Return a WebP picture as a link that holds it."""
    return f"data:image/webp;base64,{base64.b64encode(data).decode('ascii')}"
