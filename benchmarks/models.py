"""All shipped models on the benchmark sets, and what they cost: the figures of docs/models.md.

    python -m benchmarks.models --dataset corel5k:PATH --dataset flickr8k:PATH [--model NAME]... [--only PART]

Each model is judged as `imsearch evaluate` judges it: on the test split (flickr8k: dev) by its own labels; with
corel5k also by the 2,241 queries through the program's index and search.  Cost: parameters (with the backbone), size of
the weights file, and the time of a pass, input to tags, in batches of 16 on the CPU; also of preparing a picture that
is decoded and has the model's size (on one core; the indexer does it beside the pass).  Figures are kept as they come,
one model after another; models that are in the file already are judged again only when named.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from imsearch.cli.common import dataset_option
from imsearch.cli.evaluate import choose
from imsearch.cli.progress import IndexingProgress, TrainingProgress
from imsearch.pictures.picture import Picture
from imsearch.plugins.manager import make_manager
from imsearch.records import AnnotatorSpec
from imsearch.search_quality import evaluate_search
from imsearch.settings import load_settings
from imsearch.training.datasets import Dataset, load_dataset
from imsearch.training.evaluate import HasHeads, evaluate

BATCH, PASSES = 16, 8


@click.command()
@dataset_option
@click.option(
    "--model", "names", multiple=True, metavar="NAME", help="Only these (default: all that are not judged yet)."
)
@click.option(
    "--only", type=click.Choice(["cost", "search"]), help="Measure this, and leave the other figures as they are."
)
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs/figures/models.json"), show_default=True)
def main(datasets: tuple[str, ...], names: tuple[str, ...], only: str | None, output: Path) -> None:
    """Judge the shipped models and write the figures to a JSON file."""
    known: dict[str, Any] = json.loads(output.read_text()) if output.exists() else {}
    offered = {spec.name: spec for spec in make_manager().offered()}
    loaded = [load_dataset(spec) for spec in datasets]
    output.parent.mkdir(parents=True, exist_ok=True)
    for name in names or [name for name in offered if name not in known]:
        spec = offered[name]
        found = known.setdefault(name, {})
        found |= {"version": spec.version, "sets": found.get("sets", {})}
        if only != "search":
            found["cost"] = cost(spec)
        for dataset in () if only == "cost" else loaded:
            if only == "search":
                if dataset.kind == "corel5k" and dataset.kind in found["sets"]:
                    found["sets"][dataset.kind]["search"] = judge_search(spec, dataset)
            elif (figures := judge(spec, dataset)) is not None:
                found["sets"][dataset.kind] = figures
        output.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        click.echo(name)


def judge(spec: AnnotatorSpec, dataset: Dataset) -> dict[str, Any] | None:
    """The figures of one model on one dataset, or None when it has not learned that dataset's labels."""
    chosen = choose(dataset, None, None)
    annotator = spec.factory("cpu")
    try:
        if not isinstance(annotator, HasHeads) or dataset.kind not in annotator.heads:
            return None
        with TrainingProgress() as progress:
            progress.stage(f"{spec.name} on {dataset.kind}", len(chosen.samples))
            figures = asdict(evaluate(spec, annotator, dataset, chosen, "labels", progress.advance))
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
