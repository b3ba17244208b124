"""Validate a calibration on pictures of a board: one camera's principal point is off by a pixel."""

import renderkit as rk
from renderkit.synth.faults import parse_fault

board = "charuco:6x5:0.035:0.027:DICT_4X4"
options = rk.SynthOptions(
    board=board, num_cameras=6, num_frames=14, size=(480, 400), faults=(parse_fault("shifted@25=1"),)
)
truth = rk.synthesize("boards", options)

report = rk.validate(truth.capture, board=board, checks=False)
assert report.diagnosis is not None
for line in report.diagnosis.lines:
    print(line)
print("board RMS of camera 25:", round(report.cameras["25"].scores["board_fit"].reprojection.rms_px, 2), "px")

assert report.diagnosis.blocks
