"""What is generated from the code is as it should be."""

from __future__ import annotations

import json
import re

import pytest
from generated_files import ROOT, SCHEMA_FILE, TABLES, fill_tables, generated_files

from renderkit.results.kinds import METRICS
from renderkit.results.schema import SCHEMA

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="docs/ is not beside these tests")


def test_every_generated_file_is_up_to_date() -> None:
    files = generated_files()
    stale = [str(path.relative_to(ROOT)) for path, text in files.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `python tests/support/generated_files.py`"


def test_every_table_stands_in_one_page() -> None:
    named = [name for text in generated_files().values() for name in re.findall(r"<!-- generated: (\S+) -->", text)]
    assert sorted(named) == sorted(TABLES)


def test_a_stale_table_is_replaced_and_an_unknown_one_is_an_error() -> None:
    page = "before\n<!-- generated: writers -->\nold\n<!-- end -->\nafter"
    assert fill_tables(page) == page.replace("old", TABLES["writers"]())
    with pytest.raises(KeyError):
        fill_tables(page.replace("writers", "nothing"))


def test_the_schema_lists_every_metric() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    assert schema["$id"] == SCHEMA
    assert set(schema["properties"]["rows"]["items"]["properties"]["metrics"]["properties"]) == set(METRICS)
