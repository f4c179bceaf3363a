"""Kinds of pictures and videos that are not read, by file name ending, for a run to count and report.

Code that can read one of these kinds, such as an installed extra, adds its endings to those of pictures, which take
precedence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file.

    name: short and lower case, in JSON.  one, many: for messages, "raw file" and "raw files".  endings: of names, in
    lower case, with the dot.
    """

    name: str
    one: str
    many: str
    endings: tuple[str, ...]


RAW = Kind(
    "raw",
    "raw file",
    "raw files",
    (
        *(".3fr", ".ari", ".arw", ".bay", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".drf", ".eip"),
        *(".erf", ".fff", ".gpr", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf"),
        *(".ori", ".pef", ".ptx", ".r3d", ".raf", ".raw", ".rw2", ".rwl", ".rwz", ".sr2", ".srf", ".srw", ".x3f"),
    ),
)
VIDEO = Kind(
    "video",
    "video",
    "videos",
    (
        *(".360", ".3g2", ".3gp", ".3gpp", ".amv", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".insv", ".lrv"),
        *(".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg"),
        *(".mts", ".mxf", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".tod", ".vob", ".webm", ".wmv"),
    ),
)
JPEG_XL = Kind("jpeg-xl", "JPEG XL picture", "JPEG XL pictures", (".jxl",))
LAYERED = Kind(
    "layered",
    "picture in layers",
    "pictures in layers",
    (".afphoto", ".clip", ".kra", ".ora", ".pdn", ".procreate", ".psb", ".psd", ".psp", ".pspimage", ".xcf"),
)
DRAWING = Kind(
    "drawing",
    "drawing",
    "drawings",
    (".ai", ".cdr", ".dxf", ".emf", ".eps", ".odg", ".svg", ".svgz", ".wmf"),
)
OTHER = Kind(
    "other",
    "picture of another kind",
    "pictures of other kinds",
    (
        *(".bpg", ".cin", ".dcm", ".dds", ".dpx", ".exr", ".fits", ".flif", ".fpx", ".hdp", ".hdr", ".icns", ".ithmb"),
        *(".j2c", ".jbig2", ".jls", ".jpc", ".jph", ".jxr", ".jxs", ".livp", ".mng", ".pam", ".pbm", ".pcd", ".pct"),
        *(".pcx", ".pfm", ".pict", ".pnm", ".pxm", ".qoi", ".ras", ".rgb", ".sgi", ".tga", ".vips", ".wdp", ".xbm"),
        ".xpm",
    ),
)
KINDS = (RAW, VIDEO, JPEG_XL, LAYERED, DRAWING, OTHER)
"""All kinds, in the order in which they are reported."""

ENDINGS: Mapping[str, Kind] = {ending: kind for kind in KINDS for ending in kind.endings}
"""File name ending -> kind."""


def by_kind(endings: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Group the number of files per ending by kind; the most frequent ending first, without its dot.

    ``{".cr2": 3, ".mp4": 9}`` becomes ``{"raw": {"cr2": 3}, "video": {"mp4": 9}}``.
    """
    found: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        counted = [(-endings[ending], ending) for ending in kind.endings if endings.get(ending)]
        if counted:
            found[kind.name] = {ending[1:]: -number for number, ending in sorted(counted)}
    return found
