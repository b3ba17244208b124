"""Folders as datasets and programs have them, each validated in one command, against polygon filling and OpenCV."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from scene_oracle import (
    SIZE,
    Floats,
    OracleCamera,
    Run,
    ball,
    captured,
    check_scene,
    pixels,
    ring,
    silhouette,
    write_landmarks,
    write_mesh,
    write_photo,
    write_picture,
)

from renderkit.results.json_report import read_report

VERTICES, FACES = ball()
CAMERAS = ring()
PINHOLES = ring(lens=False)
SHARED_K = [OracleCamera(PINHOLES[0].K, one.coefficients, one.R, one.t) for one in PINHOLES]
SQUARE = [
    OracleCamera(np.array([[210.0, 0, 79.5], [0, 210.0, 59.5], [0, 0, 1]]), np.zeros(5), c.R, c.t) for c in PINHOLES
]


def write_views(folder: Path, image: str, mask: str, cameras: Mapping[str, OracleCamera], frame: str = "") -> None:
    """Write the photograph and the matte of every camera by their patterns."""
    for name, camera in cameras.items():
        write_photo(folder / image.format(camera=name, frame=frame))
        write_picture(folder / mask.format(camera=name, frame=frame), silhouette(camera, VERTICES, FACES))


def check(
    run: Run, scene: str, cameras: Mapping[str, OracleCamera], *options: str, frames: tuple[str, ...] = ("0",)
) -> None:
    """Validate with landmarks that lie on the mesh called "mesh"."""
    write_landmarks(Path("marks.json"), cameras, VERTICES, "mesh")
    write_mesh(Path("mesh.ply"), VERTICES, FACES)
    given = ("--landmarks", "marks.json", *(options or ("--mesh", "mesh.ply")))
    check_scene(run, scene, *given, cameras=cameras, frames=frames, geometry=(VERTICES, FACES))


def metashape(cameras: Mapping[str, OracleCamera]) -> str:
    """A camera export by hand: cx, cy from the picture's centre, p1 and p2 exchanged, camera-to-world."""
    sensors, entries = [], []
    for index, (name, one) in enumerate(cameras.items()):
        k1, k2, p1, p2, k3 = one.coefficients
        values = {
            "f": one.K[1, 1], "b1": one.K[0, 0] - one.K[1, 1], "cx": one.K[0, 2] + 0.5 - SIZE[0] / 2,
            "cy": one.K[1, 2] + 0.5 - SIZE[1] / 2, "k1": k1, "k2": k2, "k3": k3, "p1": p2, "p2": p1,
        }  # fmt: skip
        numbers = "".join(f"<{key}>{float(value)!r}</{key}>" for key, value in values.items())
        size = f'width="{SIZE[0]}" height="{SIZE[1]}"'
        sensors.append(
            f'<sensor id="{index}" type="frame"><resolution {size}/><calibration type="frame" class="adjusted">'
            f"<resolution {size}/>{numbers}</calibration></sensor>"
        )
        pose = " ".join(repr(float(value)) for value in np.linalg.inv(one.matrix).ravel())
        entries.append(
            f'<camera id="{index}" sensor_id="{index}" label="{name}.jpg" enabled="1"><transform>{pose}</transform>'
            "</camera>"
        )
    body = f"<sensors>{''.join(sensors)}</sensors><cameras>{''.join(entries)}</cameras>"
    return f'<?xml version="1.0"?><document version="2.0.0"><chunk>{body}</chunk></document>'


def test_a_metashape_export(run: Run) -> None:
    cameras = {f"IMG_{index}": one for index, one in enumerate(CAMERAS)}
    write_views(Path("scene"), "images/{camera}.jpg", "masks/{camera}.png", cameras)
    Path("scene/cameras.xml").write_text(metashape(cameras))
    check(run, "scene", cameras)


