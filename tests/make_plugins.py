"""Little plugin packages, installed for one test: a module and the metadata that pip would have written."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import DistributionFinder, EntryPoint, MetadataPathFinder
from pathlib import Path

import pytest


class Plugins:
    """A folder on ``sys.path`` whose packages are the only plugins there are."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        folder.mkdir()
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setattr("imsearch.plugins.manager.entry_points", self.entry_points)

    def add(self, name: str, source: str, package: str | None = None) -> None:
        """Install the module `name` with this source, as a plugin of the same name from its own package."""
        package = package or f"imsearch-{name}"
        module = f"plugin_{package}_{name}".replace("-", "_")
        (self._folder / f"{module}.py").write_text(source)
        metadata = self._folder / f"{package.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[imsearch]\n{name} = {module}\n")
        self._monkeypatch.delitem(sys.modules, module, raising=False)

    def remove(self, name: str) -> None:
        """Uninstall the package of the plugin `name`."""
        shutil.rmtree(self._folder / f"imsearch_{name}-1.0.dist-info")

    def entry_points(self, group: str = "imsearch") -> list[EntryPoint]:
        """Those of the packages in the folder, found as the standard library finds them."""
        context = DistributionFinder.Context(path=[str(self._folder)])
        found = MetadataPathFinder.find_distributions(context)
        return [entry for distribution in found for entry in distribution.entry_points if entry.group == group]
