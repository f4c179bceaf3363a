"""What reading facts and words costs beside decoding, and how fast it is without decoding.

    python -m benchmarks.metadata [--pictures 500] [--folder DIR] [--json]

Three ways over the same files in turn, the best of some rounds of each: decoding with EXIF alone, decoding with all
that is read at indexing (EXIF, XMP, IPTC, and the look for files beside), and the headers alone, as pictures that an
older version indexed are read again.
"""

from __future__ import annotations

import argparse
import io
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.pictures import SIZES, report, write_jpegs
from imsearch.pictures.picture import read_headers, read_picture

LEAST_SIDE = 224
ROUNDS = 3

_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">A day at the lake</rdf:li></rdf:Alt></dc:title>'
    "<dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li>summer</rdf:li><rdf:li>family</rdf:li></rdf:Bag></dc:subject>"
    f'</rdf:Description></rdf:RDF></x:xmpmeta>{" " * 2000}<?xpacket end="w"?>'
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=500, help="at most, of each kind (default: 500)")
    parser.add_argument("--folder", type=Path, help="a folder of JPEGs to measure as well")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = write_jpegs(Path(folder), SIZES["12 MP"], options.pictures)
        for path in paths:
            path.write_bytes(with_metadata(path.read_bytes()))
        rows.append(row("12 MP, EXIF and XMP", paths))
    if options.folder:
        rows.append(row("of the folder", sorted(options.folder.glob("*.jpg"))[: options.pictures]))
    report("Pictures a second, one thread", rows, options.json)


def row(name: str, paths: Sequence[Path]) -> dict[str, object]:
    ways: dict[str, Callable[[Path], object]] = {
        "with EXIF/s": lambda path: read_picture(path, LEAST_SIDE),
        "with all/s": lambda path: read_picture(path, LEAST_SIDE, social_tags=True),
        "headers alone/s": read_only_headers,
    }
    best = dict.fromkeys(ways, 0.0)
    for _ in range(ROUNDS):
        for way, read in ways.items():
            started = time.perf_counter()
            for path in paths:
                read(path)
            best[way] = max(best[way], len(paths) / (time.perf_counter() - started))
    return {"pictures": name, "files": len(paths), **best, "all to EXIF": best["with all/s"] / best["with EXIF/s"]}


def read_only_headers(path: Path) -> object:
    with path.open("rb") as file:
        return read_headers(path, file)


def with_metadata(data: bytes) -> bytes:
    """A JPEG as a camera and a photo program leave it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "Canon EOS 80D"
    exif.get_ifd(0x8769).update({0x9003: "2024:05:06 07:08:09", 0x9011: "+02:00", 0x8827: 400, 0x829D: 2.8})
    exif.get_ifd(0x8825).update({1: "N", 2: (46.0, 30.0, 0.0), 3: "E", 4: (7.0, 15.0, 36.0)})
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    start = buffer.getvalue().index(b"\xff\xe1")
    (length,) = struct.unpack_from(">H", buffer.getvalue(), start + 2)
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + _XMP.encode()
    segments = buffer.getvalue()[start : start + 2 + length] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    return data[:2] + segments + data[2:]


if __name__ == "__main__":
    main()
