"""The registry of writers. A writer is a module of this package with a `WRITER`, and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Final

from renderkit.report.writer import Writer
from renderkit.results.report import Report

_MODULES: Final = (
    "renderkit.report.csv_file",
    "renderkit.report.parquet",
    "renderkit.report.junit",
    "renderkit.report.markdown",
    "renderkit.report.html.html_file",
    "renderkit.report.json_file",
)
"""Modules with a `WRITER`, in the order in which they write; report.json stands for a finished run, so it is last."""


def _writer(module: str) -> Writer:
    writer = import_module(module).WRITER
    if not isinstance(writer, Writer):
        raise TypeError(f"{module}: expected a Writer, found {type(writer).__name__}")
    return writer


WRITERS: Final[Mapping[str, Writer]] = {writer.name: writer for writer in map(_writer, _MODULES)}
"""Every writer by name, in the order in which they write."""

DEFAULT_FORMATS: Final = tuple(name for name, writer in WRITERS.items() if writer.by_default)


def find_writers(names: Iterable[str]) -> tuple[Writer, ...]:
    """Return the writers of some formats.

    Raises:
        ValueError: If there is no such format; the message lists all.
    """
    wanted = tuple(names)
    unknown = next((name for name in wanted if name not in WRITERS), None)
    if unknown is not None:
        raise ValueError(f"no format is called {unknown!r}; there are: {', '.join(WRITERS)}")
    return tuple(WRITERS[name] for name in wanted)


def load_writers() -> None:
    """Import what the default formats need, which may be done before there is a report."""
    for name in DEFAULT_FORMATS:
        WRITERS[name].load()


def write_formats(report: Report, folder: Path, formats: Iterable[str] = DEFAULT_FORMATS) -> tuple[Path, ...]:
    """Write a run's formats and return their paths, in the order given.

    Args:
        report: The run, with its gates' verdicts, and the baseline that report.html draws behind its histograms.
        folder: Its folder.
        formats: Names of writers.

    Raises:
        ValueError: If there is no such format.
        DatasetError: If a file cannot be written, or the run folder's pictures or geometry are damaged.
        MissingExtraError: If a format's package is not installed.
    """
    chosen = find_writers(formats)
    order = [writer for writer in WRITERS.values() if writer in chosen]

    def write(writer: Writer) -> tuple[str, Path]:
        return writer.name, writer.write(report, folder)

    # While one waits for the disk, the next is made. report.json comes last: it stands for a finished run.
    with ThreadPoolExecutor(len(WRITERS), thread_name_prefix="renderkit-write") as pool:
        paths = dict(pool.map(write, order[:-1]))
    paths |= map(write, order[-1:])
    return tuple(paths[writer.name] for writer in chosen)
