"""What the documentation names exists: modules, public names, commands, options, registry entries."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from renderkit.formats.registry import formats
from renderkit.results.kinds import METRICS
from renderkit.results.schema import report_schema

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="docs/ is not beside these tests")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _page(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _resolve(dotted: str) -> object:
    """Import a dotted name: the modules, then the attributes."""
    value: object = importlib.import_module("renderkit")
    name = "renderkit"
    for part in dotted.split(".")[1:]:
        name = f"{name}.{part}"
        if isinstance(value, ModuleType) and not hasattr(value, part):
            value = importlib.import_module(name)
        else:
            value = getattr(value, part)
    return value


@pytest.mark.parametrize("path", PAGES, ids=_page)
def test_every_python_name_in_the_text_exists(path: Path) -> None:
    missing = []
    # A dotted name; not a file such as renderkit.toml, not a format such as renderkit.report/1.
    for dotted in sorted(set(re.findall(r"`(renderkit(?:\.\w+)+)(?![\w./-])", path.read_text()))):
        if dotted == "renderkit.toml":
            continue
        try:
            _resolve(dotted)
        except (ModuleNotFoundError, AttributeError):
            missing.append(dotted)
    assert missing == []


def _blocks(text: str, language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=_page)
def test_every_python_block_compiles_and_its_imports_exist(path: Path) -> None:
    for block in _blocks(path.read_text(), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rk":
                assert hasattr(importlib.import_module("renderkit"), node.attr), node.attr


def _command_lines(text: str) -> Iterator[list[str]]:
    """The command lines of fenced blocks and of inline code, without comments."""
    fenced = [line for block in _blocks(text, "(?:sh|text)") for line in block.splitlines()]
    for line in [*fenced, *re.findall(r"`(renderkit [a-z-][^`\n]*)`", text)]:
        if line.startswith("renderkit "):
            yield re.sub(r"\s#.*", "", line).split()


@pytest.mark.parametrize("path", PAGES, ids=_page)
def test_every_command_line_uses_commands_and_options_that_exist(path: Path, hooks: ModuleType) -> None:
    commands = hooks.commands()
    for words in _command_lines(path.read_text()):
        assert words[1].startswith("-") or words[1] in commands, words
        if words[1] in commands:
            known = {name for one in commands[words[1]].params for name in (*one.opts, *one.secondary_opts)}
            given = set(re.findall(r"(?<![\w-])--[a-z-]+", " ".join(words)))
            assert given - {"--help"} <= known, words


def test_the_reference_holds_every_command_and_every_public_name(hooks: ModuleType) -> None:
    import renderkit

    text = hooks.fill((DOCS / "reference" / "commands.md").read_text(), "reference/commands.md")
    assert re.findall(r"^## renderkit (\S+)$", text, re.MULTILINE) == list(hooks.commands())
    text = hooks.fill((DOCS / "reference" / "python.md").read_text(), "reference/python.md")
    shown = re.findall(r"^::: \S+\.(\w+)$", text, re.MULTILINE)
    assert sorted(shown) == [name for name in dir(renderkit) if not name.startswith("__")]


def test_a_marker_that_nothing_fills_is_an_error(hooks: ModuleType) -> None:
    with pytest.raises(KeyError):
        hooks.fill("<!-- no-such-table -->", "index.md")


def test_names_in_the_hand_written_tables_exist() -> None:
    known = set(formats())
    section = (DOCS / "rigs.md").read_text().split("<!-- end -->")[1].split("\n## ")[0]
    named = re.findall(r"`([a-z0-9-]+)`", "\n".join(re.findall(r"^\| (`[a-z][^|]+) \|", section, re.MULTILINE)))
    assert len(named) > 10
    assert set(named) <= known
    # report.md explains metrics in groups.
    section = (DOCS / "report.md").read_text()
    names = set(re.findall(r"`([a-z0-9_]+_px|iou|containment|nme|ssim|psnr_db)`", section))
    own = {"residuals_px", "residual_px", "size_px", "size_error_px", "before_px", "_4px", "_8px"}
    assert {name for name in names if not name.startswith("_")} - own <= set(METRICS)


def test_every_key_of_the_report_is_explained() -> None:
    table = (DOCS / "report.md").read_text().split("\n## report.json\n")[1].split("\n## ")[0]
    explained = set(re.findall(r"^\| `(\w+)(?:\[\])?[`.]", table, re.MULTILINE))
    assert {name.split(".")[0] for name in explained} >= set(report_schema()["properties"])


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the docs extra is not installed")
    pytest.importorskip("material", reason="the docs extra is not installed")
    pytest.importorskip("mkdocstrings", reason="the docs extra is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        fetched = re.findall(r'(?:<script[^>]* src|<img[^>]* src|<link[^>]* href)="(https?:[^"]*)', page.read_text())
        assert fetched == [], page.name
    reference = (tmp_path / "site" / "reference" / "python.html").read_text()
    assert "distorted pixels" in reference
    assert 'id="renderkit.geometry.camera.Camera.project"' in reference
