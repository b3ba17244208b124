"""Folders as people have them, each validated in one command, against exact polygon filling and OpenCV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pycolmap
import pytest
from scene_oracle import (
    SIZE,
    Floats,
    OracleCamera,
    Run,
    ball,
    check_scene,
    ring,
    silhouette,
    write_landmarks,
    write_mesh,
    write_photo,
    write_picture,
)

VERTICES, FACES = ball()
CAMERAS = ring()
PINHOLES = ring(lens=False)


def check(
    run: Run, *arguments: str | Path, cameras: Mapping[str, OracleCamera], frames: tuple[str, ...] = ("0",)
) -> None:
    """Validate, and compare each view with the oracles."""
    check_scene(run, *arguments, cameras=cameras, frames=frames, geometry=(VERTICES, FACES))


def mattes(folder: Path, pattern: str, cameras: Mapping[str, OracleCamera], **fields: str) -> None:
    for name, camera in cameras.items():
        write_picture(folder / pattern.format(camera=name, **fields), silhouette(camera, VERTICES, FACES))


def photos(folder: Path, pattern: str, cameras: Mapping[str, OracleCamera], **fields: str) -> None:
    for name in cameras:
        write_photo(folder / pattern.format(camera=name, **fields))


def write_colmap(folder: Path, cameras: Mapping[str, OracleCamera]) -> None:
    """A model by pycolmap; COLMAP's pixel (0, 0) is the corner."""
    folder.mkdir(parents=True)
    model = pycolmap.Reconstruction()
    for number, (name, one) in enumerate(cameras.items(), 1):
        K = one.K
        params = [K[0, 0], K[1, 1], K[0, 2] + 0.5, K[1, 2] + 0.5, *one.coefficients[:4]]
        model.add_camera_with_trivial_rig(
            pycolmap.Camera(model="OPENCV", width=SIZE[0], height=SIZE[1], params=params, camera_id=number)
        )
        image = pycolmap.Image(name=f"{name}.jpg", camera_id=number, image_id=number)
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(pycolmap.Rotation3d(one.R), one.t))
    model.write_binary(str(folder))


def gl_pose(camera: OracleCamera) -> list[list[float]]:
    pose = np.linalg.inv(camera.matrix) @ np.diag([1.0, -1.0, -1.0, 1.0])
    return [[float(value) for value in row] for row in pose]


def test_a_colmap_folder(run: Run, tmp_path: Path) -> None:
    cameras = {f"cam{index}/first": one for index, one in enumerate(CAMERAS)}
    write_colmap(tmp_path / "scene" / "sparse" / "0", cameras)
    photos(tmp_path / "scene", "images/{camera}.jpg", cameras)
    # COLMAP names the mask of a.jpg a.jpg.png.
    mattes(tmp_path / "scene", "masks/{camera}.jpg.png", cameras)
    write_mesh(tmp_path / "scene" / "mesh.ply", VERTICES, FACES)
    write_landmarks(tmp_path / "marks.json", cameras, VERTICES, "mesh")
    check(run, "scene", "--landmarks", "marks.json", cameras=cameras)
    # The model's own folder leads to the same pictures, and the mask folder may lie elsewhere.
    mattes(tmp_path, "elsewhere/{camera}.png", cameras)
    check(run, "scene/sparse/0", "--masks", "elsewhere", cameras=cameras)
    result = run("overlay", "scene", "--out", "pictures", "--renderer", "cpu")
    assert result.code == 0
    assert len(list(Path("pictures").glob("**/*.jpg"))) >= 3


@pytest.mark.parametrize("suffix", ["", ".png"])
def test_a_nerfstudio_folder(run: Run, tmp_path: Path, suffix: str) -> None:
    cameras = {f"frame_{index:05d}": one for index, one in enumerate(CAMERAS)}
    frames = [
        {
            "file_path": f"./images/{name}{suffix}", "transform_matrix": gl_pose(one), "w": SIZE[0], "h": SIZE[1],
            "fl_x": one.K[0, 0], "fl_y": one.K[1, 1], "cx": one.K[0, 2] + 0.5, "cy": one.K[1, 2] + 0.5,
            **dict(zip(("k1", "k2", "p1", "p2"), one.coefficients[:4].tolist(), strict=True)),
        }
        for name, one in cameras.items()
    ]  # fmt: skip
    scene = tmp_path / "scene"
    photos(scene, "images/{camera}.png", cameras)
    mattes(scene, "masks/{camera}.png", cameras)
    write_mesh(tmp_path / "ball.ply", VERTICES, FACES)
    (scene / "transforms.json").write_text(json.dumps({"camera_model": "OPENCV", "frames": frames}))
    write_landmarks(tmp_path / "marks.json", cameras, VERTICES, "ball")
    check(run, "scene", "--mesh", "ball.ply", "--landmarks", "marks.json", cameras=cameras)


