"""Gates: conditions on metrics that decide the exit code."""

from typing import Final

CONFIG_FILE: Final = "renderkit.toml"
"""Name of the file in which a project keeps its gates; `gates.config` reads it."""
