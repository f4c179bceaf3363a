"""Pictures of every odd kind, generated, so that no test needs a file of anybody's."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def plain(path: Path, colour: tuple[int, int, int] = RED, size: tuple[int, int] = (32, 24), seed: int = 0) -> Path:
    """A PNG of one colour; different seeds give different bytes and the same pixels."""
    image = Image.new("RGB", size, colour)
    data = encoded(image, "PNG")
    if seed:  # a private chunk before the last one: readers skip it
        data = data[:-12] + chunk(b"seEd", str(seed).encode()) + data[-12:]
    path.write_bytes(data)
    return path


def noise(path: Path, size: tuple[int, int] = (640, 480), seed: int = 0, quality: int = 90) -> Path:
    """A JPEG with smooth random content, so that it takes about as many bytes as a photo of its size."""
    small = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(path, "JPEG", quality=quality)
    return path


def quarters(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Upper half red and green, lower half blue and white: shows how a picture was turned."""
    image = Image.new("RGB", size, WHITE)
    width, height = size[0] // 2, size[1] // 2
    image.paste(RED, (0, 0, width, height))
    image.paste(GREEN, (width, 0, size[0], height))
    image.paste(BLUE, (0, height, width, size[1]))
    return image


def corners(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters of 4 x 4 pixels, rounded to full or no light."""
    levels = pixels.astype(int)
    return [tuple(int(level > 127) * 255 for level in levels[y, x]) for y, x in ((1, 1), (1, 2), (2, 1), (2, 2))]


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """The bytes of a file in a format."""
    buffer = io.BytesIO()
    if format == "HEIF":  # written without teaching Pillow to, as the program reads it
        if isinstance(exif := options.get("exif"), Image.Exif):
            options["exif"] = exif.tobytes()
        pillow_heif.from_pillow(image).save(buffer, **options)
    else:
        image.save(buffer, format, **options)
    return buffer.getvalue()


def turned(format: str, orientation: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """`quarters`, stored so that a viewer has to turn it by its EXIF orientation to see it upright."""
    stored_as = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = quarters(size)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image if stored_as is None else image.transpose(stored_as), format, exif=exif, **LOSSLESS[format])


LOSSLESS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1},
}


def with_exif(size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG that says when, where and with what it was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Canon", "Canon EOS 80D", "2031:01:01 00:00:00"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, 24.0), 3: "E", 4: (151.0, 12.0, 54.0)})
    return encoded(quarters(size), "JPEG", exif=exif)


def xmp(
    *subjects: str,
    levels: tuple[str, ...] = (),
    bag: str = "Bag",
    title: str = "A title",
    attributes: str = "",
    inside: str = "",
) -> bytes:
    """An XMP packet as Adobe's programs write it; `attributes` and `inside` go into its description as they are."""

    def listed(name: str, items: tuple[str, ...]) -> str:
        inside = "".join(f"<rdf:li>{item}</rdf:li>" for item in items)
        return f"<{name}><rdf:{bag}>{inside}</rdf:{bag}></{name}>" if items else ""

    names = " ".join(f'xmlns:{short}="{name}"' for short, name in XMP_SCHEMAS.items())
    titles = f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>' if title else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names} {attributes}>{titles}'
        f"{listed('dc:subject', subjects)}{listed('lr:hierarchicalSubject', levels)}{inside}"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


XMP_SCHEMAS = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
}


def iptc(*keywords: bytes, utf_8: bool = False, title: bytes = b"", date: bytes = b"", time: bytes = b"") -> bytes:
    """IPTC-IIM datasets: the character set, a caption, keywords, and what else is given."""

    def field(record: int, number: int, value: bytes) -> bytes:
        return bytes([0x1C, record, number]) + struct.pack(">H", len(value)) + value

    charset = field(1, 90, b"\x1b%G") if utf_8 else b""
    more = [field(2, number, value) for number, value in ((5, title), (55, date), (60, time)) if value]
    return charset + b"".join(more) + field(2, 120, b"a caption") + b"".join(field(2, 25, word) for word in keywords)


def jpeg(own_xmp: bytes = b"", own_iptc: bytes = b"") -> bytes:
    """`quarters` with an XMP packet and IPTC datasets, if any."""
    data = encoded(quarters(), "JPEG", **({"xmp": own_xmp} if own_xmp else {}))
    if not own_iptc:
        return data
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(own_iptc)) + own_iptc + b"\0" * (len(own_iptc) % 2)
    block = b"Photoshop 3.0\0" + resource
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:]


def damaged_exif() -> bytes:
    """A good JPEG whose EXIF block points out of itself."""
    data = with_exif()
    start = data.index(b"Exif\0\0") + 6
    return data[: start + 4] + b"\xf0\xff\xff\x7f" * 8 + data[start + 36 :]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(side: int = 50_000) -> bytes:
    """A PNG of a few kilobytes that claims side x side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def animation(format: str) -> bytes:
    """Three frames: red, green, blue."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in (RED, GREEN, BLUE)]
    return encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=50)


