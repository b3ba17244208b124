"""Files that are generated from the registries: `python tests/support/generated_files.py` writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

from renderkit.report.registry import WRITERS
from renderkit.results.kinds import KINDS
from renderkit.results.schema import report_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = ROOT / "renderkit" / "results" / "schema" / "report-2.schema.json"
REPORT_PAGE = ROOT / "docs" / "report.md"


def metric_table() -> str:
    """Every metric as a table in Markdown."""
    lines = ["| name | column | unit | better | group | meaning |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{metric.name}` | {_cell(metric.title) if metric.column else ''} | {metric.unit} | {metric.better} "
        f"| {kind.group} | {_cell(metric.meaning)} |"
        for kind in KINDS.values()
        for metric in kind.metrics
    ]
    return "\n".join(lines)


def writer_table() -> str:
    """Every format of a run as a table in Markdown."""
    lines = ["| `--format` | file | by default |", "|---|---|---|"]
    lines += [f"| `{w.name}` | `{w.file_name}` | {'yes' if w.by_default else 'no'} |" for w in WRITERS.values()]
    return "\n".join(lines)


def with_tables(page: str) -> str:
    """A page with its generated tables as they should be, between `<!-- name -->` and `<!-- end -->`."""
    for name, table in (("metrics", metric_table()), ("formats", writer_table())):
        pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        page, count = pattern.subn(lambda match, text=table: f"{match[1]}{text}{match[2]}", page)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"expected one generated table {name!r}, found {count}")
    return page


def schema_text() -> str:
    """The schema of report.json as a file."""
    return json.dumps(report_schema(), indent=1) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    REPORT_PAGE.write_text(with_tables(REPORT_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
