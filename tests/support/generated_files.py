"""Every file that is generated from the code: `python tests/support/generated_files.py` writes them anew.

A page of the documentation holds its tables between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import renderkit
from renderkit.diagnosis.readings.registry import READINGS
from renderkit.formats.format_capability import Expressible
from renderkit.formats.registry import formats
from renderkit.report.registry import WRITERS
from renderkit.results.kinds import KINDS
from renderkit.results.schema import report_schema
from renderkit.synth.faults import FAULTS

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = ROOT / "renderkit" / "results" / "schema" / "report-2.schema.json"
STUB_FILE = ROOT / "renderkit" / "__init__.pyi"


def generated_files() -> dict[Path, str]:
    """Return what each generated file should hold, by its path."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md"))}
    with_tables = {page: fill_tables(text) for page, text in pages.items() if "<!-- generated: " in text}
    return {SCHEMA_FILE: json.dumps(report_schema(), indent=1) + "\n", STUB_FILE: stub_text(), **with_tables}


def stub_text() -> str:
    """Return `__init__.pyi`: the public names as type checkers read them."""
    homes: dict[str, str] = vars(renderkit)["_HOMES"]
    imports = [
        f"from {home} import {name} as {name}" for home, name in sorted((home, name) for name, home in homes.items())
    ]
    head = "# Written by `python tests/support/generated_files.py` from the table in __init__.py."
    return "\n".join([head, "", *imports, "", "__version__: str", ""])


def fill_tables(page: str) -> str:
    """Return a page with its tables as they should be.

    Raises:
        KeyError: If there is no table of a name.
    """
    return re.sub(
        r"(<!-- generated: (\S+) -->\n).*?(\n<!-- end -->)",
        lambda match: f"{match[1]}{TABLES[match[2]]()}{match[3]}",
        page,
        flags=re.DOTALL,
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    head = list(heads)
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _formats() -> str:
    rows = (
        (f"`{one.name}`", one.title, "yes" if one.write else "no", _lens(one.limits), one.unit)
        for one in formats().values()
    )
    return _table(("name", "format", "written", "lens", "unit"), rows)


def _lens(limits: Expressible | None) -> str:
    """Say in words what a format can state about a lens."""
    if limits is None:
        return ""
    parts = [f"Brown-Conrady, {limits.brown_conrady} coefficients"] if limits.brown_conrady else []
    parts += ["Kannala-Brandt"] if limits.kannala_brandt else []
    parts += [] if limits.skew else ["no skew"]
    parts += [] if limits.aspect else ["fx = fy"]
    parts += [] if limits.fold_over else ["no fold-over"]
    return ", ".join(parts) or "no distortion"


def _metrics() -> str:
    rows = (
        (f"`{one.name}`", one.title if one.column else "", one.unit, one.better, kind.group, one.meaning)
        for kind in KINDS.values()
        for one in kind.metrics
    )
    return _table(("name", "column", "unit", "better", "group", "meaning"), rows)


def _writers() -> str:
    rows = ((f"`{one.name}`", f"`{one.file_name}`", "yes" if one.by_default else "no") for one in WRITERS.values())
    return _table(("`--format`", "file", "by default"), rows)


def _faults() -> str:
    rows = (
        (f"`{one.name}`", f"{one.amount:g} {one.unit}" if one.unit else "", one.place, one.meaning)
        for one in FAULTS.values()
    )
    return _table(("name", "default", "changes", "what is wrong"), rows)


def _readings() -> str:
    return _table(("Reading", "What was found"), ((one.name, one.sentence) for one in READINGS))


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "formats": _formats,
    "metrics": _metrics,
    "writers": _writers,
    "faults": _faults,
    "readings": _readings,
}


if __name__ == "__main__":
    for path, text in generated_files().items():
        path.write_text(text, encoding="utf-8")