def odd_pictures() -> dict[str, bytes]:
    """Readable pictures of odd kinds, by file name."""
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64)
    palette = quarters().quantize(4)
    see_through = quarters().convert("RGBA")
    see_through.putalpha(128)
    return {
        "rotated.jpg": turned("JPEG", 6),
        "damaged-exif.jpg": damaged_exif(),
        "cmyk.jpg": encoded(quarters().convert("CMYK"), "JPEG"),
        "grey.jpg": encoded(quarters().convert("L"), "JPEG"),
        "progressive.jpg": encoded(quarters(), "JPEG", progressive=True),
        "sixteen-bit.png": encoded(Image.fromarray(ramp.astype(np.uint16)), "PNG"),
        "float.tif": encoded(Image.fromarray((ramp / 65535).astype(np.float32)), "TIFF"),
        "bilevel.png": encoded(quarters().convert("1"), "PNG"),
        "palette.png": encoded(palette, "PNG"),
        "palette-transparent.png": encoded(palette, "PNG", transparency=0),
        "transparent.png": encoded(see_through, "PNG"),
        "grey-alpha.png": encoded(see_through.convert("LA"), "PNG"),
        "animated.gif": animation("GIF"),
        "animated.webp": animation("WEBP"),
        "bitmap.bmp": encoded(quarters(), "BMP"),
        "one-pixel.png": encoded(Image.new("RGB", (1, 1), BLUE), "PNG"),
        "wide.png": encoded(Image.new("RGB", (20_000, 2), GREEN), "PNG"),
        "tall.jpg": encoded(Image.new("RGB", (3, 9_000), GREEN), "JPEG"),
        "really-a-png.jpg": encoded(quarters(), "PNG"),
    }


def wide_profile() -> bytes:
    """Display P3 as ICC: sRGB's profile with the columns of its matrix replaced."""
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    columns = {b"rXYZ": (0.5151, 0.2412, -0.0011), b"gXYZ": (0.2920, 0.6922, 0.0419), b"bXYZ": (0.1571, 0.0666, 0.7841)}
    for number in range(int.from_bytes(srgb[128:132], "big")):
        at = 132 + 12 * number
        name, start = bytes(srgb[at : at + 4]), int.from_bytes(srgb[at + 4 : at + 8], "big")
        if name in columns:
            values = b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in columns[name])
            srgb[start + 8 : start + 20] = values
    return bytes(srgb).replace("sRGB built-in".encode("utf-16-be"), "wide built-in".encode("utf-16-be"))


def planar_tiff(image: Image.Image, order: str) -> bytes:
    """A TIFF with 16 bits a channel, each channel in a plane of its own; order: ``<`` or ``>``."""
    levels = np.asarray(image.convert("RGB")).astype(np.uint16) * 257
    planes = [levels[..., channel].astype(f"{order}u2").tobytes() for channel in range(3)]
    data = 8 + 2 + 12 * 10 + 4 + 6 + 2 + 12 + 12
    places = [data + number * len(planes[0]) for number in range(3)]
    short = struct.Struct(f"{order}HHIHH").pack
    long = struct.Struct(f"{order}HHII").pack
    entries = [
        short(256, 3, 1, image.width, 0),
        short(257, 3, 1, image.height, 0),
        long(258, 3, 3, data - 32),
        short(259, 3, 1, 1, 0),
        short(262, 3, 1, 2, 0),
        long(273, 4, 3, data - 24),
        short(277, 3, 1, 3, 0),
        short(278, 3, 1, image.height, 0),
        long(279, 4, 3, data - 12),
        short(284, 3, 1, 2, 0),
    ]
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(entries))
    values = struct.pack(f"{order}HHH", 16, 16, 16) + bytes(2) + struct.pack(f"{order}3I", *places)
    values += struct.pack(f"{order}3I", *[len(planes[0])] * 3)
    return head + b"".join(entries) + bytes(4) + values + b"".join(planes)


def cut_short(format: str, share: float, **options: Any) -> bytes:
    """The first part of a file that holds coloured quarters of 640 x 480, with some noise."""
    grain = Image.effect_noise((640, 480), 60).convert("RGB")
    whole = encoded(Image.blend(quarters((640, 480)), grain, 0.2), format, **options)
    return whole[: int(len(whole) * share)]


def broken_pictures() -> dict[str, bytes]:
    """Files that cannot be decoded, by file name."""
    return {
        "truncated.jpg": encoded(Image.effect_noise((200, 200), 50), "JPEG")[:300],
        "truncated.heic": encoded(quarters((640, 480)), "HEIF")[:-200],
        "one-byte.jpg": b"x",
        "truncated.png": encoded(Image.effect_noise((200, 200), 50), "PNG")[:60],
        "empty.jpg": b"",
        "text.jpg": b"Dear diary, this is not a picture.\n",
        "header-only.png": b"\x89PNG\r\n\x1a\n",
        "bomb.png": bomb(),
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    }
