"""The untouched backbone's output for every picture, stage by stage, cached on disk.

Stages up to the fifth are computed from the pixels (`cached_maps`), later ones from the cached output of the one
before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus
from imsearch.training.efficientnet_lite import EfficientNetLite
from imsearch.training.features import cached_maps
from imsearch.training.fit import Rows
from imsearch.training.run import Run

FROM_PIXELS = 5
POOLED = 8
"""Key of the pooled feature in `stage_outputs`; it follows the seventh stage."""


@dataclass(frozen=True)
class Stack:
    """One array for each dataset, indexed as one by the rows of the corpus."""

    parts: Sequence[NDArray[np.float16]]

    def take(self, rows: Rows) -> Tensor:
        """Return features ``(rows, C)``, or whole maps ``(rows, C, H, W)``, as float32."""
        return self.window(rows, 0, 0, None)

    def window(self, rows: Rows, top: int, left: int, side: int | None) -> Tensor:
        """Return the same square of each map."""
        starts = np.cumsum([0, *map(len, self.parts)])
        square = (slice(top, None if side is None else top + side), slice(left, None if side is None else left + side))
        cut = square if self.parts[0].ndim == 4 else ()
        pieces, places = [], []
        for part, start in zip(self.parts, starts[:-1], strict=True):
            inside = np.flatnonzero((rows >= start) & (rows < start + len(part)))
            places.append(inside)
            pieces.append(part[(rows[inside] - start, *cut)])
        found = np.concatenate(pieces)[np.argsort(np.concatenate(places), kind="stable")]
        tensor = torch.from_numpy(found.astype(np.float32))
        return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor


def stage_outputs(run: Run, corpus: Corpus, backbone: EfficientNetLite, wanted: Sequence[int]) -> dict[int, Stack]:
    """Return the outputs of these stages for all pictures, not mirrored."""
    several = [[sample.file for sample in part.samples] for part in corpus.parts]
    found: dict[int, Stack] = {}
    below = {FROM_PIXELS} if max(wanted) > FROM_PIXELS else set()
    for stage in sorted({*(stage for stage in wanted if stage <= FROM_PIXELS), *below}):
        run.reporter.stage(f"stage {stage}", len(corpus.files))
        found[stage] = Stack([
            cached_maps(files, backbone, stage, run.cache, progress=run.reporter.advance) for files in several
        ])  # fmt: skip
    for stage in range(FROM_PIXELS + 1, max(wanted) + 1):
        run.reporter.stage("pooled features" if stage == POOLED else f"stage {stage}", len(corpus.files))
        step = _next_stage(backbone, stage)
        found[stage] = Stack([
            _derived(run, files, part, step, stage) for files, part in zip(several, found[stage - 1].parts, strict=True)
        ])  # fmt: skip
    return {stage: found[stage] for stage in wanted}


def _next_stage(backbone: EfficientNetLite, stage: int) -> Callable[[Tensor], Tensor]:
    if stage == POOLED:
        return lambda x: backbone.head(x).mean(dim=(2, 3))
    return lambda x: backbone.stages[stage - 1](x).permute(0, 2, 3, 1)


def _derived(
    run: Run, files: Sequence[Path], base: NDArray[np.float16], step: Callable[[Tensor], Tensor], stage: int
) -> NDArray[np.float16]:
    """Compute one stage's output from that of the stage before."""
    stack = Stack([base])

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        with torch.inference_mode():
            x = stack.take(np.arange(start, stop)).to(run.device)
            return np.asarray(step(x).half().cpu().numpy())

    name, step_done = f"lite2-stage{stage}", run.reporter.advance
    return picture_rows(run.cache, name, base.shape, files, compute, 16, step_done)  # type: ignore[return-value]
