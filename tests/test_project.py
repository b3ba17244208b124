"""The files around the code: version, licence, links, CI, templates."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import renderkit

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="no checkout beside these tests")


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_version_is_stated_once() -> None:
    document = _project()
    assert "version" not in document["project"]
    assert document["tool"]["hatch"]["version"]["path"] == "renderkit/__init__.py"
    stated = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "renderkit").rglob("*.py")
        if re.search(rf'["\']{re.escape(renderkit.__version__)}["\']', path.read_text())
    ]
    assert stated == ["renderkit/__init__.py"]


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", renderkit.__version__]


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert _project()["project"]["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert "the renderkit authors" in text


SCHEMAS = (
    ("vendor.github-workflows", ".github/workflows/ci.yml", "runs-on:"),
    ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml", "body:"),
    ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/format.yml", "body:"),
    ("vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: "),
    ("vendor.citation-file-format", "CITATION.cff", "title:"),
)


@pytest.mark.parametrize(("schema", "file", "key"), SCHEMAS)
def test_the_file_is_what_its_reader_expects(schema: str, file: str, key: str, tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    good = subprocess.run([*command, str(ROOT / file)], capture_output=True, text=True, check=False)  # noqa: S603
    assert good.returncode == 0, good.stdout
    # The schema is not empty: a key of another type is found.
    slip = tmp_path / Path(file).name
    slip.write_text((ROOT / file).read_text().replace(key, f"{key} 7 #"))
    bad = subprocess.run([*command, str(slip)], capture_output=True, check=False)  # noqa: S603
    assert bad.returncode == 1


def test_ci_runs_every_python_that_is_declared() -> None:
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(_project()["project"]["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    matrix = re.search(r"python: \[(.*)\]", workflow)
    assert matrix is not None
    assert set(declared) <= set(re.findall(r"3\.\d+", matrix[1]))
    assert "run: sh .ci/run" in workflow


def test_pre_commit_runs_the_static_checks_of_ci() -> None:
    hooks = re.findall(r"entry: \.venv/bin/(\S+)", (ROOT / ".pre-commit-config.yaml").read_text())
    steps = re.findall(r'^"\$bin/(ruff|mypy|lint-imports)"', (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert sorted(hooks) == sorted(steps)


@pytest.mark.parametrize("script", ["run", "setup", "test", "demo"])
def test_the_scripts_are_plain_sh(script: str) -> None:
    path = ROOT / ".ci" / script
    assert path.read_text().startswith("#!/bin/sh\n")
    done = subprocess.run(["/bin/sh", "-n", str(path)], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)\s]*)?\)")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_leads_to_a_file(page: str) -> None:
    missing = [target for target in LINK.findall((ROOT / page).read_text()) if not (ROOT / target).exists()]
    assert missing == []
