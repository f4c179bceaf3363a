"""The keys of the query language in a few words each, and the values of those that have a fixed set of them."""

from __future__ import annotations

from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    "tag": "this very tag, or how likely: tag:dog>0.8",
    "by": "only what this source says counts",
    "like": "looks like the picture of this id",
    "sort": "the order of the results",
    "shows": "this very tag is shown",
    "annotator": "a tag of this source is shown",
    "path": "the path holds this",
    "name": "the file's name holds this",
    "folder": "lies in this folder",
    "type": "the format of the file",
    "date": "when it was taken: date:2023-05",
    "before": "taken before: before:2023",
    "after": "taken after: after:2023-05",
    "camera": "the camera's name holds this",
    "lens": "the lens's name holds this",
    "iso": "sensitivity: iso:>800",
    "width": "in pixels: width:>2000",
    "height": "in pixels: height:>2000",
    "size": "of the file: size:>2MB",
    "rating": "stars: rating:>=4",
    "orientation": "portrait, landscape or square",
    "near": "latitude, longitude, kilometres",
    "has": "a place, a date, people, a title ...",
    "is": "a duplicate, a panorama, or untagged",
}
FIXED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "orientation": (
        ("portrait", "taller than wide"),
        ("landscape", "wider than tall"),
        ("square", "as wide as tall"),
    ),
    "has": (
        ("gps", "says where it was taken"),
        ("date", "says when it was taken"),
        ("people", "shows people"),
        ("tags", "any tag is shown"),
        ("text", "a title, description or keywords"),
        ("title", ""),
        ("description", ""),
        ("keywords", ""),
        ("camera", "says with which camera"),
        ("lens", "says with which lens"),
        ("iso", "says how sensitive"),
        ("rating", "has stars"),
    ),
    "is": (
        ("duplicate", "has a near duplicate"),
        ("untagged", "no tag is shown"),
        ("panorama", "very wide or very tall"),
    ),
    "sort": (
        ("-date", "the newest first"),
        ("date", "the oldest first"),
        ("-rating", "the best first"),
        ("name", "by the file's name"),
        ("-size", "the largest first"),
        ("size", "the smallest first"),
        ("score", "the likeliest first"),
        ("rating", "the worst first"),
        ("-name", "by name, backwards"),
        ("-score", "the least likely first"),
    ),
    "rating": (
        ("5", "five stars"),
        (">=4", "four stars or more"),
        (">=3", ""),
        ("4", ""),
        ("3", ""),
        ("-1", "rejected"),
    ),
}
