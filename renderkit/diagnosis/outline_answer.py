"""Outlines of mesh and mattes in the answer for the rig: whether they agree, as stated or once the mesh is moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from renderkit.diagnosis.joint.mesh_fault import MeshFault
from renderkit.diagnosis.readings.absolute import CLOSE_OUTLINE
from renderkit.diagnosis.readings.agreement import Agreement
from renderkit.results.diagnosis import Diagnosis, OutlineFit

EXPLAINS: Final = 4.0
"""Moving the mesh explains why a rig does not fit where it brings outlines nearer by so many times."""


def with_mesh(whole: Diagnosis, mesh: MeshFault, outlines: OutlineFit | None) -> Diagnosis:
    """Return the answer for the rig with a mesh that is off.

    By mattes alone a rig does not fit whose outlines lie clearly apart as stated, and together once the mesh is moved.

    Args:
        whole: The answer without it, of a rig that is not found to be misread.
        mesh: How the mesh is off.
        outlines: How far outlines lie apart.
    """
    is_far = outlines is not None and outlines.stated_px > max(
        CLOSE_OUTLINE * outlines.radius_px, EXPLAINS * outlines.left_px, outlines.limit_px
    )
    if outlines is None or not (is_far and outlines.is_close_once_moved and whole.by_mattes_alone) or whole.common:
        return replace(whole, others=(*whole.others, mesh.sentence))
    sentence = (
        f"the rig as a whole does not fit as stated: the outlines of mesh and mattes lie {outlines.words} apart, and "
        f"{outlines.left_px:.2f} px once the mesh is moved: {mesh.sentence}"
    )
    return replace(whole, verdict="does not fit", sentence=sentence)


def outlines_of_few(found: Agreement) -> OutlineFit | None:
    """Return how far outlines lie apart by their tangents, where few cameras allow no more; None without mattes."""
    apart, share = found.median_outline_px, found.median_outline_share
    return OutlineFit(apart, apart, apart / share, 1.0) if share > 0.0 else None
