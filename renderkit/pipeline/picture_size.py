"""Pictures and mattes must have their calibration's size: what is said where they have another, or may be turned."""

from __future__ import annotations

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.images.encoded import EncodedImage
from renderkit.images.header import ORIENTATIONS, UPRIGHT, PictureHeader

_SWAPPED = "width and height are swapped: is it rotated, or was the calibration written as (height, width)?"
_STORED = "pixels are used as they are stored"


def check_picture_size(picture: EncodedImage, header: PictureHeader, camera: Camera) -> None:
    """Hold a photograph's size, as it is stored, against the calibration's.

    Raises:
        DatasetError: If they differ; its words depend on what the EXIF orientation says.
    """
    if header.size == camera.size:
        return
    if header.size_as_shown == camera.size:
        hint = (
            f"the picture's EXIF orientation is {header.orientation} ({ORIENTATIONS[header.orientation]}), so programs "
            f"that obey it show {_text(header.size_as_shown)} px: the calibration was made with the picture turned, "
            f"and {_STORED}. Write the pictures upright (PIL.ImageOps.exif_transpose, exiftran -a, mogrify "
            "-auto-orient), or calibrate with the stored pixels; do not scale the intrinsics"
        )
    elif header.size == camera.size[::-1]:
        hint = _SWAPPED
    else:
        hint = "use the picture in its original size, or scale the intrinsics with it (Camera.scaled)"
    raise _refusal(picture, "picture", header, camera, hint)


def check_matte_size(
    matte: EncodedImage, header: PictureHeader, camera: Camera, photo: PictureHeader | None = None
) -> None:
    """Hold a matte's size against the calibration's.

    Args:
        matte: The matte.
        header: Its header.
        camera: The view's camera.
        photo: The header of the view's photograph, whose orientation may say why the matte is turned.

    Raises:
        DatasetError: If they differ.
    """
    if header.size == camera.size:
        return
    if header.size != camera.size[::-1]:
        hint = "make the mattes from the pictures in their original size"
    elif photo is not None and photo.size != header.size == photo.size_as_shown:
        hint = (
            f"the matte is turned by 90 degrees against the stored picture, whose EXIF orientation is "
            f"{photo.orientation}: the matting program obeyed the tag, and {_STORED}. Turn the mattes back, or make "
            "them from the stored pixels (PIL.Image.open without exif_transpose, cv2.IMREAD_IGNORE_ORIENTATION)"
        )
    elif header.size_as_shown == camera.size:
        hint = f"the matte's own EXIF orientation is {header.orientation}, and {_STORED}: write the mattes upright"
    else:
        hint = _SWAPPED
    raise _refusal(matte, "matte", header, camera, hint)


def orientation_notes(header: PictureHeader, what: str = "picture") -> tuple[str, ...]:
    """Say that a photograph or a matte has an orientation which leaves its size as it is: nothing else shows it."""
    if header.orientation == UPRIGHT or header.size_as_shown != header.size:
        return ()
    others = "calibration, matte or landmark" if what == "picture" else "calibration or picture"
    return (
        f"the {what}'s EXIF orientation is {header.orientation} ({ORIENTATIONS[header.orientation]}) and {_STORED}: a "
        f"{others} made with the {what} as it is shown does not fit",
    )


def _refusal(picture: EncodedImage, what: str, header: PictureHeader, camera: Camera, hint: str) -> DatasetError:
    found, expected = _text(header.size), _text(camera.size)
    why = f"the {what} has {found} px, the calibration of its camera {expected} px; {hint}"
    return DatasetError(picture.path, picture.key, why)


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
