"""Morph targets and skins of glTF 2.0 meshes, in the pose that the nodes of the file have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.errors import DatasetError
from renderkit.geometry.mesh_files.gltf_document import GltfDocument
from renderkit.wording import counted

ReadAttribute: TypeAlias = Callable[[Any, tuple[int, ...], int | None], FloatArray]
"""(index of an accessor, widths that it may have, its count) to its values."""


def morphed(
    points: Points3, name: str, targets: Sequence[Any], weights: Sequence[float], read: ReadAttribute
) -> Points3:
    """Return (V, 3) positions or normals with the weighted targets added."""
    result = points
    for target, weight in zip(targets, weights, strict=False):
        if weight and isinstance(target, dict) and name in target:
            result = result + weight * read(target[name], (3,), len(points))
    return result


class Skins:
    """The skins of a document.

    Attributes:
        document: The asset.
        worlds: (4, 4) world_from_node of the scene's nodes, by number.
    """

    def __init__(self, document: GltfDocument, worlds: Mapping[int, FloatArray]) -> None:
        self.document, self.worlds = document, worlds

    def transforms(
        self,
        skin: Any,  # noqa: ANN401 - JSON
        attributes: Mapping[str, Any],
        count: int,
        read: ReadAttribute,
    ) -> FloatArray | None:
        """Return (V, 4, 4) world_from_mesh of every vertex; None where the scene has not all joints, or no weights.

        The transform of the node that has the mesh does not count (glTF 2.0, 3.7.3.3).

        Raises:
            DatasetError: If the skin is malformed.
        """
        document = self.document
        entry = document.item("skins", skin)
        joints = document.member(entry, "joints", list)
        if not joints or any(not isinstance(joint, int) or joint not in self.worlds for joint in joints):
            return None
        bones = np.stack([self.worlds[joint] for joint in joints])
        if "inverseBindMatrices" in entry:
            inverse = document.accessor(entry["inverseBindMatrices"], matrices=True)
            if len(inverse) < len(joints):
                raise DatasetError(
                    document.path, "inverseBindMatrices", f"{len(inverse)} of {counted(len(joints), 'joint')}"
                )
            bones = bones @ inverse[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
        sets = [number for number in range(4) if f"JOINTS_{number}" in attributes and f"WEIGHTS_{number}" in attributes]
        if not sets:
            return None
        index = np.concatenate([read(attributes[f"JOINTS_{number}"], (4,), count) for number in sets], axis=1)
        weight = np.concatenate([read(attributes[f"WEIGHTS_{number}"], (4,), count) for number in sets], axis=1)
        where = np.where(weight > 0.0, index, 0.0).astype(np.int64)
        if where.size and (where.min() < 0 or where.max() >= len(joints)):
            raise DatasetError(document.path, "JOINTS_0", f"joint {where.max()} of {counted(len(joints), 'joint')}")
        # Vertices whose weights sum to nothing go with the first joint.
        total = weight.sum(axis=1, keepdims=True)
        weight = np.where(total > 0.0, weight / np.where(total > 0.0, total, 1.0), np.eye(1, weight.shape[1]))
        result = np.zeros((count, 4, 4))
        for column in range(where.shape[1]):
            result += weight[:, column, None, None] * bones[where[:, column]]
        return result
