"""`validate_many`: the function that Python code calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from renderkit.arguments import (
    PathLike,
    Selection,
    as_callable,
    as_count,
    as_flag,
    as_number,
    as_one_of,
    as_path,
    as_paths,
    as_selection,
    as_texts,
    refused,
)
from renderkit.dataset.conclude import WhichReports
from renderkit.dataset.plan import Sample, Shard
from renderkit.dataset.run import EngineName, Machinery, run_dataset
from renderkit.dataset.settings import DatasetSettings
from renderkit.gates.gate import Gate
from renderkit.gates.language import parse_gates
from renderkit.metrics.score_kind import STANDARD
from renderkit.pipeline.inputs import CaptureInputs
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD
from renderkit.renderers.choose import RendererKind
from renderkit.results.dataset import DatasetReport


def validate_many(
    paths: PathLike | Sequence[PathLike],
    *,
    out: PathLike,
    cameras: Selection | None = None,
    frames: Selection | None = None,
    mesh: PathLike | Sequence[PathLike] | None = None,
    masks: PathLike | None = None,
    landmarks: PathLike | None = None,
    flame: PathLike | None = None,
    metrics: str | Iterable[str] = STANDARD,
    gates: str | Gate | Iterable[str | Gate] = (),
    baseline: PathLike | None = None,
    renderer: RendererKind = "auto",
    undistort: bool = False,
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD,
    checks: bool = True,
    sanity: bool = True,
    sample: int | None = None,
    seed: int = 0,
    engine: EngineName = "auto",
    workers: int | None = None,
    shard: tuple[int, int] | None = None,
    reports: WhichReports | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Validate many captures into one run folder. Calling it again computes only what is missing or has changed.

    Needs the extra `parquet`. The command `renderkit validate` with several captures, or a folder of them, does the
    same.

    Args:
        paths: Captures, folders of captures, patterns such as "data/*/raw", "@list.txt"; one or several.
        out: The run folder.
        cameras: Selection such as "18,25-32", in every capture; all by default.
        frames: Selection such as "3,7" or "0:10:2", in every capture; all by default.
        mesh: Name of one of the captures' meshes, a mesh file, or several of them; see `validate`.
        masks: Folder or pattern of mattes, of each capture's own folder where it has it; `{capture}` stands for the
            capture's path below the folder of all captures, such as "122/1_neutral".
        landmarks: Landmarks file or folder, likewise.
        flame: File with FLAME's faces; the remembered one by default.
        metrics: "standard", "full", or groups of metrics beside the standard ones.
        gates: Gates such as "iou >= 0.9", judged for each capture.
        baseline: Run that gates compare with: of one capture, or over many captures of the same names.
        renderer: "auto", "egl" or "cpu".
        undistort: Undistort pictures and mattes instead of rendering with distortion.
        matte_threshold: Alpha in (0, 1] from which a matte counts as inside.
        checks: Whether each capture's conventions are checked.
        sanity: Whether each rig as a whole is diagnosed.
        sample: So many views instead of all, spread evenly over captures and cameras.
        seed: Chooses the sample.
        engine: "serial", "processes" or "ray"; "auto" takes processes where there are several cores.
        workers: Workers at once; one per core by default.
        shard: (i, n): only every n-th capture, from the i-th on, i from 0; `renderkit merge` joins the n run folders.
        reports: Which captures get a page of their own: "all", "failed", "none"; by default all of up to 100 captures,
            else those that did not pass.
        progress: Called with the number of views done and their total.

    Returns:
        One outcome per capture, and what subjects, days and cameras have in common.

    Raises:
        ArgumentError: If no capture is found, an option is invalid, or `out` holds a run over other captures.
        GateError: If a gate cannot be read.
        DatasetError: If the run folder cannot be used.
        ContextError: If there is no renderer.
        MissingExtraError: If pyarrow is not installed.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=4, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     captures = [rk.synthesize(f"{folder}/data/{name}", options).capture for name in ("anna", "ben")]
        ...     report = rk.validate_many(
        ...         f"{folder}/data", out=f"{folder}/run", engine="serial", renderer="cpu", checks=False, sanity=False
        ...     )
        >>> [one.subject for one in report.captures], report.num_views
        (['anna', 'ben'], 8)
    """
    settings = DatasetSettings(
        inputs=CaptureInputs.of(None, mesh, masks=masks, landmarks=landmarks, flame=flame),
        selection={
            "frames": None if frames is None else as_selection("frames", frames),
            "cameras": None if cameras is None else as_selection("cameras", cameras),
            "matte_threshold": as_number("matte_threshold", matte_threshold),
            "undistort": as_flag("undistort", undistort),
            "metrics": ",".join(as_texts("metrics", metrics)),
        },
        gates=parse_gates(gates),
        baseline=None if baseline is None else as_path("baseline", baseline),
        checks=as_flag("checks", checks),
        sanity=as_flag("sanity", sanity),
        renderer=as_one_of("renderer", renderer, get_args(RendererKind)),
    )
    machinery = Machinery(
        engine=as_one_of("engine", engine, get_args(EngineName)),
        workers=None if workers is None else as_count("workers", workers, 1),
        shard=None if shard is None else _shard(shard),
        reports=None if reports is None else as_one_of("reports", reports, get_args(WhichReports)),
    )
    seed = as_count("seed", seed)
    if progress is not None:
        as_callable("progress", progress)
    return run_dataset(
        as_paths("paths", paths),
        as_path("out", out),
        settings,
        machinery,
        sample=None if sample is None else Sample(as_count("sample", sample, 1), seed),
        show=None if progress is None else lambda state: progress(state.done, state.total),
    )


def _shard(given: tuple[int, int]) -> Shard:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise refused("shard", "(i, n)", given)
    return Shard(*(as_count("shard", one) for one in given))