def test_a_nerf_synthetic_folder(run: Run, tmp_path: Path) -> None:
    """The matte is the pictures' alpha; all cameras share camera_angle_x and a centre in the middle."""
    fx = 210.0
    K = np.array([[fx, 0.0, 79.5], [0.0, fx, 59.5], [0.0, 0.0, 1.0]])
    cameras = {f"train/r_{i}": OracleCamera(K, np.zeros(5), one.R, one.t) for i, one in enumerate(PINHOLES)}
    scene = tmp_path / "scene"
    for name, one in cameras.items():
        write_picture(scene / f"{name}.png", silhouette(one, VERTICES, FACES), as_alpha=True)
    frames = [{"file_path": f"./{name}", "transform_matrix": gl_pose(one)} for name, one in cameras.items()]
    angle = 2.0 * np.arctan(0.5 * SIZE[0] / fx)
    document = {"camera_angle_x": angle, "frames": frames}
    (scene / "transforms_train.json").write_text(json.dumps(document))
    write_mesh(scene / "mesh.ply", VERTICES, FACES)
    check(run, "scene", cameras=cameras)


def test_photographs_whose_alpha_is_opaque_are_no_mattes(run: Run, tmp_path: Path) -> None:
    """Their brightness was taken for mattes, and a sound rig did not fit."""
    scene = tmp_path / "scene"
    cameras = {f"r_{i}": one for i, one in enumerate(CAMERAS)}
    write_mesh(scene / "mesh.ply", VERTICES, FACES)
    stated = {
        name: {"K": one.K.tolist(), "dist": list(one.coefficients), "R": one.R.tolist(), "t": one.t.tolist()}
        for name, one in cameras.items()
    }
    (scene / "cameras.json").write_text(json.dumps(stated))
    photo = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 4), np.uint8)
    photo[:, :, 3] = 255
    (scene / "images").mkdir()
    for name in cameras:
        assert cv2.imwrite(str(scene / "images" / f"{name}.png"), photo)
    result = run("validate", "scene/cameras.json", "--json")
    assert result.code == 2
    assert "the capture has no matte of this view" in result.out
    assert run("init", "scene").out.count("0 mattes") == 1
    # One picture without a matte among others that have theirs in alpha is a failed view, not a matte of its colours.
    for name, one in list(cameras.items())[1:]:
        write_picture(scene / "images" / f"{name}.png", silhouette(one, VERTICES, FACES), as_alpha=True)
    result = run("validate", "scene/cameras.json")
    assert result.code == 2
    assert "failed: 1 of" in result.out
    assert "alpha is opaque everywhere" in result.out


def test_an_easymocap_folder_with_several_frames(run: Run, tmp_path: Path) -> None:
    cameras = {f"{index + 1:02d}": one for index, one in enumerate(CAMERAS)}
    scene = tmp_path / "scene"
    scene.mkdir()
    inner = cv2.FileStorage(str(scene / "intri.yml"), cv2.FILE_STORAGE_WRITE)
    outer = cv2.FileStorage(str(scene / "extri.yml"), cv2.FILE_STORAGE_WRITE)
    for storage in (inner, outer):
        storage.startWriteStruct("names", cv2.FileNode_SEQ)
        for name in cameras:
            storage.write("", name)
        storage.endWriteStruct()
    for name, one in cameras.items():
        inner.write(f"K_{name}", one.K)
        inner.write(f"dist_{name}", one.coefficients.reshape(1, 5))
        outer.write(f"R_{name}", cv2.Rodrigues(one.R)[0])
        outer.write(f"Rot_{name}", one.R)
        outer.write(f"T_{name}", one.t.reshape(3, 1))
    inner.release()
    outer.release()
    for frame in ("000000", "000001", "000010"):
        photos(scene, "images/{camera}/{frame}.jpg", cameras, frame=frame)
        mattes(scene, "mask/{camera}/{frame}.png", cameras, frame=frame)
        write_mesh(scene / "meshes" / f"{frame}.ply", VERTICES, FACES)
    write_landmarks(tmp_path / "marks.json", cameras, VERTICES, "mesh")
    frames = ("000000", "000001", "000010")
    check(run, "scene", "--landmarks", "marks.json", cameras=cameras, frames=frames)


