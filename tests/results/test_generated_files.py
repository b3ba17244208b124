"""What is generated from the registries is as they are."""

from __future__ import annotations

import json

from generated_files import REPORT_PAGE, SCHEMA_FILE, schema_text, with_tables

from renderkit.results.kinds import METRICS
from renderkit.results.schema import SCHEMA

_ANEW = "run `python tests/support/generated_files.py`"


def test_the_schema_s_file_is_the_schema() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), _ANEW
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    assert schema["$id"] == SCHEMA
    assert set(schema["properties"]["rows"]["items"]["properties"]["metrics"]["properties"]) == set(METRICS)


def test_the_page_s_tables_are_the_registries() -> None:
    page = REPORT_PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, _ANEW
