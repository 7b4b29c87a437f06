"""The few fields of a WebP header needed before decoding (RFC 9649 §2)."""

import struct
from dataclasses import dataclass

_ANIMATION_FLAG = 0x02


@dataclass(frozen=True, slots=True)
class WebpHeader:
    """Canvas size in pixels and whether the file holds an animation."""

    width: int
    height: int
    animated: bool


def read_webp_header(data: bytes) -> WebpHeader:
    """Return the canvas of a WebP file without decoding it.

    Raises:
        ValueError: the header is cut short or not one of the three known chunk kinds.
    """
    if len(data) < 30:
        raise ValueError("the header is shorter than any WebP")
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return WebpHeader(width, height, bool(data[20] & _ANIMATION_FLAG))
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return WebpHeader((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, animated=False)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return WebpHeader(width & 0x3FFF, height & 0x3FFF, animated=False)
    raise ValueError("unknown first chunk")
