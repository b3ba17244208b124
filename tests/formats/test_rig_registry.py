from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import renderkit
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import (
    InexpressibleError,
    WriteOptions,
    detect_format,
    formats,
    read_raw_rig,
    read_rig,
    write_rig,
)
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import matrix_from_rotation_vector

FOLDERS = {"colmap", "colmap-bin", "opencv", "mvsnet"}
SUFFIXES = {
    "renderme360": ".smc",
    "metashape": ".xml",
    "actorshq": ".csv",
    "middlebury": "_par.txt",
    "krt": ".txt",
    "kalibr": ".yaml",
    "motion-toml": ".toml",
    "neus": ".npz",
}
WRITTEN = [one.name for one in formats().values() if one.write is not None]
# What the file itself detects as, where several names share one file form.
DETECTED = {"instant-ngp": "nerfstudio"}


def target_of(folder: Path, name: str) -> Path:
    return folder / f"rig-{name}{'' if name in FOLDERS else SUFFIXES.get(name, '.json')}"


def finite(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers as calibrations have them: no denormals, whose poles lie a million radii away."""
    return st.integers(0, 10_000).map(lambda step: low + (high - low) * step / 10_000)


@st.composite
def lenses(draw: st.DrawFn) -> Distortion:
    kind = draw(st.sampled_from(["none", "brown", "fisheye"]))
    if kind == "none":
        return NoDistortion()
    if kind == "fisheye":
        return KannalaBrandt(np.array([draw(finite(-0.05, 0.05)) for _ in range(4)]))
    size = draw(st.sampled_from([4, 5, 8, 12, 14]))
    scale = [0.2, 0.1, 0.005, 0.005, 0.05, 0.05, 0.05, 0.02, 0.01, 0.01, 0.01, 0.01, 0.02, 0.02]
    return BrownConrady(np.array([draw(finite(-one, one)) for one in scale[:size]]))


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    width, height = draw(st.integers(16, 6000)), draw(st.integers(16, 6000))
    focal = draw(finite(0.6, 3.0)) * max(width, height)
    K = np.array(
        [
            [focal, draw(st.one_of(st.just(0.0), finite(-5.0, 5.0))), draw(finite(0.3, 0.7)) * width],
            [0.0, focal * draw(finite(0.98, 1.02)), draw(finite(0.3, 0.7)) * height],
            [0.0, 0.0, 1.0],
        ]
    )
    angle = draw(st.one_of(finite(0.0, np.pi), finite(np.pi - 1e-7, np.pi)))
    axis = np.array([draw(finite(-1, 1)) for _ in range(3)]) + np.array([0.0, 0.0, 1e-3])
    rotation = matrix_from_rotation_vector(angle * axis / np.linalg.norm(axis))
    translation = np.array([draw(finite(-3, 3)) for _ in range(3)])
    return Camera(K, width, height, draw(lenses()), Pose(rotation, translation), "x")


@pytest.mark.parametrize("name", WRITTEN)
def test_any_camera_comes_back_from_any_format_that_can_hold_it(
    name: str, tmp_path_factory: pytest.TempPathFactory, worst_pixel_error: Callable[[Rig, Rig], float]
) -> None:
    numbers = count()
    held = 0

    @settings(deadline=None, derandomize=True, max_examples=40)
    @given(cameras())
    def check(camera: Camera) -> None:
        nonlocal held
        rig = Rig({"0": camera})
        folder = tmp_path_factory.mktemp(f"{name}{next(numbers)}")
        try:
            report = write_rig(rig, target_of(folder, name), format=name)
        except InexpressibleError as error:
            # What is refused and why: test_format_capability.
            assert "approximate" in error.why  # noqa: PT017
            assert not target_of(folder, name).exists()
            return
        held += 1
        assert not report.residuals
        assert detect_format(report.path) == DETECTED.get(name, name)
        again = read_rig(report.path, size=camera.size)
        assert list(again.cameras) == ["0"]
        assert next(iter(again)).size == camera.size
        assert worst_pixel_error(rig, again) < 1e-9

    check()
    assert held >= 3, "the strategy must draw cameras that the format can hold"


@pytest.mark.parametrize("name", WRITTEN)
def test_middlebury_comes_back_from_every_format(
    name: str, shared_data: Path, tmp_path: Path, worst_pixel_error: Callable[[Rig, Rig], float]
) -> None:
    rig = read_rig(shared_data / "middlebury_dino" / "dinoSR_par.txt")
    assert len(rig) == 16
    assert {camera.size for camera in rig} == {(640, 480)}, "from the pictures beside the file"
    write_rig(rig, target_of(tmp_path, name), format=name)
    again = read_rig(target_of(tmp_path, name), name, size=(640, 480))
    assert worst_pixel_error(rig, again) < 1e-9
    if name not in {"facescape", "bop", "neus"}:
        assert list(again.cameras) == list(rig.cameras)


@pytest.mark.parametrize("name", ["rig", "renderme360", "opencv", "krt", "krt-json", "facescape"])
def test_sixty_real_lenses_come_back_fold_over_and_all(
    name: str, shared_data: Path, tmp_path: Path, worst_pixel_error: Callable[[Rig, Rig], float]
) -> None:
    rig = read_rig(shared_data / "renderme360" / "calibration_distorted.json")
    write_rig(rig, target_of(tmp_path, name), format=name)
    assert worst_pixel_error(rig, read_rig(target_of(tmp_path, name), size=(2448, 2048))) < 1e-9


@pytest.mark.parametrize("name", ["colmap", "colmap-bin", "nerfstudio", "metashape", "opensfm"])
def test_programs_that_know_no_valid_radius_are_not_given_a_folding_lens(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    rig = read_rig(shared_data / "renderme360" / "calibration_distorted.json")
    with pytest.raises(InexpressibleError, match=r"folds over .* px from the centre.*Refused: 32 of 60 cameras"):
        write_rig(rig, target_of(tmp_path, name), format=name)
    assert not target_of(tmp_path, name).exists()


def test_names_survive_formats_that_name_pictures(pinhole_ring: Rig, tmp_path: Path) -> None:
    for name in ("colmap", "nerfstudio", "opensfm", "middlebury"):
        options = WriteOptions(picture_suffix=".jpg")
        path = target_of(tmp_path, name)
        write_rig(pinhole_ring, path, format=name, options=options)
        written = (path / "images.txt") if path.is_dir() else path
        assert "03.jpg" in written.read_text()
        assert list(read_rig(path, size=(1200, 900)).cameras) == list(pinhole_ring.cameras)


def test_a_rig_is_written_whole_or_not_at_all(brown_ring: Rig, tmp_path: Path) -> None:
    with pytest.raises(InexpressibleError, match=r"no distortion.*moves? pixels by up to|dropping it would move"):
        write_rig(brown_ring, tmp_path / "a_par.txt", format="middlebury")
    assert not (tmp_path / "a_par.txt").exists()


def test_one_size_for_all_cannot_be_fitted(make_ring: Callable[..., Rig], tmp_path: Path) -> None:
    mixed = dict(make_ring(2).cameras) | {"other": next(iter(make_ring(1, size=(640, 480))))}
    with pytest.raises(InexpressibleError, match="one image size"):
        write_rig(Rig(mixed), tmp_path / "a.smc", format="renderme360", approximate=True)


def test_one_lens_model_for_all_cannot_be_fitted(brown_ring: Rig, fisheye_ring: Rig, tmp_path: Path) -> None:
    mixed = {"a": next(iter(brown_ring)), "b": next(iter(fisheye_ring))}
    with pytest.raises(InexpressibleError, match="one lens model"):
        write_rig(Rig(mixed), tmp_path / "t.json", format="nerfstudio", approximate=True)


def test_shared_intrinsics_are_the_mean_and_measured(
    make_ring: Callable[..., Rig], tmp_path: Path, worst_pixel_error: Callable[[Rig, Rig], float]
) -> None:
    rig = make_ring(4)
    with pytest.raises(InexpressibleError, match="one K for all cameras"):
        write_rig(rig, tmp_path / "n.json", format="nersemble")
    report = write_rig(rig, tmp_path / "n.json", format="nersemble", approximate=True)
    assert set(report.residuals) == set(rig.cameras)
    again = read_rig(tmp_path / "n.json", size=(1200, 900))
    worst = max(residual.max_px for residual in report.residuals.values())
    assert 0.1 < worst_pixel_error(rig, again) <= worst


def test_unknown_formats_are_named() -> None:
    with pytest.raises(ValueError, match="unknown camera format 'nerf'; expected one of capture-toml, rig, "):
        read_rig(".", "nerf")
    with pytest.raises(ValueError, match="dictionary is only read"):
        write_rig(Rig({}), "x", format="dictionary")


def test_what_is_no_camera_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file"):
        read_rig(tmp_path / "absent")
    (tmp_path / "poem.txt").write_text("shall I compare thee\n")
    with pytest.raises(DatasetError, match="nor a camera format that renderkit knows"):
        detect_format(tmp_path / "poem.txt")
    with pytest.raises(DatasetError, match="nor a camera format"):
        detect_format(tmp_path)
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(DatasetError, match="nested too deeply"):
        detect_format(tmp_path / "deep.json")


def test_a_camera_that_is_none_is_named_with_its_file(shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / "middlebury_dino" / "dinoSR_par.txt").read_text().replace("3310.400000", "nan", 1)
    (tmp_path / "x_par.txt").write_text(text)
    raw = read_raw_rig(tmp_path / "x_par.txt", size=(640, 480))
    assert len(raw.cameras) == 16
    with pytest.raises(CalibrationError, match=r"x_par.txt \[dinoSR0001\]: K has NaN"):
        raw.to_rig()


def test_another_unit_is_told_and_nothing_is_scaled(pinhole_ring: Rig, tmp_path: Path) -> None:
    notes = write_rig(pinhole_ring, tmp_path / "KRT", format="krt").notes
    assert "the rig's unit is m, readers of this format expect mm: translations are unchanged" in notes[0]
    again = read_rig(tmp_path / "KRT", size=(1200, 900))
    assert np.array_equal(again["00"].cam_from_world.t, pinhole_ring["00"].cam_from_world.t)
    assert not write_rig(pinhole_ring, tmp_path / "a.smc", format="renderme360").notes


def test_a_lens_with_a_pole_beyond_all_measure_warns_of_nothing(
    tmp_path: Path, worst_pixel_error: Callable[[Rig, Rig], float]
) -> None:
    lens = BrownConrady(np.array([0, 0, 0, 0, -0.03125, 0, 0.03125, 1.4e-45, 0, 0.0078125, 0, 0.0078125]))
    camera = Camera(np.array([[25.0, 0.0, 9.375], [0.0, 25.0, 12.5], [0.0, 0.0, 1.0]]), 25, 25, lens)
    write_rig(Rig({"0": camera}), tmp_path / "rig.json", format="rig")
    assert worst_pixel_error(Rig({"0": camera}), read_rig(tmp_path / "rig.json")) < 1e-9


def test_the_name_of_a_format_is_stated_in_one_file() -> None:
    root = Path(renderkit.__file__).parent / "formats"
    stated: dict[str, list[str]] = {}
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Format":
                value = next(each.value for each in node.keywords if each.arg == "name")
                name = value.value if isinstance(value, ast.Constant) else ast.unparse(value)
                stated.setdefault(str(name), []).append(file.name)
    assert {name for name in formats() if name not in stated} <= {"capture-toml"}
    assert all(len(files) == 1 for files in stated.values()), stated
