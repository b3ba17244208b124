"""The unlit colour of a rendered mesh: its texture or its colours, as the photograph is compared with."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import ColorImage
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.surface_color import surface_colors
from renderkit.renderers.base import Rendering


def base_color(mesh: Mesh, rendering: Rendering) -> ColorImage:
    """Return the unlit colour of a rendering, as `surface_colors` says.

    Args:
        mesh: With a texture or colours.
        rendering: With barycentric weights.

    Returns:
        (height, width, 3) RGB; zeros on the background.

    Raises:
        ValueError: If the mesh has neither, or the rendering has no weights.
    """
    if rendering.barycentric is None or not mesh.has_color:
        raise ValueError("expected barycentric weights, and a mesh with a texture or colours")
    mask = rendering.mask
    weights = rendering.barycentric[mask].astype(np.float64)
    picture = np.zeros((*mask.shape, 3), np.uint8)
    picture[mask] = np.rint(255.0 * surface_colors(mesh, rendering.face_index[mask], weights))
    return picture