def test_an_actorshq_folder(run: Run) -> None:
    """px * w counts from the picture's corner, as the dataset's ray sampler does."""
    cameras = {f"Cam{index + 1:03d}": one for index, one in enumerate(PINHOLES)}
    for frame in ("000000", "000001"):
        image, mask = "rgbs/{camera}/{camera}_rgb{frame}.jpg", "masks/{camera}/{camera}_mask{frame}.png"
        write_views(Path("scene"), image, mask, cameras, frame)
    with Path("scene/calibration.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["name", "w", "h", "rx", "ry", "rz", "tx", "ty", "tz", "fx", "fy", "px", "py"])
        for name, one in cameras.items():
            vector, center = cv2.Rodrigues(one.R.T)[0].ravel(), -one.R.T @ one.t
            inner = [one.K[0, 0] / SIZE[0], one.K[1, 1] / SIZE[1], *(one.K[:2, 2] + 0.5) / SIZE]
            rows.writerow([name, *SIZE, *map(float, (*vector, *center, *inner))])
    check(run, "scene", cameras, frames=("000000", "000001"))


def test_a_nersemble_folder(run: Run) -> None:
    cameras = {f"22220017{index}": one for index, one in enumerate(SHARED_K)}
    image = "sequences/EMO-1/timesteps/{frame}/images/cam_{camera}.jpg"
    mask = "sequences/EMO-1/timesteps/{frame}/alpha_map/cam_{camera}.png"
    write_views(Path("018"), image, mask, cameras, "frame_00000")
    poses = {name: one.matrix.tolist() for name, one in cameras.items()}
    Path("018/calibration").mkdir()
    document = {"world_2_cam": poses, "intrinsics": SHARED_K[0].K.tolist()}
    Path("018/calibration/camera_params.json").write_text(json.dumps(document))
    check(run, "018", cameras, frames=("frame_00000",))


def test_a_multiface_folder(run: Run) -> None:
    """KRT text; the tracked meshes are the frames' own."""
    cameras = {f"40000{index}": one for index, one in enumerate(CAMERAS)}
    entries = []
    for name, one in cameras.items():
        rows = [*one.K, one.coefficients, *one.matrix[:3]]
        entries.append("\n".join([name, *(" ".join(map(repr, row.tolist())) for row in rows)]) + "\n")
        write_photo(Path(f"scene/images/E001/{name}/000102.png"))
        write_picture(Path(f"mattes/000102/{name}.png"), silhouette(one, VERTICES, FACES))
    Path("scene/KRT").write_text("\n".join(entries))
    faces = "".join("f {} {} {}\n".format(*face) for face in FACES + 1)
    Path("scene/tracked_mesh/E001").mkdir(parents=True)
    vertices = "".join("v {!r} {!r} {!r}\n".format(*vertex) for vertex in VERTICES.tolist())
    Path("scene/tracked_mesh/E001/000102.obj").write_text(vertices + faces)
    check(run, "scene", cameras, "--masks", "mattes", frames=("000102",))


@pytest.mark.parametrize("prefix", ["", "cam"])
def test_an_ava_256_folder(run: Run, prefix: str) -> None:
    """KRT JSON: K and T are stored transposed; `RadialAndTangential` is the model's name."""
    cameras = {f"40{index}": one for index, one in enumerate(CAMERAS)}
    entries = [
        {"cameraId": name, "K": one.K.T.tolist(), "T": one.matrix.T.tolist(), "width": SIZE[0], "height": SIZE[1],
         "distortion": one.coefficients.tolist(), "distortionModel": "RadialAndTangential"}
        for name, one in cameras.items()
    ]  # fmt: skip
    image, mask = f"image/{prefix}{{camera}}/000102.jpg", f"segmentation_parts/{prefix}{{camera}}/000102.png"
    write_views(Path("scene"), image, mask, cameras)
    Path("scene/camera_calibration.json").write_text(json.dumps({"KRT": entries}))
    check(run, "scene", cameras, frames=("000102",))


def encoded(path: Path) -> Floats:
    return np.frombuffer(path.read_bytes(), np.uint8)


@pytest.mark.parametrize("opened", ["0012_11.smc", "0012_11_annots.smc"])
def test_a_dna_rendering_capture(run: Run, opened: str) -> None:
    """Pictures in one SMC file, mattes and cameras in the other; either one opens both."""
    cameras = {str(index): one for index, one in enumerate(CAMERAS)}
    with h5py.File("0012_11.smc", "w") as main, h5py.File("0012_11_annots.smc", "w") as annotations:
        for index, (name, one) in enumerate(cameras.items()):
            group = "Camera_5mp" if index < 2 else "Camera_12mp"
            write_photo(Path(f"{name}.jpg"))
            write_picture(Path(f"{name}.png"), silhouette(one, VERTICES, FACES))
            for frame in ("0", "10"):
                main[f"{group}/{name}/color/{frame}"] = encoded(Path(f"{name}.jpg"))
                annotations[f"Mask/{name}/mask/{frame}"] = encoded(Path(f"{name}.png"))
            entry = annotations.create_group(f"Camera_Parameter/{name}")
            entry["K"], entry["D"], entry["RT"] = one.K, one.coefficients, np.linalg.inv(one.matrix)
        for group in ("Camera_5mp", "Camera_12mp"):
            main[group].attrs["resolution"] = SIZE[::-1]
    check(run, opened, cameras, frames=("0", "10"))
    for command in ("inspect", "overlay"):
        result = run(command, opened, "--mesh", "mesh.ply", *(("--renderer", "cpu") if command == "overlay" else ()))
        assert result.code == 0, result.err


def test_a_main_file_alone_names_its_annotations(run: Run) -> None:
    with h5py.File("0012_11.smc", "w") as main:
        main.create_group("Camera_5mp/0/color")
    result = run("inspect", "0012_11.smc")
    assert result.code == 2
    assert "0012_11_annots.smc" in result.err


def test_a_rig_json(run: Run) -> None:
    cameras = {f"left {index}": one for index, one in enumerate(CAMERAS)}
    entries = [
        {"name": name, "width": SIZE[0], "height": SIZE[1], "K": one.K.tolist(),
         "distortion": {"model": "brown_conrady", "coefficients": one.coefficients.tolist()},
         "cam_from_world": one.matrix.tolist()}
        for name, one in cameras.items()
    ]  # fmt: skip
    document = {"format": "renderkit-rig", "version": 1, "unit": "m", "axes": "opencv", "cameras": entries}
    document["pixel_origin"] = "center of the top-left pixel"
    write_views(Path("scene"), "images/{frame}/{camera}.jpg", "masks/{frame}/{camera}.png", cameras, "7")
    Path("scene/rig.json").write_text(json.dumps(document))
    check(run, "scene", cameras, frames=("7",))


def test_reprojection_in_a_nerf_synthetic_folder(run: Run) -> None:
    cameras = {f"train/r_{index}": one for index, one in enumerate(SQUARE)}
    frames = []
    for name, one in cameras.items():
        write_picture(Path(f"scene/{name}.png"), silhouette(one, VERTICES, FACES), as_alpha=True)
        pose = np.linalg.inv(one.matrix) @ np.diag([1.0, -1.0, -1.0, 1.0])
        frames.append({"file_path": f"./{name}", "transform_matrix": pose.tolist()})
    document = {"camera_angle_x": 2.0 * np.arctan(0.5 * SIZE[0] / 210.0), "frames": frames}
    Path("scene/transforms_train.json").write_text(json.dumps(document))
    check(run, "scene", cameras)


def test_reprojection_in_a_bop_scene(run: Run) -> None:
    """The landmarks are vertices of the model, which scene_gt places; BOP counts in mm."""
    scaled = {
        str(7 * index): OracleCamera(one.K, one.coefficients, one.R, 1000.0 * one.t)
        for index, one in enumerate(PINHOLES)
    }
    model_from_world = np.vstack([np.column_stack([PINHOLES[1].R, [20.0, -100.0, 300.0]]), [0.0, 0.0, 0.0, 1.0]])
    model = 1000.0 * VERTICES @ model_from_world[:3, :3].T + model_from_world[:3, 3]
    write_mesh(Path("set/models/obj_000004.ply"), model, FACES)
    scene, stated, truth = Path("set/test/000001"), {}, {}
    for name, one in scaled.items():
        pose = one.matrix @ np.linalg.inv(model_from_world)
        stated[name] = {
            "cam_K": one.K.ravel().tolist(),
            "cam_R_w2c": one.R.ravel().tolist(),
            "cam_t_w2c": one.t.tolist(),
        }
        instance = {"cam_R_m2c": pose[:3, :3].ravel().tolist(), "cam_t_m2c": pose[:3, 3].tolist(), "obj_id": 4}
        truth[name] = [instance]
        write_photo(scene / "rgb" / f"{int(name):06d}.png")
        write_picture(scene / "mask" / f"{int(name):06d}_000000.png", silhouette(one, 1000.0 * VERTICES, FACES))
    (scene / "scene_camera.json").write_text(json.dumps(stated))
    (scene / "scene_gt.json").write_text(json.dumps(truth))
    write_landmarks(Path("marks.json"), scaled, 1000.0 * VERTICES, "model")
    options = ("--landmarks", "marks.json")
    check_scene(run, "set/test/000001", *options, cameras=scaled, frames=("0",), geometry=(1000.0 * VERTICES, FACES))


def test_every_command_on_a_scene(run: Run) -> None:
    """What validate opens, the other commands open too, and say the same about it."""
    cameras = {f"IMG_{index}": one for index, one in enumerate(CAMERAS)}
    write_views(Path("scene"), "images/{camera}.jpg", "masks/{camera}.png", cameras)
    Path("scene/cameras.xml").write_text(metashape(cameras))
    write_mesh(Path("scene/mesh.ply"), VERTICES, FACES)
    quiet = ("--no-checks", "--no-overlays", "--renderer", "cpu")
    assert run("validate", "scene", *quiet, "--out", "run").code == 0
    assert run("report", "run").code == 0
    assert run("diagnose", "scene").code == 0
    assert run("diff", "scene", "scene", "--mesh", "scene/mesh.ply").code == 0
    assert run("render", "scene", "--out", "renders", "--renderer", "cpu").code == 0
    assert run("overlay", "scene", "--out", "overlays", "--renderer", "cpu").code == 0
    seen = run("inspect", "scene")
    assert seen.code == 0
    assert "the rig as a whole fits" in seen.out
    # A matte of another size: both say so, and neither passes.
    assert cv2.imwrite("scene/masks/IMG_1.png", captured(np.ones((60, 80), np.bool_)).astype(np.uint8) * 255)
    for command in (("inspect", "scene"), ("validate", "scene", *quiet, "--out", "other")):
        result = run(*command)
        assert result.code != 0
        assert "the matte has 80 x 60 px" in result.out


def test_min_confidence_belongs_to_every_command_that_takes_landmarks(run: Run) -> None:
    """Wrong points of little confidence are left out; init keeps the threshold."""
    cameras = {str(index): one for index, one in enumerate(CAMERAS)}
    write_views(Path("scene"), "images/{camera}.jpg", "masks/{camera}.png", cameras)
    write_mesh(Path("scene/mesh.ply"), VERTICES, FACES)
    Path("scene/cameras.xml").write_text(metashape(cameras))
    write_landmarks(Path("scene/marks.json"), cameras, VERTICES, "mesh")
    document = json.loads(Path("scene/marks.json").read_text())
    views, chosen = document["landmarks_2d"]["frames"]["*"], document["vertex_indices"]["indices"]
    for name, points in views.items():
        right = pixels(cameras[name], VERTICES[chosen])
        views[name] = [[*(right[i] if i % 2 else point), 0.9 if i % 2 else 0.1] for i, point in enumerate(points)]
    Path("scene/marks.json").write_text(json.dumps(document))
    given = ("scene", "--landmarks", "scene/marks.json", "--min-confidence", "0.5")
    assert worst_error_px(run, *given[:3]) == pytest.approx(5.0)
    assert worst_error_px(run, *given) == pytest.approx(0.0, abs=1e-6)
    for command in ("diagnose", "inspect", "overlay", "init"):
        result = run(command, *given, *(("--renderer", "cpu") if command == "overlay" else ()))
        # The mattes are 2 px too small, which is much here: the rig as a whole need not fit.
        assert result.code < 2, result.err
        assert "median landmark residual 5" not in result.out
    assert "min_confidence = 0.5" in Path("scene/capture.toml").read_text()
    assert worst_error_px(run, "scene") == pytest.approx(0.0, abs=1e-6)
    assert worst_error_px(run, "scene", "--min-confidence", "0") == pytest.approx(5.0)


def worst_error_px(run: Run, *arguments: str) -> float:
    """Validate, and return the largest landmark error."""
    quiet = ("--no-checks", "--no-sanity", "--no-overlays", "--renderer", "cpu", "--out", "run")
    assert run("validate", *arguments, *quiet).code == 0
    scores = [row.scores.reprojection for row in read_report(Path("run")).rows]
    return max(float(np.nanmax(score.distances_px)) for score in scores if score is not None)


def test_what_the_reader_of_a_mesh_left_out_is_said(run: Run) -> None:
    cameras = {str(index): one for index, one in enumerate(CAMERAS)}
    write_views(Path("scene"), "images/{camera}.jpg", "masks/{camera}.png", cameras)
    Path("scene/cameras.xml").write_text(metashape(cameras))
    faces = "".join("f {} {} {}\n".format(*face) for face in FACES + 1)
    lines = "".join("v {!r} {!r} {!r}\n".format(*vertex) for vertex in VERTICES.tolist()) + faces
    Path("scene/mesh.obj").write_text(f"{lines}l 1 2")
    for command in (("inspect", "scene"), ("validate", "scene", "--no-checks", "--renderer", "cpu", "--out", "run")):
        out = run(*command).out
        assert "mesh mesh: lines that are not read: 'l' (1)" in out
        assert "the last line has no end" in out
