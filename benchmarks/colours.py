"""How right colours of things are, judged by captions; and learning them anew.

    python -m benchmarks.colours --dataset flickr8k:PATH [--learn colours.npz] [--grey KIND:PATH ...]

A tag such as "black dog" is right where one of a picture's captions says so, wrong where captions name another colour
of the thing or not the thing at all, and not judged where they name it without a colour.  Judged on the dev split,
learned on train.  ``--grey`` counts the pictures of a set that are taken for black and white.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

import click
import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.cli.output import make_table, print_table
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.annotator import EverydayAnnotator
from imsearch.plugins.everyday.colour_learning import THINGS, colours_in, learn_colours, things_in
from imsearch.plugins.everyday.colour_pixels import colour_histograms, grey_probability
from imsearch.plugins.everyday.colours import BLACK_AND_WHITE, HEADS, Colourist, ColourModel, gather_evidence
from imsearch.plugins.everyday.files import WEIGHTS
from imsearch.plugins.everyday.network import FROZEN_STAGES
from imsearch.records import Tag
from imsearch.training.data.datasets import Sample, load_dataset
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.features import load_square
from imsearch.training.probabilities import Floats

LEAST = (0.3, 0.4, 0.5, 0.6, 0.7)
_BATCH = 16


def tuned_maps(annotator: EverydayAnnotator, pixels: NDArray[np.uint8]) -> Floats:
    """The tuned branch's last map, ``(N, 9, 9, 1280)``."""
    backbone = annotator.network.backbone
    stages = torch.nn.Sequential(*list(backbone.stages)[FROZEN_STAGES:], backbone.head)
    with torch.inference_mode():
        seen = backbone.lower(to_input(torch.from_numpy(pixels), torch.device("cpu")), FROZEN_STAGES)
        return np.asarray(stages(seen).permute(0, 2, 3, 1).numpy(), dtype=np.float32)


def batches(
    annotator: EverydayAnnotator, samples: Sequence[Sample]
) -> Iterator[tuple[Sequence[Sample], NDArray[np.uint8], Floats]]:
    """Samples, their pixels and their maps, a few at a time."""
    for start in range(0, len(samples), _BATCH):
        some = samples[start : start + _BATCH]
        pixels = np.stack([load_square(sample.file, annotator.side) for sample in some])
        yield some, pixels, tuned_maps(annotator, pixels)


def weights_of(annotator: EverydayAnnotator) -> dict[str, Floats]:
    """The weights of the linear heads that say where a thing is."""
    parameters = dict(annotator.network.heads.named_parameters())
    return {name: parameters[f"{name}.weight"].detach().numpy().astype(np.float32) for name in HEADS}


def labels_of(annotator: EverydayAnnotator) -> dict[str, tuple[str, ...]]:
    """Their labels."""
    return {name: annotator.checkpoint.heads[name].labels for name in HEADS}


def learn(annotator: EverydayAnnotator, samples: Sequence[Sample], lexicon: Lexicon) -> ColourModel:
    """Learn from the captions of these pictures."""
    heads = {
        lexicon.labels(name)[label]: row
        for name, rows in weights_of(annotator).items()
        for label, row in zip(labels_of(annotator)[name], rows, strict=True)
    }
    evidence, things, colours = [], [], []
    told = [sample for sample in samples if colours_in(sample.extra["captions"])]
    for some, pixels, maps in batches(annotator, told):
        for sample, picture, seen in zip(some, pixels, maps, strict=True):
            named = {thing: said for thing, said in colours_in(sample.extra["captions"]).items() if thing in heads}
            columns = np.stack([heads[thing] for thing in named], axis=1)
            histogram = colour_histograms(picture[None])[0]
            evidence.append(gather_evidence(histogram, seen.reshape(-1, seen.shape[-1]), columns))
            things += list(named)
            colours += list(named.values())
    return learn_colours(np.concatenate(evidence), things, colours)