@pytest.mark.parametrize("has_world", [True, False])
def test_a_bop_scene(run: Run, tmp_path: Path, has_world: bool) -> None:
    """The model lies in mm beside the splits; its pose is scene_gt's."""
    model_from_world = np.vstack([np.column_stack([PINHOLES[1].R, [0.02, -0.1, 0.3]]), [0.0, 0.0, 0.0, 1.0]])
    model = VERTICES @ model_from_world[:3, :3].T + model_from_world[:3, 3]
    write_mesh(tmp_path / "set" / "models" / "obj_000004.ply", 1000.0 * model, FACES)
    scene = tmp_path / "set" / "test" / "000001"
    stated, truth = {}, {}
    cameras = {str(index * 7): one for index, one in enumerate(PINHOLES)}
    for name, one in cameras.items():
        pose = one.matrix @ np.linalg.inv(model_from_world)
        world = {"cam_R_w2c": one.R.ravel().tolist(), "cam_t_w2c": (1000.0 * one.t).tolist()} if has_world else {}
        stated[name] = {"cam_K": one.K.ravel().tolist(), "depth_scale": 1.0, **world}
        instance = {"cam_R_m2c": pose[:3, :3].ravel().tolist(), "cam_t_m2c": (1000.0 * pose[:3, 3]).tolist()}
        truth[name] = [{**instance, "obj_id": 4}]
        write_photo(scene / "rgb" / f"{int(name):06d}.png")
        write_picture(scene / "mask_visib" / f"{int(name):06d}_000000.png", silhouette(one, VERTICES, FACES))
    (scene / "scene_camera.json").write_text(json.dumps(stated))
    (scene / "scene_gt.json").write_text(json.dumps(truth))
    check(run, "set/test/000001", cameras=cameras)


def test_an_opensfm_project(run: Run, tmp_path: Path) -> None:
    cameras = {f"IMG_{index}": one for index, one in enumerate(CAMERAS)}
    models, shots = {}, {}
    for name, one in cameras.items():
        scale = max(SIZE)
        models[name] = {
            "projection_type": "brown", "width": SIZE[0], "height": SIZE[1],
            "focal_x": one.K[0, 0] / scale, "focal_y": one.K[1, 1] / scale,
            "c_x": (one.K[0, 2] - 79.5) / scale, "c_y": (one.K[1, 2] - 59.5) / scale,
            **dict(zip(("k1", "k2", "p1", "p2", "k3"), one.coefficients.tolist(), strict=True)),
        }  # fmt: skip
        rotation = cv2.Rodrigues(one.R)[0].ravel().tolist()
        shots[f"{name}.JPG"] = {"rotation": rotation, "translation": one.t.tolist(), "camera": name}
    scene = tmp_path / "scene"
    photos(scene, "images/{camera}.JPG", cameras)
    mattes(scene, "masks/{camera}.JPG.png", cameras)
    (scene / "reconstruction.json").write_text(json.dumps([{"cameras": models, "shots": shots, "points": {}}]))
    write_mesh(scene / "mesh.obj.ply", VERTICES, FACES)
    write_landmarks(tmp_path / "marks.json", cameras, VERTICES, "mesh.obj")
    check(run, "scene", "--mesh", "scene/mesh.obj.ply", "--landmarks", "marks.json", cameras=cameras)


def krt(cameras: Mapping[str, OracleCamera]) -> str:
    def rows(matrix: Floats) -> str:
        return "\n".join(" ".join(map(repr, row)) for row in matrix.tolist())

    return "\n".join(
        f"{name}\n{rows(one.K)}\n{rows(one.coefficients[None])}\n{rows(one.matrix[:3])}\n"
        for name, one in cameras.items()
    )


