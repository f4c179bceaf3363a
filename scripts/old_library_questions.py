"""What scripts/make_old_library.py does to its library and asks of it: commands, and paths of the JSON API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

CONFIG = """languages = ["de", "fr", "es", "zh"]
semantic = "off"
device = "cpu"
"""
"""The configuration the library is made and asked with; nothing of it depends on the machine."""

CORRECTIONS = (
    ("tag", "add", "camera/home/cat.jpg", "mimi", "--exact"),
    ("tag", "add", "camera/home/cat.jpg", "camera/home/espresso.jpg", "--", "my favourites"),
    ("tag", "reject", "archive/cameraman.jpg", "-t", "person", "--exact"),
    ("tag", "rename", "motorcycle", "roaring machine"),
    ("tag", "merge", "flower", "blossom"),
    ("tag", "add", "archive/moon.jpg", "cheese"),
    ("tag", "undo"),
    ("tags", "define", "night sky", "--as", "stars in the dark sky"),
    ("tags", "define", "two wheels", "--as", "a motorcycle in a garage"),
)
"""Commands, run in the folder of the photos; the undo takes back the one before."""

_QUERIES = (
    # words: synonyms, kinds, forms, unlikely ones, several
    "cat",
    "kitty",
    "animals",
    "coffee cup",
    "person -astronaut",
    "vehicle OR moon",
    "(cat OR flower) +pet",
    "red flower",
    '"roaring machine"',
    "blossom",
    "motorcycle",
    "two people in the dark",
    "stars in the night",
    "my favourites",
    "two wheels",
    "night sky",
    "person",
    # prefixes, typos, words by which a file goes
    "moto*",
    "tempel~",
    "dgo",
    "IMG_1234",
    "hopper",
    "portrait of a lady",
    # every key; not is:duplicate, which looks at the files
    "tag:mimi",
    "tag:person>0.3",
    "shows:cat",
    "by:user",
    "annotator:emotion",
    "emotion:positive camera:canon",
    "path:town name:t*e",
    "folder:/tmp/imsearch-photos/archive",
    "type:webp OR type:png",
    "date:2023",
    "before:2022 after:1990",
    "month:2..5",
    "camera:canon lens:50mm iso:>800",
    "width:>=320 height:<200",
    "size:>20kB -has:gps",
    "rating:>=4",
    "orientation:portrait",
    "place:germany",
    "city:paris OR region:bavaria",
    "country:china near:Beijing,50",
    "has:text has:date",
    "is:panorama OR is:screenshot",
    "is:untagged",
    # order, facts in plain words, other languages, looks, nothing that fits
    "sort:-date",
    "person sort:name",
    "sort:-valence",
    "has:date sort:-rating",
    "sort:size has:camera",
    "motorcycle february 2024",
    "christmas 2023",
    "munich without people",
    "canon 5 stars",
    "Katze",
    "chat dormant",
    "flores",
    "猫",
    "cat date:1999",
    "like:1",
    "like:6 -roaring",
    "like:/tmp/imsearch-photos/camera/home/cat.jpg",
)


def questions() -> list[str]:
    """Paths of the JSON API: queries with their facets, in pages, unlikely ones too; pictures alike; lists of tags."""
    asked = [_search(query) for query in _QUERIES]
    asked += [_search("person", all="true", n="5", offset="3"), _search("cat", min_score="0.5")]
    asked += [f"/api/images/{image}/similar?n=50" for image in (1, 5, 12)]
    asked += ["/api/images/1/similar?" + urlencode({"q": "dark", "n": "50"})]
    asked += ["/api/tags", "/api/tags?by=user", "/api/tags?prefix=mo", "/api/history", "/api/review?n=20"]
    return [*asked, *(f"/api/images/{image}" for image in (1, 12))]


def _search(query: str, **parameters: str) -> str:
    return "/api/search?" + urlencode({"q": query, "n": "50", "facets": "true"} | parameters)


def essence(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what takes much room: of a hit its id, path, score and shown tags remain."""
    if "hits" not in answer:
        return answer
    hits = [{name: hit[name] for name in ("id", "path", "score")} | {"shown": _shown(hit)} for hit in answer["hits"]]
    return answer | {"hits": hits}


def _shown(hit: dict[str, Any]) -> list[str]:
    return [tag["name"] for tag in hit["tags"] if tag["shown"]]