def verdict(tag: Tag, captions: Sequence[str]) -> str:
    """Whether captions say so: "right", "other colour", "not named" or "no colour"."""
    colour, thing = tag.name.split(" ", 1)
    said = colours_in(captions)
    if thing in said:
        return "right" if colour in said[thing] else "other colour"
    return "no colour" if thing in things_in(captions) else "not named"


def judge(
    annotator: EverydayAnnotator, colourist: Colourist, samples: Sequence[Sample]
) -> tuple[list[tuple[Tag, str]], float]:
    """Every colour of a thing with its verdict, and the milliseconds a picture that colours took."""
    found, seconds = [], 0.0
    for some, pixels, maps in batches(annotator, samples):
        looked = annotator.forward(list(pixels))
        rows = annotator.tagger.probabilities(looked.logits, looked.kind)
        start = perf_counter()
        tags = colourist(pixels, maps, rows)
        seconds += perf_counter() - start
        for sample, several in zip(some, tags, strict=True):
            captions = sample.extra["captions"]
            found += [(tag, verdict(tag, captions)) for tag in several if tag.name != BLACK_AND_WHITE]
    return found, 1000 * seconds / len(samples)


def _row(least: float, kind: str, found: list[tuple[Tag, str]]) -> tuple[str, ...]:
    counts = Counter(said for _, said in found)
    right = counts["right"]
    judged = right + counts["other colour"]
    shares = (right / max(judged, 1), right / max(judged + counts["not named"], 1))
    mean = float(np.mean([tag.probability for tag, _ in found])) if found else 0.0
    numbers = [len(found), right, counts["other colour"], counts["not named"], counts["no colour"]]
    return f"{least}", kind, *map(str, numbers), *(f"{share:.2f}" for share in (*shares, mean))


def count_grey(samples: Sequence[Sample], side: int) -> tuple[int, int]:
    """How many pictures are likelier black and white than not, and how many surely (.95)."""
    likely = np.array([grey_probability(load_square(sample.file, side)[None])[0] for sample in samples])
    return int((likely >= 0.5).sum()), int((likely >= 0.95).sum())


@click.command()
@click.option("--dataset", required=True, metavar="KIND:PATH")
@click.option("--learn", "target", type=click.Path(path_type=Path), help="learn anew and write the weights here")
@click.option("--grey", multiple=True, metavar="KIND:PATH", help="count the black-and-white pictures of this set")
def main(dataset: str, target: Path | None, grey: tuple[str, ...]) -> None:
    """Print the share of right colours among those of some probability and more."""
    samples = load_dataset(dataset).samples
    annotator, lexicon = EverydayAnnotator(WEIGHTS, None), Lexicon.load()
    if target:
        learn(annotator, [sample for sample in samples if sample.split == "train"], lexicon).save(target)
    model = ColourModel.load(target) if target else ColourModel.load()
    meanings = {name: lexicon.labels(name) for name in HEADS}
    colourist = Colourist(model, labels_of(annotator), weights_of(annotator), meanings, annotator.tagger.tags)
    found, cost = judge(annotator, colourist, [sample for sample in samples if sample.split == "dev"])
    counts = (">tags", ">right", ">other", ">not named", ">no colour")
    table = make_table("least p", "things", *counts, ">P of colours", ">P strict", ">mean p")
    for least in LEAST:
        likely = [(tag, said) for tag, said in found if tag.probability >= least]
        table.add_row(*_row(least, "all", likely))
        table.add_row(*_row(least, "no dogs", [(tag, said) for tag, said in likely if not tag.name.endswith(" dog")]))
    print_table(table)
    click.echo(f"{cost:.2f} ms a picture; {len(THINGS)} things")
    for name in grey:
        counted = load_dataset(name).samples
        grey_ones, sure = count_grey(counted, annotator.side)
        click.echo(f"{name}: of {len(counted)} pictures, {grey_ones} black and white, {sure} surely")


if __name__ == "__main__":
    main()
