"""Asking annotators about pictures that need not be in any library: which there are, where they run, what they say."""

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
    """What the annotators said about one file, the likeliest first; `error` is None when all went well."""

    path: Path
    tags: tuple[Tag, ...]
    error: str | None = None


def _silent(text: str) -> None:
    """Tell nobody."""


def annotate_files(
    paths: Sequence[Path],
    settings: Settings,
    plugins: PluginManager | None = None,
    note: Callable[[str], None] = _silent,
    doing: Doing | None = None,
) -> list[Annotated]:
    """Tag files without indexing them; no library is needed.

    doing: is told what is under way.
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
    """What these annotators make of files, each an item in the order given."""
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
    """What one annotator said of a file, with its name as the source; [] where it failed."""
    annotation = item.annotations.get(spec.name)
    return spec.marked(annotation.tags) if annotation else []


def error_of(item: Item) -> str | None:
    """What failed for a file, in one line."""
    failures = [
        f"{failure.annotator}: {failure.reason}" if failure.annotator else failure.reason
        for failure in item.all_failures()
    ]
    return "; ".join(failures) or None


def usable_annotators(
    plugins: PluginManager, names: Sequence[str], note: Callable[[str], None]
) -> tuple[AnnotatorSpec, ...]:
    """The annotators of these names, or all; notes plugins that are broken, raises PluginError when nothing is left."""
    specs = plugins.choose(names)
    for problem in plugins.problems():
        note(problem)
    if not specs:
        raise PluginError('no annotator is installed that works. "imsearch plugins" tells more.')
    return specs


def pick_device(wanted: str) -> str:
    """What annotators are built for: ``auto`` takes CUDA where there is one, everything else is taken as it is.

    PyTorch takes seconds to import, so it is asked only on machines that have NVIDIA's driver.
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
    """What annotators of a crew make of the bytes of a picture, which need not lie in any file.

    path: what to call it; nothing is looked for there.  Names of annotators that cannot be built become failures.
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
