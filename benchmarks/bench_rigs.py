"""How long camera files of many cameras take to read: CPU time of `read_rig` for each format.

    python benchmarks/bench_rigs.py --cameras 10000
    python benchmarks/bench_rigs.py --formats kalibr,neus --rounds 5

Formats that renderkit writes are written by it; of the others a plain file is generated here. Every camera has its own
K, lens and pose, where the format can state them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from renderkit.formats import InexpressibleError, formats, read_rig, write_rig
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import NoDistortion
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

SIZE = (1920, 1080)
_FOLDERS = {"colmap", "colmap-bin", "opencv", "mvsnet"}
_SUFFIXES = {"renderme360": ".smc", "middlebury": "_par.txt", "metashape": ".xml", "actorshq": ".csv"}


def ring(count: int) -> Rig:
    """Return cameras on a ring, all different."""
    rng = np.random.default_rng(0)
    cameras = {}
    for index in range(count):
        angle = 2.0 * np.pi * index / count
        eye = (3.0 * np.sin(angle), rng.uniform(-0.5, 0.5), 3.0 * np.cos(angle))
        fx, fy = rng.uniform(1400.0, 1600.0, 2)
        K = np.array([[fx, 0.0, rng.uniform(940.0, 980.0)], [0.0, fy, rng.uniform(520.0, 560.0)], [0.0, 0.0, 1.0]])
        lens = BrownConrady(rng.uniform(-0.01, 0.01, 4))
        pose = Pose.look_at(eye, (0.0, 0.0, 0.0))
        name = f"{index:05d}"
        cameras[name] = Camera(K, *SIZE, distortion=lens, cam_from_world=pose, name=name)
    return Rig(cameras, "m")


def _variants(rig: Rig) -> list[Rig]:
    """Return the rig, and what is left of it for formats that state less: no lens, square pixels, one shared K."""
    first = next(iter(rig))
    pinholes = {name: replace(camera, distortion=NoDistortion()) for name, camera in rig.cameras.items()}
    shared_lens = {name: replace(c, K=first.K, distortion=first.distortion) for name, c in rig.cameras.items()}
    K = np.array([[1500.0, 0.0, 959.5], [0.0, 1500.0, 539.5], [0.0, 0.0, 1.0]])
    plainest = {name: replace(camera, K=K) for name, camera in pinholes.items()}
    return [rig, *(Rig(one, "m") for one in (shared_lens, pinholes, plainest))]


def write_known(rig: Rig, folder: Path, name: str) -> Path:
    """Write a rig in a format of renderkit, as much of it as the format can state."""
    path = folder / ("rig" if name in _FOLDERS else f"rig{_SUFFIXES.get(name, '.json')}")
    for one in _variants(rig):
        try:
            write_rig(one, path, format=name)
        except InexpressibleError:
            continue
        return path
    raise AssertionError(f"{name} can state no variant of the rig")


def _pose(camera: Camera) -> np.ndarray[Any, np.dtype[np.float64]]:
    return camera.cam_from_world.matrix


def _plain(camera: Camera) -> dict[str, Any]:
    pose = _pose(camera)
    lens = camera.distortion.coefficients.tolist()
    return {"K": camera.K.tolist(), "R": pose[:3, :3].tolist(), "t": pose[:3, 3].tolist(), "dist": lens,
            "width": SIZE[0], "height": SIZE[1]}  # fmt: skip


def _json(build: Callable[[Rig], object]) -> Callable[[Rig, Path], Path]:
    def write(rig: Rig, folder: Path) -> Path:
        path = folder / "cameras.json"
        path.write_text(json.dumps(build(rig)))
        return path

    return write


def _splats(rig: Rig) -> object:
    inverse = [camera.cam_from_world.inverse() for camera in rig]
    return [
        {"id": index, "img_name": name, "width": SIZE[0], "height": SIZE[1], "position": pose.t.tolist(),
         "rotation": pose.R.tolist(), "fx": camera.K[0, 0], "fy": camera.K[1, 1]}
        for index, ((name, camera), pose) in enumerate(zip(rig.cameras.items(), inverse, strict=True))
    ]  # fmt: skip


def _panoptic(rig: Rig) -> object:
    entries = [
        {"name": name, "resolution": SIZE, "K": one["K"], "R": one["R"], "distCoef": [*one["dist"], 0.0],
         "t": [[value] for value in one["t"]]}
        for name, one in ((name, _plain(camera)) for name, camera in rig.cameras.items())
    ]  # fmt: skip
    return {"calibDataSource": "x", "cameras": entries}


def _sdfstudio(rig: Rig) -> object:
    frames = [
        {"rgb_path": f"{name}.png", "camtoworld": camera.cam_from_world.inverse().matrix.tolist(),
         "intrinsics": np.pad(camera.K, ((0, 1), (0, 1))).tolist()}
        for name, camera in rig.cameras.items()
    ]  # fmt: skip
    return {"camera_model": "OPENCV", "width": SIZE[0], "height": SIZE[1], "worldtogt": np.eye(4).tolist(),
            "frames": frames}  # fmt: skip


def _meshroom(rig: Rig) -> object:
    views = [{"viewId": name, "poseId": name, "intrinsicId": name, "path": f"{name}.jpg"} for name in rig.cameras]
    width, height = str(SIZE[0]), str(SIZE[1])
    lenses = [
        {"intrinsicId": name, "width": width, "height": height, "type": "radial3", "sensorWidth": "36",
         "focalLength": str(36.0 * camera.K[0, 0] / SIZE[0]), "principalPoint": ["0.1", "0.2"],
         "distortionParams": [str(value) for value in (*camera.distortion.coefficients[:2], 0.0)]}
        for name, camera in rig.cameras.items()
    ]  # fmt: skip
    poses = [
        {"poseId": name, "pose": {"transform": {
            "rotation": [str(value) for value in camera.cam_from_world.R.T.ravel()],
            "center": [str(value) for value in camera.center_world]}}}
        for name, camera in rig.cameras.items()
    ]  # fmt: skip
    return {"version": ["1", "2", "9"], "views": views, "intrinsics": lenses, "poses": poses}


def _bundler(rig: Rig, folder: Path) -> Path:
    rows = ["# Bundle file v0.3", f"{len(rig)} 0"]
    for camera in rig:
        pose = np.diag([1.0, -1.0, -1.0]) @ _pose(camera)[:3]
        rows.append(f"{camera.K[0, 0]} -0.01 0.001")
        rows += [" ".join(map(str, row)) for row in (*pose[:, :3], pose[:, 3])]
    (folder / "bundle.out").write_text("\n".join(rows) + "\n")
    # A picture of the right size beside the file; bundle.out states none.
    cv2.imwrite(str(folder / "picture.png"), np.zeros((SIZE[1], SIZE[0]), np.uint8))
    return folder / "bundle.out"


def _dna_rendering(rig: Rig, folder: Path) -> Path:
    with h5py.File(folder / "rig.smc", "w") as file:
        for index, camera in enumerate(rig):
            group = file.create_group(f"Camera_Parameter/{index}")
            group["K"], group["RT"] = camera.K, camera.cam_from_world.inverse().matrix
            group["D"] = np.append(camera.distortion.coefficients, 0.0)
    return folder / "rig.smc"


def _llff(rig: Rig, folder: Path) -> Path:
    rows = []
    for camera in rig:
        inverse = camera.cam_from_world.inverse()
        right, down, forward = inverse.R.T
        table = np.column_stack([down, right, -forward, inverse.t, [SIZE[1], SIZE[0], camera.K[0, 0]]])
        rows.append([*table.ravel(), 1.0, 5.0])
    np.save(folder / "poses_bounds.npy", np.array(rows))
    return folder / "poses_bounds.npy"


def _open3d(rig: Rig) -> object:
    views = [
        {"class_name": "PinholeCameraParameters", "extrinsic": _pose(camera).T.ravel().tolist(),
         "intrinsic": {"width": SIZE[0], "height": SIZE[1], "intrinsic_matrix": camera.K.T.ravel().tolist()}}
        for camera in rig
    ]  # fmt: skip
    return {"class_name": "PinholeCameraTrajectory", "parameters": views}


def _openmvg(rig: Rig) -> object:
    lenses = [
        {"polymorphic_id": 2147483649 if index == 0 else 1, "polymorphic_name": "pinhole_brown_t2",
         "ptr_wrapper": {"id": 1, "data": {
             "width": SIZE[0], "height": SIZE[1], "focal_length": camera.K[0, 0],
             "principal_point": camera.K[:2, 2].tolist(),
             "disto_t2": [*camera.distortion.coefficients[:2], 0.0, *camera.distortion.coefficients[2:4]]}}}
        for index, camera in enumerate(rig)
    ]  # fmt: skip
    views = [
        {"polymorphic_id": 1073741824, "ptr_wrapper": {"id": 1, "data": {
            "filename": f"{name}.JPG", "id_intrinsic": index, "id_pose": index}}}
        for index, name in enumerate(rig.cameras)
    ]  # fmt: skip
    poses = [{"rotation": camera.cam_from_world.R.tolist(), "center": camera.center_world.tolist()} for camera in rig]
    lists: dict[str, list[Any]] = {"views": views, "intrinsics": lenses, "extrinsics": poses}
    keyed = {name: [{"key": key, "value": one} for key, one in enumerate(some)] for name, some in lists.items()}
    return {"sfm_data_version": "0.3", **keyed}


def _nerfies(rig: Rig, folder: Path) -> Path:
    (folder / "camera").mkdir()
    for name, camera in rig.cameras.items():
        k1, k2, p1, p2 = camera.distortion.coefficients.tolist()
        entry = {
            "orientation": camera.cam_from_world.R.tolist(), "position": camera.center_world.tolist(),
            "focal_length": camera.K[0, 0], "pixel_aspect_ratio": camera.K[1, 1] / camera.K[0, 0], "skew": 0.0,
            "principal_point": (camera.K[:2, 2] + 0.5).tolist(), "radial_distortion": [k1, k2, 0.0],
            "tangential_distortion": [p1, p2], "image_size": SIZE,
        }  # fmt: skip
        (folder / "camera" / f"{name}.json").write_text(json.dumps(entry))
    return folder / "camera"


def _skeletool(rig: Rig, folder: Path) -> Path:
    rows = ["Skeletool Camera Calibration File V1.0"]
    for name, camera in rig.cameras.items():
        K = np.eye(4)
        K[:3, :3] = camera.K
        rows += [
            f"name          {name}",
            "  sensor      10 10",
            f"  size        {SIZE[0]} {SIZE[1]}",
            "  animated    0",
        ]
        matrices = (("intrinsic", K), ("extrinsic", _pose(camera)))
        rows += [f"  {word}   {' '.join(map(repr, matrix.ravel().tolist()))}" for word, matrix in matrices]
        rows.append("  radial      0")
    path = folder / "camera.calibration"
    path.write_text("\n".join(rows) + "\n")
    return path


GENERATED: dict[str, Callable[[Rig, Path], Path]] = {
    "plain": _json(lambda rig: [_plain(camera) for camera in rig]),
    "projection-matrices": _json(
        lambda rig: {name: (camera.K @ _pose(camera)[:3]).tolist() for name, camera in rig.cameras.items()}
    ),
    "dictionary": _json(
        lambda rig: {
            name: {"K": one["K"], "D": [*one["dist"], 0.0], "RT": camera.cam_from_world.inverse().matrix.tolist()}
            for name, camera, one in ((name, camera, _plain(camera)) for name, camera in rig.cameras.items())
        }
    ),
    "3dgs": _json(_splats),
    "panoptic": _json(_panoptic),
    "sdfstudio": _json(_sdfstudio),
    "meshroom": _json(_meshroom),
    "bundler": _bundler,
    "dna-rendering": _dna_rendering,
    "llff": _llff,
    "open3d": _json(_open3d),
    "openmvg": _json(_openmvg),
    "nerfies": _nerfies,
    "skeletool": _skeletool,
}


def measure(path: Path, name: str, rounds: int) -> float:
    """Return the shortest CPU time in s of reading the cameras, detection included."""
    best = np.inf
    for _ in range(rounds):
        start = time.process_time()
        read_rig(path, size=None if name not in {"bundler"} else SIZE)
        best = min(best, time.process_time() - start)
    return float(best)


def main() -> None:
    """Print a table: format, cameras, size of the file, CPU time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", default="")
    options = parser.parse_args()
    rig = ring(options.cameras)
    written = [one.name for one in formats().values() if one.write is not None]
    chosen = options.formats.split(",") if options.formats else [*written, *GENERATED]
    sys.stdout.write(f"| {options.cameras} cameras | MB | s of CPU |\n|---|---:|---:|\n")
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            path = GENERATED[name](rig, place) if name in GENERATED else write_known(rig, place, name)
            files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
            size = sum(file.stat().st_size for file in files) / 1e6
            sys.stdout.write(f"| `{name}` | {size:.1f} | {measure(path, name, options.rounds):.2f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
