"""Installed software: annotators with their work in this library, broken plugins, versions of packages."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from imsearch import __version__

if TYPE_CHECKING:
    from imsearch.engine.stores.annotator_status import AnnotatorStatus
    from imsearch.plugins.entries import Plugin
    from imsearch.settings import Settings
    from imsearch.specs import AnnotatorSpec

_PACKAGES = ("torch", "faiss-gpu", "faiss-cpu", "Pillow", "SQLAlchemy")
"""Packages whose version is read without importing them: PyTorch alone takes seconds."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An annotator and its work: `images` annotated in this version, `older` with previous versions.

    spec: None if it has annotated pictures but is not installed any more.
    """

    name: str
    spec: AnnotatorSpec | None
    version: str
    images: int
    older: int
    used: bool


def installed(
    specs: Sequence[AnnotatorSpec], seen: Sequence[AnnotatorStatus], settings: Settings, plugins: Sequence[Plugin]
) -> list[Installed]:
    """Return every annotator installed or used before; those that run by default first.

    specs: those of plugins; of two with one name neither can be used.
    """
    offered = Counter(spec.name for spec in specs)
    seen = [each for each in seen if not each.forgotten]
    found = []
    for spec in specs:
        images = sum(each.images for each in seen if (each.name, each.version) == (spec.name, spec.version))
        older = sum(each.images for each in seen if each.name == spec.name and each.version != spec.version)
        wanted = spec.name in settings.annotators if settings.annotators else spec.default
        found.append(Installed(spec.name, spec, spec.version, images, older, wanted and offered[spec.name] == 1))
    gone = [each for each in seen if each.name not in offered and each.images]
    found += [Installed(each.name, None, each.version, each.images, 0, False) for each in gone]
    return sorted(found, key=lambda each: (not each.used, each.spec is None, each.name))


def versions() -> list[tuple[str, str]]:
    """Return name and version of imsearch, Python and the packages that matter in a bug report."""
    found = [("imsearch", __version__), ("Python", platform.python_version())]
    for package in _PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return [*found, ("System", f"{platform.system()} {platform.machine()}")]
