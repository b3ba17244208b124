from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from renderkit.installed import entry_points_of, version_of


def install(folder: Path, name: str, version: str, entry_points: str = "") -> Path:
    """Write a package's metadata, as an installer would."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entry_points)
    return folder


def test_versions_are_those_that_their_metadata_states() -> None:
    stated = {one.metadata["Name"]: one.version for one in metadata.distributions()}
    assert {name: version_of(name) for name in stated} == {name: metadata.version(name) for name in stated}
    assert "numpy" in stated


def test_what_is_not_installed_has_no_version() -> None:
    assert version_of("no-such-package") is None


def test_names_are_compared_as_installers_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(install(tmp_path, "Toy_Cameras.extra", "1.0rc1+local.2")), *sys.path])
    assert version_of("toy-cameras-extra") == version_of("TOY.Cameras_Extra") == "1.0rc1+local.2"


def test_the_first_folder_of_the_search_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = install(tmp_path / "1", "toy", "1.0"), install(tmp_path / "2", "toy", "2.0")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "absent"), str(first), str(second), *sys.path])
    assert version_of("toy") == "1.0" == metadata.version("toy")


@pytest.mark.parametrize("form", ["folder", "egg-info", "archive", "finder"])
def test_packages_in_other_forms_are_found_as_well(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = install(tmp_path, "toy", "1.0", "[renderkit.toys]\nbrick = toy:BRICK\n")
    if form == "egg-info":
        info = tmp_path / "toy.egg-info"
        (tmp_path / "toy-1.0.dist-info").rename(info)
        (info / "METADATA").rename(info / "PKG-INFO")
    if form == "archive":
        place = tmp_path / "toy.zip"
        import zipfile

        with zipfile.ZipFile(place, "w") as archive:
            for file in (tmp_path / "toy-1.0.dist-info").iterdir():
                archive.write(file, f"toy-1.0.dist-info/{file.name}")
    if form == "finder":
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, _Finder(place)])
    else:
        monkeypatch.setattr(sys, "path", [str(place), *sys.path])
    assert version_of("toy") == "1.0"
    assert [(one.name, one.value) for one in entry_points_of("renderkit.toys")] == [("brick", "toy:BRICK")]
    assert entry_points_of("renderkit.bricks") == ()


class _Finder:
    """Knows packages that are not on the search path."""

    def __init__(self, place: Path) -> None:
        self._place = str(place)

    def find_spec(self, *_: object) -> None:
        return None

    def find_distributions(self, context: metadata.DistributionFinder.Context) -> object:
        return metadata.MetadataPathFinder.find_distributions(
            metadata.DistributionFinder.Context(name=context.name, path=[self._place])
        )


def test_the_metadata_parser_is_not_loaded_for_it() -> None:
    code = (
        "import sys; from renderkit.installed import entry_points_of, version_of; before = set(sys.modules)\n"
        "assert version_of('numpy') and not entry_points_of('renderkit.no_such_group')\n"
        "print(*sorted({'email', 'importlib.metadata', 'zipfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == ""
