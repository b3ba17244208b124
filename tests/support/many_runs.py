"""The type of the fixture that runs many captures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from renderkit.results.dataset import DatasetReport

ManyRun: TypeAlias = Callable[..., DatasetReport]
"""Takes paths, the run folder and keywords of `validate_many`."""
