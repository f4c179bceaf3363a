"""Readers of sets that mark objects in pictures: COCO and Pascal VOC.  Only which objects there are is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imsearch.errors import DatasetError
from imsearch.pictures.metadata.plain_xml import XmlError, parse_xml
from imsearch.training.data.readers import text_of
from imsearch.training.data.samples import Sample

_COCO_NAME = re.compile(r"instances_([a-z]+)")


def read_coco(path: Path) -> list[Sample]:
    """Samples of a COCO ``instances_*.json``, or of all of them in a folder or in its folder ``annotations``.

    The split is in the file's name: ``instances_train2017.json`` is ``train``.  The pictures lie beside the file, or
    in ``images``, ``train2017`` or ``images/train2017`` there or one folder above.
    """
    if not path.is_dir():
        return list(_coco_samples(path))
    listings = sorted([*path.glob("instances_*.json"), *path.glob("annotations/instances_*.json")])
    if not listings:
        raise DatasetError(f"{path} holds no instances_*.json, nor does its folder annotations")
    return [sample for listing in listings for sample in _coco_samples(listing)]


def _coco_samples(listing: Path) -> Iterator[Sample]:
    try:
        said = json.loads(text_of(listing))
    except ValueError as error:
        raise DatasetError(f"{listing} is not JSON: {error}") from error
    try:
        names = {each["id"]: str(each["name"]) for each in said["categories"]}
        files = {each["id"]: str(each["file_name"]) for each in said["images"]}
        found: dict[Any, set[str]] = {image: set() for image in files}
        for number, each in enumerate(said["annotations"]):
            image, category = each["image_id"], each["category_id"]
            if image not in files or category not in names:
                what = f"image {image}" if image not in files else f"category {category}"
                raise DatasetError(f"{listing}, annotation {each.get('id', number)} is of {what}, which is not listed")
            found[image].add(names[category])
    except (KeyError, TypeError, AttributeError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DatasetError(f"{listing} is not a COCO file of instances: {what}") from error
    part = listing.stem.removeprefix("instances_")
    named = _COCO_NAME.match(listing.stem)
    folder = _coco_pictures(listing, part, next(iter(files.values()), ""))
    for image, name in files.items():
        split = named[1] if named else ""
        yield Sample(folder / name, tuple(sorted(found[image])), split, place=f"{listing}, image {image}")


def _coco_pictures(listing: Path, part: str, first: str) -> Path:
    """The folder that has the first picture; beside the file when none has."""
    for base in (listing.parent, listing.parent.parent):
        for folder in (base, base / "images", base / part, base / "images" / part):
            if (folder / first).is_file():
                return folder
    return listing.parent


def read_voc(path: Path) -> list[Sample]:
    """Samples of a Pascal VOC folder: ``JPEGImages``, ``Annotations``, and ``ImageSets/Main`` for the splits.

    Objects marked difficult are no labels; those that a picture shows only so are in `Sample.extra` as ``difficult``.
    Without ``ImageSets/Main`` every annotated picture is taken, of no split.
    """
    annotations, lists = path / "Annotations", path / "ImageSets" / "Main"
    if not annotations.is_dir() or not (path / "JPEGImages").is_dir():
        raise DatasetError(f"{path} has to hold the folders JPEGImages and Annotations, as VOC2007 does")
    parts = [name for name in ("train", "val", "test") if (lists / f"{name}.txt").is_file()]
    if "train" not in parts and (lists / "trainval.txt").is_file():
        parts = ["trainval", *(name for name in parts if name == "test")]
    if not parts:
        return [_voc_sample(path, file.stem, "", str(file)) for file in sorted(annotations.glob("*.xml"))]
    return [
        _voc_sample(path, name, part.removesuffix("val") or "val", f"{lists / part}.txt, line {number}")
        for part in parts
        for number, line in enumerate(text_of(lists / f"{part}.txt").splitlines(), 1)
        for name in line.split()[:1]
    ]


def _voc_sample(folder: Path, name: str, split: str, place: str) -> Sample:
    source = folder / "Annotations" / f"{name}.xml"
    try:
        root = parse_xml(source.read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(f"{place}: {source} is missing. Take {name} out of the list, or add it.") from error
    except (OSError, XmlError) as error:
        raise DatasetError(f"{source} cannot be read: {error}") from error
    plain: set[str] = set()
    difficult: set[str] = set()
    for thing in root.iterfind("object"):
        label = (thing.findtext("name") or "").strip()
        if not label:
            raise DatasetError(f"{source}: an object has no name")
        (difficult if (thing.findtext("difficult") or "").strip() == "1" else plain).add(label)
    only = tuple(sorted(difficult - plain))
    picture = folder / "JPEGImages" / f"{name}.jpg"
    return Sample(picture, tuple(sorted(plain)), split, extra={"difficult": only} if only else {}, place=place)
