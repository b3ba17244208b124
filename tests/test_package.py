from __future__ import annotations

import subprocess
import sys

import pytest

import renderkit

HEAVY = ("OpenGL", "h5py", "numba", "trimesh", "embreex", "typer", "rich", "ray", "cv2", "numpy")


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    return set(done.stdout.split())


def test_importing_renderkit_loads_nothing_heavy() -> None:
    assert loaded_after("import renderkit") == set()


def test_cameras_need_only_numpy_and_opencv() -> None:
    assert loaded_after("from renderkit import Camera, Mesh, Landmarks, Pose") == {"cv2", "numpy"}


def test_every_public_name_is_there() -> None:
    assert list(renderkit.__all__) == sorted(renderkit.__all__)
    for name in renderkit.__all__:
        assert getattr(renderkit, name) is not None
    assert set(renderkit.__all__) <= set(dir(renderkit))


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Camara'"):
        _ = renderkit.Camara
