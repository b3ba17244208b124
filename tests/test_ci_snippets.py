"""The files of docs/ci against the schemas of those who read them, and the action's script as it runs."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renderkit.gates.config import parse_gate_config
from renderkit.gates.language import parse_gate

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="docs/ is not beside these tests")


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "github/action.yml"),
        ("vendor.github-workflows", "github/workflow.yml"),
        ("vendor.gitlab-ci", "gitlab/renderkit.gitlab-ci.yml"),
    ],
)
def test_the_file_is_what_its_reader_expects(schema: str, file: str, tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    path = DOCS / "ci" / file
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    good = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)  # noqa: S603 - our file
    assert good.returncode == 0, good.stdout
    # The schema is not empty: a slip of the pen is found.
    slip = tmp_path / path.name
    slip.write_text(path.read_text().replace("steps:", "stepps:").replace("script:", "skript:"))
    bad = subprocess.run([*command, str(slip)], capture_output=True, check=False)  # noqa: S603 - our file
    assert bad.returncode == 1


def _script() -> str:
    """The text of the action's second step."""
    lines = (DOCS / "ci" / "github" / "action.yml").read_text().splitlines()
    start = lines.index("      run: |", next(i for i, line in enumerate(lines) if "name: Validate" in line))
    body: list[str] = []
    for line in lines[start + 1 :]:
        if line.strip() and not line.startswith("        "):
            break
        body.append(line[8:])
    return "\n".join(body)


@pytest.mark.parametrize("status", [0, 1])
def test_the_actions_script_keeps_the_exit_code_and_takes_any_name(tmp_path: Path, status: int) -> None:
    fake = tmp_path / "bin" / "renderkit"
    fake.parent.mkdir()
    fake.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\n"
        "pathlib.Path('arguments.json').write_text(json.dumps(sys.argv[1:]))\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])\nfolder.mkdir()\n"
        f"(folder / 'summary.md').write_text('## FAIL')\nsys.exit({status})\n"
    )
    fake.chmod(0o755)
    environment = {
        "PATH": f"{fake.parent}:/usr/bin:/bin",
        "CAPTURE": "$(touch hacked); 'a b'.smc",
        "RUN_FOLDER": "run folder",
        "CONFIG": "",
        "BASELINE": "base line",
        "ARGUMENTS": "--frames\n0:10:2\n",
        "GITHUB_STEP_SUMMARY": "page.md",
    }
    bash = ["/bin/bash", "-eo", "pipefail", "-c", _script()]
    done = subprocess.run(bash, cwd=tmp_path, env=environment, capture_output=True, check=False)  # noqa: S603 - our script
    assert done.returncode == status, done.stderr
    assert json.loads((tmp_path / "arguments.json").read_text()) == [
        *("validate", "--out", "run folder", "--baseline", "base line"),
        *("--frames", "0:10:2", "--", environment["CAPTURE"]),
    ]
    assert (tmp_path / "page.md").read_text() == "## FAIL"
    assert not (tmp_path / "hacked").exists()


def _blocks(name: str, language: str) -> Iterator[str]:
    inside: list[str] | None = None
    for line in (DOCS / name).read_text().splitlines():
        if line == f"```{language}":
            inside = []
        elif line == "```" and inside is not None:
            yield "\n".join(inside)
            inside = None
        elif inside is not None:
            inside.append(line)


def test_every_gate_in_the_documentation_is_one() -> None:
    configs = list(_blocks("gates.md", "toml"))
    assert configs
    for text in configs:
        document: dict[str, Any] = tomllib.loads(text)
        assert len(parse_gate_config(text, Path("renderkit.toml")).gates) == len(document.get("gates", []))
    gates = [line for block in _blocks("gates.md", "text") for line in block.splitlines() if line.strip()]
    assert len(gates) > 8
    for line in gates:
        parse_gate(line.split("  #")[0].rstrip())
