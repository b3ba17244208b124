"""A report as a pandas DataFrame; pandas is an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderkit.errors import MissingExtraError
from renderkit.results.kinds import METRICS

if TYPE_CHECKING:
    import pandas

    from renderkit.results.report import Report


def data_frame_of(report: Report) -> pandas.DataFrame:
    """Return one row per view: its key, every metric (NaN where it could not be computed), and why it failed.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("pandas", "dataframe") from error
    columns = ("capture", "frame", "camera", "mesh", *METRICS, "failure")
    rows = [
        (
            row.key.capture,
            row.key.frame,
            row.key.camera,
            row.key.mesh,
            *(metric.value(row.scores) for metric in METRICS.values()),
            None if row.failure is None else row.failure.message,
        )
        for row in report.rows
    ]
    return pandas.DataFrame(rows, columns=list(columns))
