"""Decode photographs from bytes nobody vouches for, within fixed limits.

The size is read from the header before any pixel is decoded, so a file of a few kilobytes cannot ask
for gigabytes of memory. Only JPEG, PNG and WebP are tried; no other parser ever sees the bytes.
"""

import warnings
import zlib
from enum import StrEnum
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Rejected
from shared.imaging.image import RgbImage
from shared.imaging.webp_header import read_webp_header

# A warning from the decoder means the file is not what it claims; for this process it is a refusal.
warnings.filterwarnings("error", module=r"PIL\.")

_MODES_WITHOUT_ALPHA = frozenset({"1", "L", "RGB", "CMYK", "YCbCr"})
_MODES_WITH_ALPHA = frozenset({"LA", "PA", "P", "RGBA"})
_FOREIGN_SIGNATURES = (b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"%PDF", b"\x00\x00\x01\x00")


class ImageFault(StrEnum):
    """Why bytes were refused as a photograph."""

    EMPTY = "image_empty"
    TOO_MANY_BYTES = "image_too_many_bytes"
    NOT_AN_IMAGE = "image_not_an_image"
    UNSUPPORTED_FORMAT = "image_unsupported_format"
    TOO_MANY_PIXELS = "image_too_many_pixels"
    TOO_SMALL = "image_too_small"
    ANIMATED = "image_animated"
    DAMAGED = "image_damaged"


class ImageRejected(Rejected):
    """These bytes are not a photograph that can be used; sending them again will not help."""


class ImageLimits(BaseModel):
    """How large a photograph may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: int = Field(default=40_000_000, ge=1_000, le=500_000_000, description="Largest file accepted, in bytes.")
    max_pixels: int = Field(
        default=60_000_000,
        ge=10_000,
        le=200_000_000,
        description="Largest width times height accepted, in pixels, read from the header before decoding.",
    )
    min_side_pixels: int = Field(
        default=64, ge=1, le=10_000, description="Shortest side a photograph may have, in pixels."
    )


def decode_image(data: bytes, limits: ImageLimits) -> RgbImage:
    """Return the photograph as RGB, turned upright as its EXIF orientation says.

    Transparency is dropped; of a multi-picture JPEG the main picture is taken.

    Raises:
        ImageRejected: the bytes are empty, too many, no JPEG, PNG or WebP, an animation, damaged or cut
            short, or the picture is too large or too small. `code` is one of `ImageFault`.
    """
    _check_bytes(data, limits)
    try:
        with _open(data, limits) as picture:
            _check_size(*picture.size, limits)
            if getattr(picture, "is_animated", False):
                raise _rejected(ImageFault.ANIMATED)
            return _pixels(picture)
    except (OSError, SyntaxError, ValueError, EOFError, zlib.error, Warning) as error:
        raise _rejected(ImageFault.DAMAGED) from error


def _check_bytes(data: bytes, limits: ImageLimits) -> None:
    if not data:
        raise _rejected(ImageFault.EMPTY)
    if len(data) > limits.max_bytes:
        raise _rejected(ImageFault.TOO_MANY_BYTES)


def _open(data: bytes, limits: ImageLimits) -> ImageFile.ImageFile:
    """Read the header only; Pillow's plug-ins are called directly so that no other format is probed."""
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImageFile(BytesIO(data))
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile(BytesIO(data))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        # Opening a WebP already allocates its canvas, so its size is checked before.
        header = read_webp_header(data)
        _check_size(header.width, header.height, limits)
        if header.animated:
            raise _rejected(ImageFault.ANIMATED)
        return WebPImageFile(BytesIO(data))
    foreign = data.startswith(_FOREIGN_SIGNATURES) or data[4:8] == b"ftyp"
    raise _rejected(ImageFault.UNSUPPORTED_FORMAT if foreign else ImageFault.NOT_AN_IMAGE)


def _check_size(width: int, height: int, limits: ImageLimits) -> None:
    if width * height > limits.max_pixels:
        raise _rejected(ImageFault.TOO_MANY_PIXELS)
    if min(width, height) < limits.min_side_pixels:
        raise _rejected(ImageFault.TOO_SMALL)


def _pixels(picture: ImageFile.ImageFile) -> RgbImage:
    picture.load()
    # In place, and no conversion to what it is already: each copy of a photograph takes its size in memory again.
    ImageOps.exif_transpose(picture, in_place=True)
    upright: Image.Image = picture
    if upright.mode in _MODES_WITH_ALPHA:
        # By way of RGBA: palettes with transparency convert to RGB only with a warning.
        upright = upright.convert("RGBA")
    elif upright.mode not in _MODES_WITHOUT_ALPHA:
        raise _rejected(ImageFault.UNSUPPORTED_FORMAT)
    if upright.mode != "RGB":
        upright = upright.convert("RGB")
    return np.array(upright, dtype=np.uint8)


_SENTENCES = {
    ImageFault.EMPTY: "The file is empty. Copy the photograph again.",
    ImageFault.TOO_MANY_BYTES: "The file is larger than allowed. Export the photograph in a smaller size.",
    ImageFault.NOT_AN_IMAGE: "The file is not a photograph. Choose a JPEG, PNG or WebP picture.",
    ImageFault.UNSUPPORTED_FORMAT: "This picture format is not read here. Save it as JPEG, PNG or WebP.",
    ImageFault.TOO_MANY_PIXELS: "The picture has more pixels than allowed. Export it in a smaller size.",
    ImageFault.TOO_SMALL: "The picture is too small. Use the original photograph, not a thumbnail.",
    ImageFault.ANIMATED: "The file is an animation. Choose a single photograph.",
    ImageFault.DAMAGED: "The file is damaged or cut short. Copy the photograph from the camera again.",
}


def _rejected(fault: ImageFault) -> ImageRejected:
    return ImageRejected(fault, _SENTENCES[fault])
