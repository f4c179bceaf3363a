"""All shipped models on the benchmark sets, and what they cost: the figures of docs/models.md.

    python -m benchmarks.models --dataset corel5k:PATH --dataset flickr8k:PATH --data DATA

On --dataset each model is judged as `imsearch evaluate` judges it: on the test split (flickr8k: dev) by its own labels,
or by its tags where it learned those of a teacher; with corel5k also by the 2,241 queries through the program's index
and search.  DATA is the folder of the labelled sets that docs/everyday.md names; `benchmarks.model_sets` tells what is
measured there, on at most 200 pictures of a set, or --most.  Cost: parameters (with the backbone), size of the weights
file, and the time of a pass, input to tags, in batches of 16 on the CPU; also of preparing a picture that is decoded
and has the model's size (on one core; the indexer does it beside the pass).  Figures are kept as they come, part by
part: a call that was stopped goes on where it was.  What is in the file already is measured again only for a model that
is named, or whose weights have changed since.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from benchmarks.model_sets import MOST, judged_sets, meet
from imsearch.cli.evaluate import choose
from imsearch.cli.progress import IndexingProgress, TrainingProgress
from imsearch.evaluation.measures import Part, Sets
from imsearch.evaluation.search_quality import evaluate_search
from imsearch.pictures.picture import Picture
from imsearch.plugins.manager import make_manager
from imsearch.settings import load_settings
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.evaluate import HasHeads, evaluate
from imsearch.training.teacher import HEAD as TAUGHT

BATCH, PASSES = 16, 8


@click.command()
@click.option("--dataset", "datasets", multiple=True, metavar="KIND:PATH", help="Labelled pictures with a test split.")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True, file_okay=False), help="The folder of the labelled sets."
)
@click.option("--most", type=click.IntRange(min=4), default=MOST, show_default=True, help="Pictures of each of those.")
@click.option("--model", "names", multiple=True, metavar="NAME", help="Measure these anew (default: what is missing).")
@click.option(
    "--only",
    type=click.Choice(["cost", "search", "sets"]),
    help="Measure this (sets: those of --data), and leave the other figures as they are.",
)
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs/figures/models.json"), show_default=True)
def main(
    datasets: tuple[str, ...], data: Path | None, most: int, names: tuple[str, ...], only: str | None, output: Path
) -> None:
    """Judge the shipped models and write the figures to a JSON file."""
    known: dict[str, Any] = json.loads(output.read_text()) if output.exists() else {}
    offered = {spec.name: spec for spec in make_manager().offered()}
    if unknown := [name for name in names if name not in offered]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(offered)}", param_hint="--model")
    loaded = [load_dataset(spec) for spec in datasets]
    others = judged_sets(Sets(data), most) if data is not None else {}
    output.parent.mkdir(parents=True, exist_ok=True)
    for name in names or offered:
        spec = offered[name]
        found = known.setdefault(name, {})
        if found.get("version") != spec.version:
            found.clear()
        found |= {"version": spec.version, "sets": found.get("sets", {})}
        for title, measure in measures(spec, loaded, others, found, only, name in names):
            measure()
            output.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            click.echo(f"{name}: {title}")


def measures(
    spec: AnnotatorSpec,
    datasets: Sequence[Dataset],
    others: Mapping[str, Part],
    found: dict[str, Any],
    only: str | None,
    anew: bool,
) -> Iterator[tuple[str, Callable[[], None]]]:
    """What is to be measured of one model, each a title and a call that puts its figures into `found`.

    anew: also what `found` has already.
    """
    sets = found["sets"]
    if only in (None, "cost") and (anew or "cost" not in found):
        yield "cost", lambda: found.update(cost=cost(spec))
    for dataset in datasets:
        kind = dataset.kind
        if only is None and (anew or kind not in sets):
            yield kind, lambda kind=kind, dataset=dataset: sets.update({kind: judge(spec, dataset)})  # type: ignore[misc]
        elif only == "search" and kind == "corel5k" and sets.get(kind):
            yield "search", lambda dataset=dataset: sets["corel5k"].update(search=judge_search(spec, dataset))  # type: ignore[misc]
    if others and only in (None, "sets") and (anew or "others" not in found):
        yield "other sets", lambda: found.update(others=meet(spec, others))


def judge(spec: AnnotatorSpec, dataset: Dataset) -> dict[str, Any] | None:
    """The figures of one model on one dataset, or None when it has not learned that dataset's labels."""
    chosen = choose(dataset, None, None)
    annotator = spec.factory("cpu")
    try:
        if not isinstance(annotator, HasHeads) or not {dataset.kind, TAUGHT} & annotator.heads.keys():
            return None
        # What learned a teacher's tags has no labels of the sets' own.
        by = "labels" if dataset.kind in annotator.heads else "tags"
        with TrainingProgress() as progress:
            progress.stage(f"{spec.name} on {dataset.kind}", len(chosen.samples))
            figures = asdict(evaluate(spec, annotator, dataset, chosen, by, progress.advance))
    finally:
        annotator.close()
    if dataset.kind == "corel5k":
        figures["search"] = judge_search(spec, dataset)
    return figures


def judge_search(spec: AnnotatorSpec, dataset: Dataset) -> dict[str, Any]:
    """What the protocol's queries find in the program's own index."""
    with IndexingProgress() as progress:
        chosen = choose(dataset, None, None)
        return asdict(evaluate_search(spec.name, chosen, load_settings({}), "tags", progress))


def cost(spec: AnnotatorSpec) -> dict[str, float]:
    """Parameters, bytes of the weights file, and milliseconds a picture (medians of some passes)."""
    annotator = spec.factory("cpu")
    network = getattr(annotator, "network", None)
    parameters = sum(each.numel() for each in network.parameters()) if isinstance(network, torch.nn.Module) else 0
    random = np.random.default_rng(0)
    side = spec.input_size
    pixels = random.integers(0, 256, (BATCH, side, side, 3), dtype=np.uint8)
    pictures = [_picture(each) for each in pixels]
    batch = [annotator.prepare(each) for each in pictures]
    annotator.annotate(batch)
    times = []
    for _ in range(PASSES):
        start = time.perf_counter()
        batch = [annotator.prepare(each) for each in pictures]
        prepared = time.perf_counter()
        annotator.annotate(batch)
        times.append((prepared - start, time.perf_counter() - prepared))
    annotator.close()
    preparing, annotating = (float(each) / BATCH * 1000 for each in np.median(times, axis=0))
    folder = Path(__file__).parents[1] / "imsearch" / "plugins" / spec.name.replace("-", "_")
    size = (folder / "weights.safetensors").stat().st_size
    return {
        "parameters": parameters,
        "bytes": size,
        "preparing_milliseconds": round(preparing, 1),
        "milliseconds": round(annotating, 1),
    }


def _picture(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Picture:
    from PIL import Image

    height, width = pixels.shape[:2]
    return Picture(Path("noise.png"), "", width, height, "PNG", {}, (), Image.fromarray(pixels))


if __name__ == "__main__":
    main()
