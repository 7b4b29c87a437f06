"""Photographs for tests: a real face from a package, and the damaged files the world sends."""

import io
import struct
import zlib
from functools import cache

import cv2
import numpy as np
from PIL import Image
from skimage import data


@cache
def astronaut_jpeg(quality: int = 95) -> bytes:
    """The public-domain portrait that scikit-image ships."""
    return jpeg(data.astronaut()[0:400, 30:430], quality)


def jpeg(image: np.ndarray, quality: int = 95) -> bytes:
    return bytes(
        cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    )


def no_face_jpeg() -> bytes:
    return jpeg(data.coffee())


def two_faces_jpeg() -> bytes:
    face = data.astronaut()[0:300, 80:380]
    return jpeg(np.hstack([face, face[:, ::-1]]))


def bomb_png(side: int = 10_000) -> bytes:
    """A hundred-megapixel PNG of a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    squeezed = zlib.compressobj(9)
    rows = b"".join(squeezed.compress(b"\0" * (side + 1)) for _ in range(side)) + squeezed.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def small_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(buffer, "JPEG")
    return buffer.getvalue()
