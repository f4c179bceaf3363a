"""Annotate pictures that need not be in a library: choose the annotators and the device, and collect the results."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import PluginError
from imsearch.records import Tag
from imsearch.settings import Settings
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.indexer.annotator_pool import Crew
    from imsearch.indexer.item import Item
    from imsearch.pictures.decoders import Decoding
    from imsearch.plugins.manager import PluginManager
    from imsearch.system.doing import Doing


@dataclass(frozen=True, slots=True)
class Annotated:
    """The tags of all annotators for one file, the likeliest first; `error` is None on success."""

    path: Path
    tags: tuple[Tag, ...]
    error: str | None = None


def _silent(text: str) -> None:
    """Discard a note."""


def annotate_files(
    paths: Sequence[Path],
    settings: Settings,
    plugins: PluginManager | None = None,
    note: Callable[[str], None] = _silent,
    doing: Doing | None = None,
) -> list[Annotated]:
    """Tag files without indexing them; no library is needed.

    doing: receives the work in progress.
    """
    from imsearch.engine.stores.tagging import merge
    from imsearch.plugins.manager import make_manager

    specs = {spec.name: spec for spec in usable_annotators(plugins or make_manager(), settings.annotators, note)}
    answers = []
    for item in annotate(paths, list(specs.values()), settings, note, doing):
        said = [tag for name in item.annotations for tag in tags_by(item, specs[name])]
        answers.append(Annotated(item.path, merge(said, {}), error_of(item)))
    return answers


def annotate(
    paths: Sequence[Path],
    specs: Sequence[AnnotatorSpec],
    settings: Settings,
    note: Callable[[str], None] = _silent,
    doing: Doing | None = None,
) -> Iterator[Item]:
    """Run these annotators on files; yield an item for each, in the order given."""
    from imsearch.indexer.outside import annotate_outside

    return annotate_outside(
        paths,
        specs,
        device=pick_device(settings.device),
        batch_size=settings.batch_size,
        workers=settings.workers,
        decode_seconds=settings.decode_seconds,
        note=note,
        doing=doing,
    )


def tags_by(item: Item, spec: AnnotatorSpec) -> list[Tag]:
    """Return one annotator's tags for a file, with its name as the source; [] where it failed."""
    annotation = item.annotations.get(spec.name)
    return spec.marked(annotation.tags) if annotation else []


def error_of(item: Item) -> str | None:
    """Return the failure of a file as one line."""
    failures = [
        f"{failure.annotator}: {failure.reason}" if failure.annotator else failure.reason
        for failure in item.all_failures()
    ]
    return "; ".join(failures) or None


def usable_annotators(
    plugins: PluginManager, names: Sequence[str], note: Callable[[str], None]
) -> tuple[AnnotatorSpec, ...]:
    """Return the annotators of these names, or all; notes broken plugins, raises PluginError when none is left."""
    specs = plugins.choose(names)
    for problem in plugins.problems():
        note(problem)
    if not specs:
        raise PluginError('no annotator is installed that works. "imsearch plugins" tells more.')
    return specs


def pick_device(wanted: str) -> str:
    """Return the device to build annotators for: ``auto`` selects CUDA if available, other values are kept.

    PyTorch takes seconds to import, so it is consulted only on machines with NVIDIA's driver.
    """
    if wanted != "auto":
        return wanted
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return "cpu"
    from imsearch.training.device import choose_device

    return choose_device("auto").type


def annotate_bytes(crew: Crew, data: bytes, path: Path, names: Sequence[str], decoding: Decoding) -> Item:
    """Run annotators of a crew on the bytes of a picture, which need not be in a file.

    path: a name for the picture; never opened.  Annotators that cannot be built become failures.
    """
    from imsearch.indexer.item import Item
    from imsearch.indexer.read import decode

    item = Item(path, len(data), 0, beside=0, data=data, sha256=hashlib.sha256(data).hexdigest(), decode=True)
    item.wanted = tuple(name for name in names if crew.has(name))
    decode(item, crew.ready, decoding)
    crew.annotate([item])
    if not item.reason:
        item.failures.update((name, crew.broken[name]) for name in names if name in crew.broken)
    return item
