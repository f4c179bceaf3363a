"""Camera raw files: the embedded preview, or else the sensor's pixels at half their size.

LibRaw reads them, through rawpy, which comes with the extra ``raw``.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image, JpegImagePlugin

from imsearch.errors import PictureError

if TYPE_CHECKING:
    from types import ModuleType

FORMAT = "RAW"
"""The format's name in the catalog, for all makers."""

RAW_SUFFIXES = frozenset(
    (
        *(".3fr", ".arw", ".bay", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".k25"),
        *(".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2"),
        *(".srf", ".srw", ".x3f"),
    )
)
"""File name endings, in lower case."""

HOW_TO_READ = "To read raw files, install imsearch with its extra \"raw\": pip install 'imsearch-engine[raw]'"

LEAST_SIDE = 320
"""Minimum shorter side of a preview in pixels; below it, the sensor's pixels are used."""

_ORIENTATION, _XMP = 274, 700
_FROM_FLIP = {0: 1, 1: 2, 3: 3, 2: 4, 4: 5, 6: 6, 7: 7, 5: 8}
"""LibRaw's flip code -> EXIF orientation."""

_TIFF = {b"II*\0": "<", b"MM\0*": ">"}
_NEARLY_TIFF = {b"IIU\0": b"II*\0", b"IIRO": b"II*\0", b"IIRS": b"II*\0", b"MMOR": b"MM\0*"}
"""The signatures of Panasonic, Leica and Olympus files, and those of TIFFs with the same content."""
_SUB_DIRECTORIES, _PHOTOMETRIC, _DNG_VERSION = 330, 262, 50706
_OF_A_SENSOR = (32803, 34892)
"""Photometric interpretations: a colour filter array, and linear raw."""
_LIBRAWS_NAME = b"dcraw v"
_MOST_DIRECTORIES, _MOST_ENTRIES = 16, 1000


def is_installed() -> bool:
    """Return True if the library that reads raw files is installed."""
    return find_spec("rawpy") is not None


def may_be_raw(start: bytes) -> bool:
    """Return True if the first 16 bytes may start a raw file, which most makers write as a TIFF."""
    return start[:4] in _TIFF or _is_marked(start)


def is_raw(file: BinaryIO) -> bool:
    """Return True if a file's headers describe sensor data; its name does not matter."""
    start = file.read(16)
    if start[:4] not in _TIFF:
        return _is_marked(start)
    if start[8:10] == b"CR" or start[8:12] in (b"IIII", b"MMMM"):
        return True
    return any(
        _DNG_VERSION in entries or _number(entries.get(_PHOTOMETRIC), start) in _OF_A_SENSOR
        for entries in _directories(file, start)
    )


def _is_marked(start: bytes) -> bool:
    return (
        start[:4] in (*_NEARLY_TIFF, b"FOVb", b"\0MRM")
        or start.startswith(b"FUJIFILMCCD-RAW")
        or start[4:12] == b"ftypcrx "
        or start[6:14] == b"HEAPCCDR"
    )


Entry = tuple[int, bytes]
"""The number of values in an entry of a TIFF directory, and its last four bytes: the value, or its offset."""


def _directories(file: BinaryIO, start: bytes) -> Iterator[Mapping[int, Entry]]:
    """Yield the directories of a TIFF and their subdirectories, by tag; a damaged one ends where the damage begins."""
    order = _TIFF[start[:4]]
    waiting = [struct.unpack(f"{order}I", start[4:8].ljust(4, b"\0"))[0]]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        place = waiting.pop(0)
        if place in seen or not place:
            continue
        seen.add(place)
        try:
            entries, following = _directory(file, place, order)
            waiting += [*following, *_places(file, entries.get(_SUB_DIRECTORIES), order)]
        except struct.error:
            continue  # the file ends before the directory does
        yield entries


def _directory(file: BinaryIO, place: int, order: str) -> tuple[dict[int, Entry], list[int]]:
    file.seek(place)
    (number,) = struct.unpack(f"{order}H", file.read(2))
    if number > _MOST_ENTRIES:
        return {}, []
    block = file.read(12 * number + 4)
    found = (struct.unpack_from(f"{order}HHI4s", block, 12 * index) for index in range(number))
    entries = {tag: (count, value) for tag, _, count, value in found}
    return entries, list(struct.unpack_from(f"{order}I", block, 12 * number))


def _places(file: BinaryIO, entry: Entry | None, order: str) -> list[int]:
    """Return the offsets of the directories that an entry refers to."""
    if entry is None:
        return []
    count, value = entry
    if count > 1:
        file.seek(struct.unpack(f"{order}I", value)[0])
        count = min(count, _MOST_DIRECTORIES)
        value = file.read(4 * count)
    return list(struct.unpack(f"{order}{count}I", value))


def _number(entry: Entry | None, start: bytes) -> int | None:
    """Return the single short integer of an entry."""
    return None if entry is None else struct.unpack(f"{_TIFF[start[:4]]}H", entry[1][:2])[0]


