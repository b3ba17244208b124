"""report.json: the whole run."""

from __future__ import annotations

from typing import Final

from renderkit.report.writer import Writer
from renderkit.results.json_report import FILE_NAME, dump_report

WRITER: Final = Writer("json", FILE_NAME, lambda report, _: dump_report(report).encode("ascii"))
