"""Rules of the code that can be read off the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import renderkit

PACKAGE = Path(renderkit.__file__).parent
SOURCES = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
TREES = {name: ast.parse(text) for name, text in SOURCES.items()}

WRITING_CALLS = {
    "write_text", "write_bytes", "touch", "imwrite", "save", "savez", "savez_compressed", "savetxt", "tofile",
    "write_html", "write_image", "savefig", "rename", "replace", "write_table", "to_csv", "dump",
}  # fmt: skip
"""Methods that write a file at a path, or move one."""


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call with what it is called on ("" for a plain name) and its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node, "", node.func.id