class RawImage(Image.Image):
    """An opened raw file; its pixels are decoded on load, as those of other formats are.

    Until then its size is the sensor's, unrotated, or after `draft` the preview's.
    """

    format = FORMAT
    format_description = "Raw file of a camera"

    def __init__(self, file: BinaryIO) -> None:
        """Raises PictureError when the file cannot be read, or the extra is not installed."""
        super().__init__()
        library = _library()
        self._data, self._added_exif = file.read(), b""
        try:
            self._raw = library.imread(io.BytesIO(self._data))
        except library.LibRawError as error:
            raise PictureError(f"it is a raw file that cannot be read: {_told(error)}") from error
        self._errors = library.LibRawError
        self._said = _FROM_FLIP.get(self._raw.sizes.flip, 1)
        self._mode = "RGB"
        self._turn, self._size = self._upright()
        if xmp := self._own_xmp():
            self.info["xmp"] = xmp

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._raw.close()
        self._data = b""
        super().close()

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> None:
        """Decode at the smallest scale that is no smaller than `size`, if the preview is a JPEG."""
        if self._preview is not None and self._suffices:
            self._preview.draft(mode, size)
            self._size, self._mode = self._preview.size, self._preview.mode

    def load(self) -> Any:
        """Decode the preview, or the sensor's pixels where it is missing, too small or damaged.

        Raises OSError when nothing can be decoded.
        """
        if self._im is None:
            decoded = self._decoded()
            self.im = decoded.im
            self._size, self._mode = decoded.size, decoded.mode
        return super().load()

    def getexif(self) -> Image.Exif:
        """Return the file's EXIF, or else its preview's; the orientation is that of the pixels that are decoded."""
        if self._exif is None:
            self._exif = self._read_exif()
            self._exif[_ORIENTATION] = self._turn
        return self._exif

    @cached_property
    def _preview(self) -> Image.Image | None:
        """Return the largest preview in the file, opened; None if there is none."""
        try:
            found = self._raw.extract_thumb()
            if isinstance(found.data, bytes):
                self._added_exif, own = _without_added_exif(found.data)
                return JpegImagePlugin.JpegImageFile(io.BytesIO(own))
            return Image.fromarray(found.data)
        except (self._errors, SyntaxError, OSError, TypeError, ValueError):
            return None  # none, or of an unknown kind: fall back to the sensor's pixels

    @cached_property
    def _suffices(self) -> bool:
        """Return True if the preview, at its full size, is large enough to stand for the picture."""
        size = self._raw.sizes
        least = min(LEAST_SIDE, size.width // 2, size.height // 2)
        return self._preview is not None and min(self._preview.size) >= least

    def _upright(self) -> tuple[int, tuple[int, int]]:
        """Return the orientation of the pixels to be decoded, and the sensor's size before rotation."""
        sizes = self._raw.sizes
        size = (sizes.width, sizes.height)
        turn = said = self._said
        preview = self._preview
        if preview is not None and self._suffices:
            if preview.format == "JPEG":
                turn = _orientation(preview, said)
            if turn >= 5 and (preview.width - preview.height) * (size[0] - size[1]) < 0:
                turn = 1  # already rotated by the camera
        return turn, size if (turn >= 5) == (said >= 5) else size[::-1]

    def _decoded(self) -> Image.Image:
        problem: Exception | None = None
        for decode in (self._load_preview, self._develop) if self._suffices else (self._develop, self._load_preview):
            try:
                return decode()
            except (self._errors, OSError, SyntaxError, ValueError) as error:
                problem = problem or error
        assert problem is not None
        raise OSError(_told(problem)) from problem

    def _load_preview(self) -> Image.Image:
        if self._preview is None:
            raise OSError("it has no preview")
        self._preview.load()
        if profile := self._preview.info.get("icc_profile"):
            self.info["icc_profile"] = profile
        return self._preview

    def _develop(self) -> Image.Image:
        """Return the sensor's pixels at half their width and height, which takes a quarter of the memory."""
        pixels = self._raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0)
        self._turn, self._exif = self._said, None
        return Image.fromarray(pixels)

    def _read_exif(self) -> Image.Exif:
        start = self._data[:4]
        if start in _TIFF or start in _NEARLY_TIFF:
            exif = Image.Exif()
            exif.load_from_fp(io.BytesIO(_NEARLY_TIFF.get(start, start) + self._data[4:]))
            return exif
        exif = Image.Exif() if self._preview is None else self._preview.getexif()
        if not exif and self._added_exif:
            exif.load(self._added_exif)
        return exif

    def _own_xmp(self) -> bytes:
        start = self._data[:8]
        if start[:4] not in _TIFF:
            xmp = self._preview.info.get("xmp", b"") if self._preview is not None else b""
            return bytes(xmp)
        count, value = next(_directories(io.BytesIO(self._data), start), {}).get(_XMP, (0, bytes(4)))
        (place,) = struct.unpack(f"{_TIFF[start[:4]]}I", value)
        return self._data[place : place + count]


def _without_added_exif(preview: bytes) -> tuple[bytes, bytes]:
    """Return the EXIF that LibRaw prepends to the preview, and the preview as the camera wrote it."""
    (length,) = struct.unpack(">H", preview[4:6].ljust(2, b"\0"))
    first = preview[4 + 2 : 4 + length]
    if preview[2:4] != b"\xff\xe1" or _LIBRAWS_NAME not in first:
        return b"", preview
    return first, preview[:2] + preview[4 + length :]


def _orientation(preview: Image.Image, said: int) -> int:
    """Return the orientation of the preview; `said` is that of the file itself."""
    try:
        turn = preview.getexif().get(_ORIENTATION, said)
    except Exception:  # noqa: BLE001 - damaged EXIF raises nearly anything, and what the file says serves as well
        return said
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else said


def _library() -> ModuleType:
    try:
        import rawpy
    except ImportError as error:
        raise PictureError(f"it is a raw file; {HOW_TO_READ}") from error
    return rawpy


def _told(error: Exception) -> str:
    """Return LibRaw's message, which comes as bytes, as text."""
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told) or type(error).__name__
