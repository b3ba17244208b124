"""Every format of a run, written side by side into its folder; all but the pictures can be rebuilt from report.json."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from renderkit.report.html.page import write_html
from renderkit.report.junit import write_junit
from renderkit.report.markdown import write_markdown
from renderkit.report.table import write_csv, write_parquet
from renderkit.results.json_report import write_report
from renderkit.results.rows import Report

Format: TypeAlias = Literal["json", "csv", "parquet", "junit", "markdown", "html"]
FORMATS: Final[tuple[Format, ...]] = ("json", "csv", "parquet", "junit", "markdown", "html")
DEFAULT_FORMATS: Final[tuple[Format, ...]] = ("json", "csv", "junit", "markdown", "html")
"""All that need no extra."""

_WRITERS: Final[Mapping[Format, Callable[[Report, Path], Path]]] = {
    "json": write_report,
    "csv": write_csv,
    "parquet": write_parquet,
    "junit": write_junit,
    "markdown": write_markdown,
}


def write_formats(
    report: Report, folder: Path, formats: Iterable[Format] = DEFAULT_FORMATS, baseline: Report | None = None
) -> tuple[Path, ...]:
    """Write a run's formats and return their paths, in the order given; report.json is written last.

    Args:
        report: The run, with its gates' verdicts.
        folder: Its folder.
        formats: Which.
        baseline: The run that report.html draws behind its histograms.

    Raises:
        DatasetError: If a file cannot be written, or the run folder's pictures or geometry are damaged.
        MissingExtraError: If "parquet" is asked for without pyarrow.
    """
    paths: dict[Format, Path] = {}
    wanted = tuple(formats)
    # report.json stands for a finished run, so it comes when all else is there.
    for name in sorted(wanted, key=lambda name: name == "json"):
        paths[name] = write_html(report, folder, baseline) if name == "html" else _WRITERS[name](report, folder)
    return tuple(paths[name] for name in wanted)
