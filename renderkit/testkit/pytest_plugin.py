"""A pytest plugin that runs anybody's projection function against a kit.

    pytest --renderkit-kit kit/ --loader mymodule:project

The function takes a camera's name and (N, 3) world points and returns (N, 2) pixels, NaN where a point has no
projection. Two tests run per camera: "inside" for points that have a projection, "outside" for points that have none.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from renderkit.testkit.judge import Verdict
    from renderkit.testkit.vectors import CameraVectors

_MAX_UNEXPLAINED = 3
"""Pairs of slips are not tried any more after as many cameras that none explains: cameras fail alike."""

_FILE_NAME = "kit.json"  # importing the kit's own modules here would slow down every pytest run


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("renderkit", "projection test vectors")
    group.addoption("--renderkit-kit", metavar="DIR", help="Folder that `renderkit testkit` wrote.")
    group.addoption("--loader", metavar="MODULE:FUNCTION", help="The projection function to test.")
    group.addoption("--kit-tolerance", metavar="PX", type=float, default=0.01, help="Largest error in px (0.01).")


def pytest_configure(config: pytest.Config) -> None:
    """Collect the kit, and nothing else unless paths are named.

    Raises:
        pytest.UsageError: If only one of the two options is given, or the kit is not there.
    """
    kit, loader = config.getoption("--renderkit-kit"), config.getoption("--loader")
    if not kit and not loader:
        return
    if not kit or not loader:
        raise pytest.UsageError("--renderkit-kit DIR and --loader MODULE:FUNCTION belong together")
    file = Path(kit) / _FILE_NAME
    if not file.is_file():
        raise pytest.UsageError(f"{file} is not there; write it with: renderkit testkit RIG -o {kit}")
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args[:] = [*(config.args if named else []), str(file)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the kit that the option names."""
    kit = parent.config.getoption("--renderkit-kit")
    if kit and file_path == (Path(kit) / _FILE_NAME).resolve():
        return KitFile.from_parent(parent, path=file_path)
    return None


class KitFile(pytest.File):
    """A kit: two tests per camera.

    Attributes:
        num_unexplained: Cameras so far for which no slip was found.
    """

    num_unexplained = 0

    @cached_property
    def project(self) -> Callable[[str, Any], Any]:
        """The function under test."""
        return _load(self.config.getoption("--loader"), self.config.invocation_params.dir)

    def collect(self) -> Iterator[ProjectionTest]:
        """Yield the tests."""
        from renderkit.testkit.files import read_kit  # noqa: PLC0415

        for name, vectors in read_kit(self.path).cameras.items():
            for part in ("inside", "outside"):
                yield ProjectionTest.make(self, f"{name}-{part}", vectors, inside=part == "inside")


class ProjectionTest(pytest.Item):
    """One camera's points that have a projection, or those that have none."""

    vectors: CameraVectors
    inside: bool

    @classmethod
    def make(cls, parent: KitFile, name: str, vectors: CameraVectors, *, inside: bool) -> Self:
        """Make the test of a camera."""
        item: Self = cls.from_parent(parent, name=name)
        item.vectors, item.inside = vectors, inside
        return item

    def runtest(self) -> None:
        """Project and judge.

        Raises:
            ProjectionError: Naming the slip.
        """
        from renderkit.testkit.judge import judge, judge_without_projection  # noqa: PLC0415

        assert isinstance(self.parent, KitFile)  # noqa: S101 - from_parent's type does not say it
        pixels = _call(self.parent.project, self.vectors)
        tolerance: float = self.config.getoption("--kit-tolerance")
        pairs = self.parent.num_unexplained < _MAX_UNEXPLAINED
        if self.inside:
            verdict = judge(self.vectors, pixels, tolerance, pairs=pairs)
            self.parent.num_unexplained += not (verdict.passed or verdict.slips)
        else:
            verdict = judge_without_projection(self.vectors, pixels)
        if not verdict.passed:
            raise ProjectionError(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """Return the sentence instead of a traceback."""
        if isinstance(excinfo.value, ProjectionError):
            return f"camera {self.vectors.camera.name}: {excinfo.value.verdict.sentence}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what pytest prints as the test's place."""
        return self.path, None, self.name


class ProjectionError(AssertionError):
    """The function under test projects wrongly.

    Attributes:
        verdict: What is wrong.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.sentence)
        self.verdict = verdict


def _load(text: str, folder: Path) -> Callable[[str, Any], Any]:
    module_name, _, function_name = text.partition(":")
    if not module_name or not function_name:
        raise pytest.UsageError(f"--loader takes MODULE:FUNCTION, got {text!r}")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    function = getattr(importlib.import_module(module_name), function_name, None)
    if not callable(function):
        raise pytest.UsageError(f"--loader: module {module_name!r} has no function {function_name!r}")
    return function  # type: ignore[no-any-return]


def _call(project: Callable[[str, Any], Any], vectors: CameraVectors) -> Any:  # noqa: ANN401
    import numpy as np  # noqa: PLC0415

    found = np.asarray(project(vectors.camera.name, vectors.points_world.copy()), dtype=np.float64)
    expected = (len(vectors.points_world), 2)
    if found.shape != expected:
        raise ValueError(f"the function returned shape {found.shape}, expected {expected}: (u, v) for each point")
    return found
