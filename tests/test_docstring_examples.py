"""Every public name has an example in its docstring, and it does what it says."""

from __future__ import annotations

import doctest
import inspect
import sys

import pytest

import renderkit

NAMES = [name for name in vars(renderkit)["__all__"] if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name_runs(name: str) -> None:
    value = getattr(renderkit, name)
    module = sys.modules[value.__module__]
    finder = doctest.DocTestFinder(recurse=False)
    found = [test for test in finder.find(value, name, module=module) if test.examples]
    assert found, f"renderkit.{name} has no >>> in its docstring"
    for test in found:
        test.globs = dict(vars(module))
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=said.append)
        assert not runner.failures, "".join(said)


def test_a_wrong_example_is_found() -> None:
    # The same runner on an example that is wrong on purpose.
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    runner = doctest.DocTestRunner()
    runner.run(test, out=lambda _: None)
    assert runner.failures == 1


def test_public_functions_take_few_positional_arguments() -> None:
    for name in NAMES:
        value = getattr(renderkit, name)
        if inspect.isfunction(value):
            kinds = [parameter.kind for parameter in inspect.signature(value).parameters.values()]
            assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) <= 4, name
