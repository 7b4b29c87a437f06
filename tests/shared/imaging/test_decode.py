import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.imaging.decode import ImageFault, ImageLimits, ImageRejected, decode_image

LIMITS = ImageLimits()


def picture(width: int = 120, height: int = 90) -> Image.Image:
    rng = np.random.default_rng(4)
    return Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8))


def encoded(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or picture()).save(buffer, kind, **options)
    return buffer.getvalue()


def black_png(width: int, height: int) -> bytes:
    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b"\0" * (width + 1)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def refusal(data: bytes, limits: ImageLimits = LIMITS) -> str:
    with pytest.raises(ImageRejected) as caught:
        decode_image(data, limits)
    assert caught.value.sentence.endswith(".")
    return caught.value.code


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_lossless_picture_comes_back_pixel_for_pixel(kind: str) -> None:
    image = picture()
    decoded = decode_image(encoded(kind, image, lossless=True), LIMITS)
    assert decoded.dtype == np.uint8
    assert np.array_equal(decoded, np.asarray(image))


def test_jpeg_comes_back_close_to_what_was_saved() -> None:
    flat = Image.new("RGB", (100, 80), (200, 100, 50))
    decoded = decode_image(encoded("JPEG", flat, quality=95), LIMITS)
    assert decoded.shape == (80, 100, 3)
    assert np.abs(decoded.astype(int) - [200, 100, 50]).max() <= 3


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_photograph_is_turned_upright_as_exif_says(orientation: int) -> None:
    image = Image.new("RGB", (120, 80), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 120, 10))  # a white band along the stored top edge
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_image(encoded("JPEG", image, exif=exif, quality=95), LIMITS)
    edges = {3: decoded[-5:, :], 6: decoded[:, -5:], 8: decoded[:, :5]}
    assert decoded.shape[:2] == ((80, 120) if orientation == 3 else (120, 80))
    assert edges[orientation].mean() > 240


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK"])
def test_every_usual_colour_mode_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert decode_image(encoded(kind, picture().convert(mode)), LIMITS).shape == (90, 120, 3)


def test_palette_with_transparency_is_read_without_a_warning() -> None:
    data = encoded("PNG", picture().convert("P"), transparency=bytes(range(256)))
    assert decode_image(data, LIMITS).shape == (90, 120, 3)


def test_text_renamed_to_jpg_is_not_an_image() -> None:
    assert refusal(b"Dear client, please find attached\n" * 40) == ImageFault.NOT_AN_IMAGE


def test_zero_bytes_are_named_empty() -> None:
    assert refusal(b"") == ImageFault.EMPTY


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_file_cut_short_is_refused_and_not_half_grey(kind: str, share: float) -> None:
    data = encoded(kind, picture(400, 300))
    assert refusal(data[: int(len(data) * share)]) == ImageFault.DAMAGED


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_signature_alone_is_refused_as_damaged(kind: str) -> None:
    assert refusal(encoded(kind)[:16]) == ImageFault.DAMAGED


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused_by_name(kind: str) -> None:
    assert refusal(encoded(kind)) == ImageFault.UNSUPPORTED_FORMAT


def test_sixteen_bit_png_is_refused_rather_than_clipped_to_white() -> None:
    deep = Image.fromarray(np.full((90, 120), 40_000, dtype=np.uint16))
    assert refusal(encoded("PNG", deep)) == ImageFault.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_is_refused(kind: str) -> None:
    frames = [picture(), Image.new("RGB", (120, 90), (9, 9, 9))]
    data = encoded(kind, frames[0], save_all=True, append_images=frames[1:], duration=50)
    assert refusal(data) == ImageFault.ANIMATED


def test_thumbnail_is_too_small() -> None:
    assert refusal(encoded("PNG", picture(63, 200))) == ImageFault.TOO_SMALL


def test_file_over_the_byte_limit_is_never_opened() -> None:
    assert refusal(b"\xff\xd8\xff" + b"\0" * 2_000, ImageLimits(max_bytes=1_000)) == ImageFault.TOO_MANY_BYTES


def test_jpeg_claiming_a_hundred_megapixels_is_refused_from_its_header() -> None:
    data = bytearray(encoded("JPEG"))
    start = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, start + 5, 10_000, 10_000)
    assert refusal(bytes(data)) == ImageFault.TOO_MANY_PIXELS


@pytest.mark.parametrize("kind", ["lossy", "lossless", "extended"])
def test_webp_claiming_too_many_pixels_is_refused_from_its_header(kind: str) -> None:
    image = picture().convert("RGBA") if kind == "extended" else picture()
    if kind == "extended":
        image.putalpha(100)
    data = encoded("WEBP", image, lossless=kind == "lossless")
    assert refusal(data, ImageLimits(max_pixels=10_000)) == ImageFault.TOO_MANY_PIXELS
    assert decode_image(data, LIMITS).shape == (90, 120, 3)


def test_hundred_megapixel_bomb_costs_less_than_ten_megabytes(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(black_png(10_000, 10_000))
    script = (
        "import resource, sys, pathlib\n"
        "from shared.imaging.decode import *\n"
        "data = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    decode_image(data, ImageLimits())\n"
        "except ImageRejected as error:\n"
        "    print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(bomb)], capture_output=True, text=True, check=True, timeout=50
    )
    code, kilobytes = run.stdout.split()
    assert code == ImageFault.TOO_MANY_PIXELS
    assert int(kilobytes) < 10_000
