"""A rig and its meshes as one .glb file, for Blender and every other viewer of glTF 2.0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
import trimesh.path.entities

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import GL_FROM_CV
from renderkit.geometry.frustum import frustum_corners, viewing_distance
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig
from renderkit.writing import write_bytes

_FRUSTUM_SHARE = 0.1
_NEAR = 0.01
_MAX_REACH = 1e15
"""Squares of larger coordinates leave single precision in the programs that read the file."""


def write_gltf(rig: Rig, meshes: Mapping[str, Mesh], path: Path) -> None:
    """Write cameras and meshes in the world's own coordinates.

    Each camera is a node with its frustum as lines and, below it, a glTF perspective camera. glTF's camera has neither
    principal point, skew nor distortion: the frustum's lines show the true corners (without distortion), the camera
    only the fields of view. Meshes without faces become points.

    Args:
        rig: The cameras.
        meshes: By name.
        path: Ends in .glb.

    Raises:
        DatasetError: If there is nothing to write, or it cannot be written.
    """
    if path.suffix.lower() != ".glb":
        raise DatasetError(path, None, "expected a name that ends in .glb")
    if not len(rig) and not meshes:
        raise DatasetError(path, None, "no camera and no mesh to write")
    _check_reach(rig, meshes, path)
    scene = trimesh.Scene()
    for name, mesh in meshes.items():
        shape = mesh.to_trimesh() if len(mesh.faces) else trimesh.PointCloud(mesh.vertices)
        scene.add_geometry(shape, node_name=f"mesh {name}", geom_name=f"mesh {name}")
    length = _FRUSTUM_SHARE * viewing_distance(rig, [mesh.vertices for mesh in meshes.values()])
    nodes = {f"camera {camera.name}": camera for camera in rig}
    for node, camera in nodes.items():
        # A node's own axes are OpenGL's: a glTF camera looks along -z.
        world_from_gl = (camera.cam_from_world.inverse() @ GL_FROM_CV.inverse()).matrix
        scene.add_geometry(_frustum(camera, length), node_name=node, geom_name=node, transform=world_from_gl)
    data = scene.export(file_type="glb", tree_postprocessor=lambda tree: _add_cameras(tree, nodes))
    write_bytes(path, data)


def _check_reach(rig: Rig, meshes: Mapping[str, Mesh], path: Path) -> None:
    """Refuse what single precision, in which glTF holds coordinates, does not reach."""
    reach = {f"mesh {name}": mesh.vertices for name, mesh in meshes.items() if len(mesh.vertices)}
    reach |= {f"camera {camera.name}": camera.center_world for camera in rig}
    for name, points in reach.items():
        farthest = float(np.abs(points).max())
        if not farthest <= _MAX_REACH:
            raise DatasetError(
                path, None, f"{name} has coordinates up to {farthest:.3g}; expected at most {_MAX_REACH:g}: glTF holds "
                "them in single precision",
            )  # fmt: skip


def _frustum(camera: Camera, length: float) -> trimesh.path.Path3D:
    corners = GL_FROM_CV.apply(frustum_corners(camera, length))
    line = trimesh.path.entities.Line
    outline = [line(np.array([1, 2, 3, 4, 1])), *(line(np.array([0, corner])) for corner in (1, 2, 3, 4))]
    # Processing would merge strokes and needs packages that nothing else here needs.
    return trimesh.path.Path3D(outline, np.vstack([np.zeros(3), corners]), process=False)


def _add_cameras(tree: dict[str, Any], nodes: Mapping[str, Camera]) -> None:
    """Hang a glTF camera below each camera's node; the node itself shows the frustum."""
    cameras: list[dict[str, Any]] = []
    for node in list(tree["nodes"]):
        camera = nodes.get(node.get("name", ""))
        if camera is None:
            continue
        node.setdefault("children", []).append(len(tree["nodes"]))
        tree["nodes"].append({"name": f"lens {camera.name}", "camera": len(cameras)})
        cameras.append({"name": camera.name, "type": "perspective", "perspective": _perspective(camera)})
    if cameras:
        tree["cameras"] = cameras


def _perspective(camera: Camera) -> dict[str, float]:
    fx, fy = float(camera.K[0, 0]), float(camera.K[1, 1])
    return {
        "yfov": 2.0 * math.atan(camera.height / (2.0 * fy)),
        "aspectRatio": (camera.width / fx) / (camera.height / fy),
        "znear": _NEAR,
    }
