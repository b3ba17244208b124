"""Resample a photograph into the ideal pinhole of the same K, and move landmarks with it."""

import cv2
import numpy as np

import renderkit as rk
from renderkit.geometry.undistort import undistort_image

with rk.open_capture("capture/0000_e0_anno.smc") as capture:
    view = capture.view("0", "25")
    assert view.image is not None
    photo = view.image.decode_color()
    landmarks = view.read_landmarks()

pinhole = view.camera.undistorted()
cv2.imwrite("undistorted.png", undistort_image(photo, view.camera)[..., ::-1])
if landmarks is not None:
    moved = pinhole.project_cam(view.camera.unproject(landmarks.points[landmarks.valid]))
    shift_px = np.linalg.norm(moved - landmarks.points[landmarks.valid], axis=1)
    print(f"{len(moved)} landmarks, moved by up to {shift_px.max():.2f} px")
