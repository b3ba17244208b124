"""A run as a Rerun capture: cameras, pictures, masks, meshes, landmarks and residuals on one time line."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cv2
import numpy as np

from renderkit.arrays import ColorImage, MaskImage, Pixels, Points3
from renderkit.errors import DatasetError, MissingExtraError
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.undistort import undistort_image
from renderkit.images.palette import CAPTURED, ERROR, PREDICTED, Rgb
from renderkit.writing import new_file

TIMELINE: Final = "frame"
_JPEG_QUALITY = 85
_PIXEL_CORNER = 0.5
"""Rerun's image origin is the top-left pixel's corner; ours is its centre."""


class RerunFile:
    """An .rrd file that is written to; a context manager.

    Rerun's pinhole knows no distortion, so pictures, masks and points are logged as the camera would see them without:
    what is projected in the viewer then lies where it belongs.
    """

    def __init__(self, path: Path, application: str = "renderkit", recording_id: str | None = None) -> None:
        """Open the file.

        Args:
            path: The file to write.
            application: Name in the viewer.
            recording_id: Identity of the capture; random when None.

        Raises:
            MissingExtraError: If rerun-sdk is not installed.
            DatasetError: If the file cannot be written.
        """
        try:
            import rerun  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtraError("rerun-sdk", "rerun") from error
        self._rr: Any = rerun
        with ExitStack() as stack:
            temporary = stack.enter_context(new_file(path))
            self._stream = rerun.RecordingStream(application, recording_id=recording_id)
            try:
                self._stream.save(temporary)
            except RuntimeError as error:
                raise DatasetError(path, None, f"cannot be written: {error}") from error
            stack.callback(self._finish)
            self._file = stack.pop_all()

    def set_frame(self, index: int) -> None:
        """Say which frame everything after is of."""
        self._stream.set_time(TIMELINE, sequence=index)

    def add_camera(self, camera: Camera) -> None:
        """Log a camera: its pose, and its pinhole without distortion."""
        pose = camera.cam_from_world.inverse()
        entity = self._camera(camera)
        self._stream.log(entity, self._rr.Transform3D(translation=pose.t, mat3x3=pose.R), static=True)
        matrix = camera.K + np.array([[0, 0, _PIXEL_CORNER], [0, 0, _PIXEL_CORNER], [0, 0, 0]])
        pinhole = self._rr.Pinhole(
            image_from_camera=matrix, resolution=camera.size, camera_xyz=self._rr.ViewCoordinates.RDF
        )
        self._stream.log(f"{entity}/picture", pinhole, static=True)

    def add_mesh(self, name: str, mesh: Mesh) -> None:
        """Log a mesh, or its vertices when it has no faces."""
        entity = f"world/meshes/{self._part(name)}"
        if len(mesh.faces):
            shape = self._rr.Mesh3D(
                vertex_positions=mesh.vertices, triangle_indices=mesh.faces, vertex_normals=mesh.vertex_normals
            )
        else:
            shape = self._rr.Points3D(mesh.vertices)
        self._stream.log(entity, shape)

    def add_landmarks(self, points_world: Points3) -> None:
        """Log 3D landmarks; NaN rows are left out."""
        known = points_world[np.isfinite(points_world).all(axis=1)]
        self._stream.log("world/landmarks", self._rr.Points3D(known, colors=[PREDICTED]))

    def add_photo(self, camera: Camera, photo: ColorImage) -> None:
        """Log a photograph, undistorted."""
        picture = cv2.cvtColor(undistort_image(photo, camera, cv2.INTER_LINEAR), cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        encoded = self._rr.EncodedImage(contents=data.tobytes(), media_type="image/jpeg")
        self._stream.log(f"{self._camera(camera)}/picture/photo", encoded)

    def add_mask(self, camera: Camera, mask: MaskImage, name: str) -> None:
        """Log a mask, undistorted, under a name such as "captured"."""
        image = undistort_image(mask.astype(np.uint8), camera, cv2.INTER_NEAREST)
        segmentation = self._rr.SegmentationImage(image, opacity=0.3)
        self._stream.log(f"{self._camera(camera)}/picture/masks/{self._part(name)}", segmentation)

    def add_residuals(self, camera: Camera, captured: Pixels, residuals: Pixels) -> None:
        """Log detected landmarks and the arrows from them to the projected ones, without distortion.

        Args:
            camera: Whose picture.
            captured: (L, 2) px.
            residuals: (L, 2) projected minus detected, px; NaN where not used.
        """
        used = np.isfinite(residuals).all(axis=1) & np.isfinite(captured).all(axis=1)
        start, end = (_undistorted(camera, pixels) for pixels in (captured[used], (captured + residuals)[used]))
        kept = np.isfinite(start).all(axis=1) & np.isfinite(end).all(axis=1)
        entity = f"{self._camera(camera)}/picture/landmarks"
        self._points(f"{entity}/captured", start[kept], CAPTURED)
        self._points(f"{entity}/predicted", end[kept], PREDICTED)
        arrows = self._rr.Arrows2D(origins=start[kept] + _PIXEL_CORNER, vectors=(end - start)[kept], colors=[ERROR])
        self._stream.log(f"{entity}/residuals", arrows)

    def add_number(self, camera: str, metric: str, value: float) -> None:
        """Log a metric of a camera's view, as a curve over the frames."""
        self._stream.log(f"metrics/{self._part(metric)}/{self._part(camera)}", self._rr.Scalars(value))

    def close(self) -> None:
        """Finish the file and put it in its place."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file; after an error there is none."""
        self._file.__exit__(kind, error, trace)

    def _finish(self) -> None:
        self._stream.flush()
        self._stream.disconnect()

    def _points(self, entity: str, pixels: Pixels, color: Rgb) -> None:
        self._stream.log(entity, self._rr.Points2D(pixels + _PIXEL_CORNER, colors=[color], radii=[2.0]))

    def _camera(self, camera: Camera) -> str:
        return f"world/cameras/{self._part(camera.name)}"

    def _part(self, name: str) -> str:
        part: str = self._rr.escape_entity_path_part(name.encode("utf-8", "backslashreplace").decode())
        return part


def _undistorted(camera: Camera, pixels: Pixels) -> Pixels:
    """Return where the pixels' rays would land without distortion; NaN for pixels that no ray reaches."""
    if not len(pixels):
        return pixels
    return camera.undistorted().project_cam(camera.unproject(pixels))
