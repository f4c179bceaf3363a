"""Counts of people or dogs in a picture: linear heads on the vectors, trained on captions (`benchmarks.counts`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from imsearch.annotator import CountHead
from imsearch.plugins.everyday.colour_arrays import read_arrays

_HEADS = Path(__file__).parent / "counts.npz"


def read_heads(path: Path = _HEADS) -> dict[str, CountHead]:
    """Return tag -> count head.  Raises `ModelError` when the file cannot be used."""
    things, weights, bias = read_arrays(path, ("things", "weights", "bias"))
    return {
        str(thing): CountHead(rows.astype(np.float32), offsets.astype(np.float32))
        for thing, rows, offsets in zip(things, weights, bias, strict=True)
    }


def write_heads(heads: Mapping[str, CountHead], path: Path) -> None:
    """Write heads for `read_heads`, with weights in half precision."""
    np.savez(
        path,
        things=np.array(list(heads)),
        weights=np.stack([head.weights for head in heads.values()]).astype(np.float16),
        bias=np.stack([head.bias for head in heads.values()]).astype(np.float32),
    )
