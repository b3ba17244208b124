"""The files of a kit: kit.json, vectors.csv, vectors.npz."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.pose import Pose
from renderkit.testkit.vectors import PLACES, CameraVectors, Kit
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    number,
    numbers,
)
from renderkit.writing import make_folder, write_arrays, write_json, write_text

FILE_NAME: Final = "kit.json"
FORMAT: Final = "renderkit.testkit/1"
CONVENTIONS: Final = {
    "pixels": "(u, v); (0, 0) is the centre of the top-left pixel; u to the right, v down (OpenCV)",
    "camera axes": "x right, y down, z forward (OpenCV)",
    "extrinsics": "x_cam = R x_world + t",
    "distortion": "OpenCV's order: k1 k2 p1 p2 k3 ..., or k1 k2 k3 k4 of the fisheye model",
    "null": "the point has no projection: it lies behind the camera or beyond the lens's valid radius",
}


def write_kit(kit: Kit, folder: Path) -> tuple[Path, ...]:
    """Write a kit as JSON, CSV and npz.

    Returns:
        The files.

    Raises:
        DatasetError: If a file cannot be written.
    """
    make_folder(folder)
    paths = tuple(folder / name for name in (FILE_NAME, "vectors.csv", "vectors.npz"))
    write_json(paths[0], _as_json(kit), indent=1)
    write_text(paths[1], _as_csv(kit))
    _write_npz(kit, paths[2])
    return paths


def read_kit(path: Path) -> Kit:
    """Read kit.json, given the file or its folder.

    Raises:
        DatasetError: If it is missing or is not a kit.
    """
    file = path / FILE_NAME if path.is_dir() else path
    top = mapping_at(Content(file).json, file, None)
    if top.get("format") != FORMAT:
        raise DatasetError(file, "format", f"expected {FORMAT!r}, found {top.get('format')!r}")
    cameras = mapping_at(field(top, "cameras", file), file, "cameras")
    unit = str(top.get("unit", "unknown"))
    return Kit({name: _vectors_from(name, value, file) for name, value in cameras.items()}, unit)


def _as_json(kit: Kit) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "conventions": CONVENTIONS,
        "unit": kit.unit,
        "cameras": {name: _camera_json(vectors) for name, vectors in kit.cameras.items()},
    }


def _camera_json(vectors: CameraVectors) -> dict[str, Any]:
    camera = vectors.camera
    return {
        "width": camera.width,
        "height": camera.height,
        "K": camera.K.tolist(),
        "model": camera.distortion.model,
        "distortion": camera.distortion.coefficients.tolist(),
        "R": camera.cam_from_world.R.tolist(),
        "t": camera.cam_from_world.t.tolist(),
        "places": [PLACES[index] for index in vectors.places],
        "points_world": vectors.points_world.tolist(),
        "pixels": [None if np.isnan(pixel).any() else pixel.tolist() for pixel in vectors.pixels],
    }


def _vectors_from(name: str, value: Untrusted, path: Path) -> CameraVectors:
    entry = mapping_at(value, path, name)
    where = f"cameras/{name}/"

    def array(key: str, *shape: int | None) -> Any:  # noqa: ANN401 - NumPy's shape types say nothing here
        return numbers(field(entry, key, path, where), [shape], path, f"{where}{key}")

    points = array("points_world", None, 3)
    listed = list_at(field(entry, "pixels", path, where), path, f"{where}pixels")
    pixels = numbers([(np.nan, np.nan) if one is None else one for one in listed], [(len(points), 2)], path, where)
    places = list_at(field(entry, "places", path, where), path, f"{where}places")
    coefficients = array("distortion", None)
    try:
        fisheye = entry.get("model") == "kannala_brandt"
        lens = KannalaBrandt(coefficients) if fisheye else make_distortion(coefficients)
        width, height = (int(number(field(entry, key, path, where), path, where + key)) for key in ("width", "height"))
        camera = Camera(array("K", 3, 3), width, height, lens, Pose(array("R", 3, 3), array("t", 3)), name)
        return CameraVectors(camera, points, pixels, np.array([PLACES.index(place) for place in places], np.int64))
    except ValueError as error:
        raise DatasetError(path, where.rstrip("/"), str(error)) from error


def _as_csv(kit: Kit) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["camera", "place", "x_world", "y_world", "z_world", "u_px", "v_px"])
    for name, vectors in kit.cameras.items():
        for place, point, pixel in zip(vectors.places, vectors.points_world, vectors.pixels, strict=True):
            seen = ["", ""] if np.isnan(pixel).any() else [repr(float(value)) for value in pixel]
            writer.writerow([name, PLACES[place], *(repr(float(value)) for value in point), *seen])
    return out.getvalue()


def _write_npz(kit: Kit, path: Path) -> None:
    arrays = {
        f"{index}/{key}": getattr(vectors, key)
        for index, vectors in enumerate(kit.cameras.values())
        for key in ("points_world", "pixels", "places")
    }
    arrays["names"] = np.array(list(kit.cameras))
    arrays["conventions"] = np.array(json.dumps(CONVENTIONS))
    write_arrays(path, arrays)
