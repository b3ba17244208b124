"""GLSL sources: found in the installed package or beside the checkout, `#include` resolved, line numbers kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([\w.]+)"\s*$')
_VERSION = re.compile(r"^\s*#\s*version\b")
_LOG_PLACE = re.compile(r"^(?P<before>\D*)(?P<source>\d+)(?P<gap>[:(])(?P<line>\d+)", re.MULTILINE)


@dataclass(frozen=True)
class ShaderSource:
    """A shader as the driver gets it.

    Attributes:
        text: The whole source.
        files: File names by the source number that the driver's log uses.
    """

    text: str
    files: tuple[str, ...]

    def explain(self, log: str) -> str:
        """Return the driver's log with file names in place of source numbers."""

        def name(match: re.Match[str]) -> str:
            number = int(match["source"])
            source = self.files[number] if number < len(self.files) else match["source"]
            return f"{match['before']}{source}{match['gap']}{match['line']}"

        return _LOG_PLACE.sub(name, log)


def load_shader(file: str, defines: Mapping[str, int]) -> ShaderSource:
    """Read a shader from the shaders folder.

    Args:
        file: Its name, such as "mesh.vert"; what it includes is looked for in the folder `include`.
        defines: Macros that are defined right after the #version line.

    Raises:
        FileNotFoundError: If the shader, or one that it includes, is missing.
    """
    files: list[str] = []
    lines = _expand(_shader_folder(), file, files, defines)
    return ShaderSource("\n".join(lines) + "\n", tuple(files))


def _expand(folder: Traversable, file: str, files: list[str], defines: Mapping[str, int]) -> list[str]:
    source_number = len(files)
    files.append(file)
    lines: list[str] = [f"#line 1 {source_number}"] if source_number else []
    for number, line in enumerate((folder / file).read_text(encoding="utf-8").splitlines(), start=1):
        include = _INCLUDE.match(line)
        if _VERSION.match(line):
            lines.append(line)
            lines += [f"#define {name} {value}" for name, value in defines.items()]
            lines.append(f"#line {number + 1} {source_number}")
        elif include:
            lines += _expand(folder / "include", include[1], files, {})
            lines.append(f"#line {number + 1} {source_number}")
        else:
            lines.append(line)
    return lines


def _shader_folder() -> Traversable:
    installed = resources.files("renderkit") / "shaders"
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[3] / "shaders"
