"""Write an overlay of one mesh, one camera and one photograph, without a capture."""

import renderkit as rk

with rk.open_capture("capture/0000_e0_anno.smc") as capture:
    view = capture.view("0", "25")
    mesh = capture.frame("0").read_mesh("scan")
    assert view.image is not None
    photo = view.image.decode_color()

picture = rk.render(mesh, view.camera)  # in the raw, distorted image
print(f"{picture.mask.sum()} pixels covered")
rk.overlay(photo, mesh, view.camera).save("overlay.png")
