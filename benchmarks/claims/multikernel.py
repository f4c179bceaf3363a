"""Multi-kernel pooling with asymmetric convolutions: what each part is worth, above all for small objects.

The claim: several pooling kernels side by side at fused levels, and asymmetric convolutions, find more than the same
network without them, small objects most.  All variants learn a head over the same frozen ImageNet backbone, from the
same pictures in the same order (by seed), for the same number of epochs.  mAP over all words, and over the words for
small objects (imsearch/plugins/multikernel/small.py).

    python -m benchmarks.claims.multikernel --dataset corel5k:DATA/corel5k --dataset flickr8k:DATA/flickr8k_224 \
        --dataset coco:DATA/coco_mini --cache DIR --seeds 2 --epochs 2

``--vary parts`` (the claim) is judged on corel5k's test split, flickr8k's dev split and one in four COCO photos, all
held back.  ``--vary levels`` and ``--vary asymmetric`` are the choices of the recipe; they are judged on one in five of
corel5k's training pictures, held back for them.

Pictures of 192 or 224 pixels hold nothing more for a larger input, COCO's photos of 400 do.  ``--side 520`` reads all
at twice the side, and with COCO alone the choices are judged on one in three of the photos that are learned from:

    python -m benchmarks.claims.multikernel --dataset coco:DATA/coco_mini --cache DIR --side 520 --vary levels
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.claims.report import print_claim
from imsearch.plugins.multikernel.maps import POOLED, stage_outputs
from imsearch.plugins.multikernel.network import MultikernelHead, Shape, shape_of
from imsearch.plugins.multikernel.recipe import DEFAULTS, HELD_ONE_IN, make_loss, repeat_objects
from imsearch.plugins.multikernel.small import SMALL_OBJECTS
from imsearch.training.corpus import TEACHER_HEAD, Corpus, gather
from imsearch.training.data.datasets import hold_out, load_dataset
from imsearch.training.efficientnet_lite import fold_normalization, load_imagenet
from imsearch.training.fit import Fit, Plan, Rows, predict
from imsearch.training.metrics import mean_average_precision
from imsearch.training.run import Run

TITLES = {
    "parts": "multikernel: its parts, judged on held-back pictures, mAP",
    "levels": "multikernel: which levels are fused, judged on held-back training pictures, mAP",
    "asymmetric": "multikernel: where convolutions are asymmetric, judged on held-back training pictures, mAP",
}
CHOICE_HELD = {"corel5k": 5, TEACHER_HEAD: 4}
TRIED = ("7", "5,7", "3,7", "3,5,7")
PHOTOS_HELD = 3
"""Of the photos learned from, one in this many judges the choices where there is no corel5k."""


def variants(vary: str, chosen: Shape, tried: Sequence[tuple[int, ...]] = ()) -> dict[str, Shape]:
    """The shapes that a table compares, by their names in it; `chosen` is that of the whole network.

    tried: the levels that ``levels`` compares.
    """
    plain = replace(chosen, kernels=(1,), asymmetric=())
    several = replace(chosen, asymmetric=())
    if vary == "parts":
        return {
            "pooled feature alone": replace(plain, levels=()),
            "fused levels, one kernel": plain,
            "with multi-kernel pooling": several,
            "with asymmetric convolutions": replace(plain, asymmetric=chosen.asymmetric),
            "with both": chosen,
        }
    if vary == "levels":
        return {"none": replace(several, levels=())} | {
            f"stages {_numbers(levels)}": replace(several, levels=levels) for levels in tried
        }
    first, *others = chosen.levels
    subsets = [(level,) for level in (first, *others)] + [chosen.levels] * bool(others)
    return {"none": several} | {
        f"at stages {_numbers(levels)}": replace(several, asymmetric=levels) for levels in subsets
    }


def _numbers(levels: Sequence[int]) -> str:
    return ",".join(map(str, levels))


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH", help="Labelled pictures.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where maps are kept.")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, metavar="N")
@click.option("--epochs", type=click.IntRange(min=1), default=3, show_default=True, metavar="N")
@click.option("--vary", type=click.Choice(sorted(TITLES)), default="parts", show_default=True)
@click.option("--side", type=click.IntRange(min=64), help="Of the input, in pixels.  [default: the backbone's, 260]")
@click.option("--levels", default=DEFAULTS["levels"], show_default=True, help="Stages that are fused.")
@click.option("--try", "tried", multiple=True, default=TRIED, show_default=True, help="Stages for --vary levels.")
@click.option("--asymmetric", default=DEFAULTS["asymmetric"], show_default=True, help="Those of them so convolved.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.json")
def main(
    specs: Sequence[str],
    cache: Path,
    seeds: int,
    epochs: int,
    vary: str,
    side: int | None,
    levels: str,
    tried: Sequence[str],
    asymmetric: str,
    output: Path | None,
) -> None:
    """Train each variant once for each seed, and print mAP over all words and over those for small objects."""
    datasets = [load_dataset(spec) for spec in specs]
    several = [shape_of(DEFAULTS | {"levels": each, "asymmetric": ""}).levels for each in tried]
    compared = variants(vary, shape_of(DEFAULTS | {"levels": levels, "asymmetric": asymmetric}), several)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in compared}
    for seed in range(seeds):
        for name, shape in compared.items():
            settings = (seed, epochs, shape, vary == "parts", sorted(DEFAULTS.items()), *([side] if side else []))
            told = "|".join([*specs, *map(str, settings)])
            folder = cache / f"multikernel-claim-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
            done = folder / "figures.json"
            if not done.exists():
                folder.mkdir(parents=True, exist_ok=True)
                run = Run(folder, datasets, seed=seed, shared=cache)
                done.write_text(json.dumps(_figures(run, shape, epochs, vary == "parts", side)))
            found[name].append(json.loads(done.read_text()))
            click.echo(f"{name}, seed {seed}: {found[name][-1]}", err=True)
    print_claim(TITLES[vary], found, output)


def _figures(run: Run, shape: Shape, epochs: int, final: bool, side: int | None) -> dict[str, float]:
    """Trains one variant and judges it."""
    run.seed_everything(0)
    corpus = gather(run, HELD_ONE_IN if final else CHOICE_HELD, teacher=True)
    if not final and all(part.kind != "corel5k" for part in corpus.parts):
        corpus = for_choices(corpus)
    rows = _judged_rows(corpus, final)
    backbone = load_imagenet("lite2")
    fold_normalization(backbone)
    backbone.size = side or backbone.size
    kept = stage_outputs(run, corpus, backbone, [*shape.levels, POOLED])
    head = MultikernelHead(sum(map(len, corpus.heads.values())), shape, float(DEFAULTS["dropout"]))
    plan = Plan(
        [{"params": list(head.parameters()), "lr": DEFAULTS["head_learning_rate"]}],
        epochs,
        loss=make_loss(corpus.slices),
        sampler=repeat_objects(corpus, int(DEFAULTS["object_repeats"])),
        average=float(DEFAULTS["average"]),
    )

    def inputs(chosen: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        return kept[POOLED].take(chosen), *(kept[stage].take(chosen) for stage in shape.levels)

    # Judging after each epoch would cost as much as an epoch: one held-back picture is enough for it.
    fit = Fit(run, replace(corpus, held=corpus.held[:1]), head, inputs, plan)
    return _scores(corpus, rows, predict(fit.fit(), inputs, rows, run.device))


def for_choices(corpus: Corpus) -> Corpus:
    """The corpus without its held-back pictures, which judge the claim; some of those learned from take their place."""
    samples = corpus.samples
    row_of = {samples[row].file: row for row in corpus.train}
    kept, held = hold_out([samples[row] for row in corpus.train], PHOTOS_HELD)
    train, judged = (np.array([row_of[sample.file] for sample in part], dtype=np.intp) for part in (kept, held))
    return replace(corpus, train=train, held=judged)


def _judged_rows(corpus: Corpus, final: bool) -> Rows:
    """The held-back rows; of corel5k, the test split takes their place in the end."""
    kinds = np.repeat([part.kind for part in corpus.parts], [len(part.samples) for part in corpus.parts])
    splits = np.array([sample.split for sample in corpus.samples])
    if not final:
        chosen: Rows = corpus.held[kinds[corpus.held] == "corel5k"]
        return chosen if len(chosen) else corpus.held
    return np.sort(np.concatenate([corpus.held[kinds[corpus.held] != "corel5k"], np.flatnonzero(splits == "test")]))


def _scores(corpus: Corpus, rows: Rows, logits: NDArray[np.float32]) -> dict[str, float]:
    """mAP of each head on the pictures with its true labels."""
    figures = {}
    for name, columns in corpus.slices.items():
        places, truth = corpus.judged(name, rows)
        if truth.any():
            small = np.isin(corpus.heads[name], SMALL_OBJECTS[name])
            scores = logits[places][:, columns]
            figures[name] = mean_average_precision(truth, scores)
            figures[f"{name}, small"] = mean_average_precision(truth[:, small], scores[:, small])
    return figures


if __name__ == "__main__":
    main()
