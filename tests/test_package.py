from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

import renderkit
from renderkit.compiled import cache_folder

NAMES: list[str] = vars(renderkit)["__all__"]
HEAVY = ("OpenGL", "h5py", "numba", "trimesh", "embreex", "click", "rich", "ray", "cv2", "numpy")


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    return set(done.stdout.split())


def test_importing_renderkit_loads_nothing_heavy() -> None:
    assert loaded_after("import renderkit") == set()


WARM = """
import sys
from renderkit.cli import main
try:
    main()
except SystemExit as leave:
    assert leave.code == 0, leave.code
print(*sys.modules)
"""


UNUSED = {
    "numba", "scipy", "trimesh", "embreex", "OpenGL", "pandas", "pyarrow", "matplotlib", "rerun", "av", "skimage",
    "h5py", "rich", "pydantic", "multiprocessing", "tomllib", "html", "pickletools",
    *(
        f"renderkit.{name}"
        for name in (
            "formats.folder", "formats.scene", "formats.supplement", "formats.landmarks_file", "formats.patterns",
            "formats.pose_direction", "untrusted.yaml_text", "untrusted.toml_text", "untrusted.pickles",
            "untrusted.download_cache", "geometry.mesh_files.file_mesh", "gates.config", "gates.gate", "gates.language",
            "gates.verdicts", "diagnosis.readings.registry", "diagnosis.readings.search", "diagnosis.subject_motion",
            "metrics.alignment", "metrics.surface", "diagnosis.evidence.kind", "pipeline.explain", "pipeline.surfaces",
            "pipeline.region_choice",
        )
    ),
}  # fmt: skip


def test_a_warm_run_loads_no_compiler_and_nothing_else_that_it_does_not_use(tmp_path: Path) -> None:
    truth = renderkit.synthesize(tmp_path, renderkit.SynthOptions(num_cameras=4, size=(96, 80), scan_faces=2000))
    asked = ["validate", str(truth.capture), "--out", str(tmp_path / "run"), "--renderer", "cpu"]
    loaded: list[str] = []
    for _ in range(2):  # the first one compiles what the cache folder does not have
        command = [sys.executable, "-c", WARM, *asked]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        assert done.returncode == 0, done.stderr
        loaded = done.stdout.splitlines()[-1].split()
    if cache_folder() is None:
        pytest.skip("no folder to keep compiled kernels in")
    assert UNUSED & set(loaded) == set()


def test_the_main_function_loads_the_diagnosis_when_it_begins() -> None:
    code = "import sys, renderkit.pipeline.run; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    late = ("diagnosis.joint", "diagnosis.readings", "diagnosis.hypotheses", "pipeline.diagnosis", "pipeline.explain")
    assert not {f"renderkit.{name}" for name in late} & set(done.stdout.split())


def test_cameras_need_only_numpy() -> None:
    assert loaded_after("from renderkit import Camera, Mesh, Landmarks, Pose") == {"numpy"}


def test_no_public_name_is_hidden_by_a_module() -> None:
    # `import renderkit.x` binds the attribute x of the package: a public name x would be gone then.
    code = (
        "import pkgutil, types, renderkit\n"
        "for module in pkgutil.walk_packages(renderkit.__path__, 'renderkit.'): __import__(module.name)\n"
        "print([name for name in renderkit.__all__ if isinstance(getattr(renderkit, name), types.ModuleType)])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert list(NAMES) == sorted(NAMES)
    for name in NAMES:
        assert getattr(renderkit, name) is not None
    assert set(NAMES) <= set(dir(renderkit))


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Camara'"):
        getattr(renderkit, "Camara")  # noqa: B009 - mypy knows that it is not there


COMES_WITH = {"llvmlite": "numba", "markupsafe": "jinja2", "pyglet": "pyrender", "mpl_toolkits": "matplotlib"}
"""Packages that a declared one cannot be without."""


def imported_packages() -> set[str]:
    """Top-level names of every import in the package, late ones included."""
    names: set[str] = set()
    for path in Path(renderkit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"renderkit"}


def test_every_package_that_is_imported_is_declared() -> None:
    declared = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in requires("renderkit") or ()}
    homes = packages_distributions()
    for name in sorted(imported_packages()):
        candidates = {home.lower() for home in homes.get(COMES_WITH.get(name, name), [COMES_WITH.get(name, name)])}
        assert candidates & declared, f"{name} is imported but {candidates} is not in pyproject.toml"