def own_rig(folder: Path, cameras: Mapping[str, OracleCamera]) -> None:
    """Cameras called 0, 1, 2 in a KRT file; files under other names in places that nobody guesses."""
    (folder / "calib").mkdir(parents=True)
    (folder / "calib" / "rig.krt").write_text(krt(cameras))
    labels = {name: f"view-{name}" for name in cameras}
    (folder / "map.csv").write_text("# camera, name in files\n" + "".join(f"{k}, {v}\n" for k, v in labels.items()))
    for frame in ("f1", "f2"):
        for name, one in cameras.items():
            write_photo(folder / "shots" / frame / f"{labels[name]}.jpg")
            write_picture(folder / "fg" / frame / f"{labels[name]}_alpha.png", silhouette(one, VERTICES, FACES))
        write_mesh(folder / "scans" / f"{frame}.ply", VERTICES, FACES)
    write_photo(folder / "shots" / "f1" / "stray.jpg")
    write_landmarks(folder / "marks.json", cameras, VERTICES, "mesh")


OWN = (
    *("--rig", "calib/rig.krt", "--images", "shots/{frame}/{camera}.jpg", "--masks", "fg/{frame}/{camera}_*.png"),
    *("--mesh", "scans/{frame}.ply", "--landmarks", "marks.json", "--camera-names", "map.csv"),
)


def test_a_rig_with_patterns(run: Run, tmp_path: Path) -> None:
    cameras = {str(index): one for index, one in enumerate(CAMERAS)}
    own_rig(tmp_path, cameras)
    check(run, *OWN, cameras=cameras, frames=("f1", "f2"))
    for command in (("overlay", "--renderer", "cpu"), ("inspect", "--no-checks")):
        assert run(*command, *OWN).code == 0
    rig = [*OWN[:4], *OWN[6:8], *OWN[10:]]
    assert run("render", *rig, "--out", "renders", "--renderer", "cpu").code == 0


def test_init_writes_what_the_commands_need(run: Run, tmp_path: Path) -> None:
    cameras = {str(index): one for index, one in enumerate(CAMERAS)}
    own_rig(tmp_path / "scene", cameras)
    given = (*OWN[:8], "--camera-names", "scene/map.csv")
    seen = json.loads(run("init", "scene", *given, "--dry-run", "--json").out)
    assert not Path("scene/capture.toml").exists()
    assert (seen["cameras"], seen["frames"], seen["images"], seen["masks"], seen["meshes"]) == (3, 2, 6, 6, 2)
    assert seen["images_without_camera"] == ["shots/f1/stray.jpg"]
    result = run("init", "scene", *given)
    assert "3 cameras, 2 frames, 6 pictures, 6 mattes, 2 meshes, 1 picture without a camera" in result.out
    for capture in ("scene", "scene/capture.toml"):
        check(run, capture, "--landmarks", "scene/marks.json", cameras=cameras, frames=("f1", "f2"))
    assert run("init", "scene", *given).code == 2
    assert run("init", "scene", *given, "--overwrite").code == 0
    # Without a word: the cameras are found in calib/, but these pictures are where nobody would look.
    nothing = run("init", "scene", "--overwrite")
    assert nothing.code == 2
    assert "recognised as KRT text" in nothing.err
    assert "--images" in nothing.err


def test_refusals_name_the_way_in(run: Run, tmp_path: Path) -> None:
    cameras = {str(index): one for index, one in enumerate(CAMERAS)}
    (tmp_path / "KRT").write_text(krt(cameras))
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        (("KRT",), ("recognised as KRT text", "3 cameras", "--images", "init", "capture.toml")),
        (("empty",), ("neither a capture nor a camera format that renderkit knows", "--rig", "capture.toml", "init")),
        ((), ("--rig",)),
        (("KRT", "--images", "{camera}.jpg"), ("matches no file",)),
        (("KRT", "--images", "{view}.jpg"), ("{camera}, {frame} or *",)),
    ):
        result = run("validate", *arguments)
        assert result.code == 2
        for word in words:
            assert word in result.err
