"""``--annotator NAME[=WEIGHTS]``: an installed annotator, or a candidate that ``imsearch train`` wrote."""

from __future__ import annotations

from dataclasses import replace

from imsearch.plugins import trained
from imsearch.plugins.manager import make_manager
from imsearch.specs import AnnotatorSpec


def chosen_spec(text: str) -> AnnotatorSpec:
    """The spec of ``NAME``, or of ``NAME=WEIGHTS``, where the name may be that of the installed one.

    Raises `PluginError` for a name that nothing offers or whose recipe cannot load checkpoints, and `ModelError` for
    files that are missing or damaged.
    """
    manager, item = make_manager(), trained.parse(text)
    if item is None:
        (spec,) = manager.choose([text])
        return spec
    spec = manager.trained_spec(replace(item, name="candidate"))
    return replace(spec, name=item.name)
