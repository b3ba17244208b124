"""Systems that lack what Linux has: nothing fails that does not need it."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from renderkit.system import end_process, environment_folder, is_private, is_private_place, sync_folder, usable_cores


def test_cores_are_those_of_the_affinity_else_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 9}, raising=False)
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert usable_cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_a_process_ends_at_once_unless_threads_work_or_its_output_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []

    def lost() -> None:
        raise BrokenPipeError

    monkeypatch.setattr(os, "_exit", done.append)
    monkeypatch.setattr(atexit, "_run_exitfuncs", lambda: done.append("registered"))
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    end_process(3)
    assert done == []
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    end_process(3)
    assert done == ["registered", 3]
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(flush=lost))
    end_process(3)
    assert done == ["registered", 3, "registered"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system has no owners")
def test_a_place_is_private_when_nobody_else_can_change_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "outer" / "inner"
    folder.mkdir(parents=True)
    for mode, private in ((0o700, True), (0o755, True), (0o775, False), (0o757, False)):
        folder.chmod(mode)
        assert is_private(folder) is private
        assert is_private_place(folder) is private
    folder.chmod(0o700)
    for mode, private in ((0o777, False), (0o1777, True), (0o775, True)):
        folder.parent.chmod(mode)
        assert is_private_place(folder) is private
    user = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: user)
    assert not is_private(folder)


def test_a_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    if not hasattr(os, "getuid"):
        pytest.skip("the system has no owners")
    (tmp_path / "open" / "folder").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "open" / "folder")
    assert not is_private_place(tmp_path / "link")


def test_without_owners_everything_is_taken_to_be_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.delattr(os, "getuid")
    assert is_private(tmp_path)
    assert is_private_place(tmp_path)


def test_folders_that_cannot_be_opened_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sync_folder(tmp_path)
    assert len(synced) == 1
    monkeypatch.delattr(os, "O_DIRECTORY")
    sync_folder(tmp_path)
    assert len(synced) == 1


def test_a_folder_of_the_environment_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert environment_folder("XDG_CACHE_HOME", ".cache") == tmp_path
    for useless in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", useless)
        assert environment_folder("XDG_CACHE_HOME", ".cache") == Path.home() / ".cache"


_ELSEWHERE = """
import os, sys
# Other packages adapt themselves to the system; only our own code is meant here.
import cv2, deflate, h5py, jinja2, numba, numpy, rich.console, trimesh, click
numba.njit(lambda: 1)()
for name in ("sched_getaffinity", "getuid", "geteuid", "getgid", "fork", "O_NOFOLLOW", "O_DIRECTORY", "uname", "nice",
             "register_at_fork", "posix_fallocate", "posix_fadvise", "sendfile", "wait4"):
    if hasattr(os, name):
        delattr(os, name)
# Modules that Windows does not have.
sys.modules.update(dict.fromkeys(["fcntl", "pwd", "grp", "resource", "termios", "tty", "pty"]))
# No EGL to be found.
import ctypes.util
ctypes.util.find_library = lambda name: None
real = ctypes.CDLL.__init__
def no_egl(self, name, *rest, **more):
    if name and "EGL" in str(name):
        raise OSError(f"{name}: not found")
    real(self, name, *rest, **more)
ctypes.CDLL.__init__ = no_egl

import importlib, pkgutil
import numpy as np
import renderkit
for found in pkgutil.walk_packages(renderkit.__path__, "renderkit."):
    if not found.name.startswith("renderkit.renderers.egl") and found.name != "renderkit.renderers.pyrender_bridge":
        importlib.import_module(found.name)
from renderkit.geometry.pose import Pose
mesh = renderkit.Mesh(np.array([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]]), np.array([[0, 1, 2]]))
K = np.array([[60.0, 0, 31.5], [0, 60, 31.5], [0, 0, 1]])
camera = renderkit.Camera(K, 64, 64, renderkit.NoDistortion(), Pose(np.eye(3), np.array([0.0, 0, 3])))
with renderkit.make_renderer() as renderer:
    assert renderer.info.kind == "cpu"
    assert 700 < renderer.render_mask(mesh, camera).sum() < 900
from renderkit.writing import write_text
from pathlib import Path
write_text(Path(sys.argv[1]), "done")
"""


def test_everything_is_imported_and_drawn_on_a_system_without_posix(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", _ELSEWHERE, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").read_text() == "done"
