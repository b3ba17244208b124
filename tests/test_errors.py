from __future__ import annotations

import pickle

import pytest

from renderkit.errors import (
    CalibrationError,
    ContextError,
    DatasetError,
    MissingExtraError,
    RenderkitError,
    ShaderError,
)


@pytest.mark.parametrize(
    "error",
    [
        DatasetError("a.smc", "Camera/00", "missing"),
        CalibrationError("a.smc", None, "NaN"),
        ContextError("EGL device 0", "no libEGL"),
        ShaderError("vertex", "mesh.vert", "0:1 syntax error"),
        MissingExtraError("pyrender", "pyrender"),
    ],
)
def test_errors_survive_a_trip_between_processes(error: RenderkitError) -> None:
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_messages_name_the_place() -> None:
    assert str(DatasetError("a.smc", "Camera/00", "missing")) == "a.smc [Camera/00]: missing"
    assert "pip install 'renderkit[pyrender]'" in str(MissingExtraError("pyrender", "pyrender"))


def test_a_message_that_quotes_a_long_value_is_bounded() -> None:
    error = DatasetError("a.txt", "k" * 5_000, f"expected a number, found {'9' * 100_000!r}")
    assert str(error).startswith("a.txt [kkk")
    assert "expected a number, found '999" in str(error)
    assert str(error).endswith("... (100027 characters)")
    assert len(str(error)) < 2_400
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert str(again) == str(error)
