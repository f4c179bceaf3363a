"""``imsearch evaluate``: evaluate an annotator, or search over its tags, on a labelled dataset."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from imsearch.cli.common import calling_plugin, dataset_option, device_option, library_option, say
from imsearch.cli.datasets import open_dataset
from imsearch.cli.output import make_table, print_json, print_table
from imsearch.errors import DatasetError, PluginError
from imsearch.settings import Settings, load_settings

if TYPE_CHECKING:
    from imsearch.training.caption_protocol import CaptionScores
    from imsearch.training.data.datasets import Dataset
    from imsearch.training.evaluate import Evaluation
    from imsearch.training.search_protocol import SearchScores


@click.command(
    epilog="""\b
Examples:
  imsearch evaluate everyday --dataset corel5k:data/corel5k
  imsearch evaluate everyday --dataset corel5k:data/corel5k --search
  imsearch evaluate everyday --dataset flickr8k:data/flickr8k_224 --search --ask captions
  imsearch evaluate everyday --dataset coco:data/coco_mini --held-out 4
  imsearch evaluate everyday --dataset flickr8k:data/flickr8k_224 --weights runs/everyday/weights.safetensors
  imsearch evaluate multimodal --dataset flickr8k:data/flickr8k_224 --social-tags text_tags
""",
)
@click.argument("name")
@dataset_option
@click.option("--split", metavar="NAME", help="Evaluate on this split (default: test, else dev, else all pictures).")
@click.option(
    "--held-out",
    type=click.IntRange(min=2),
    metavar="N",
    help="Evaluate only on held-out pictures: those that a recipe holding back one in N never saw.",
)
@click.option(
    "--by",
    type=click.Choice(["labels", "tags"]),
    default="labels",
    show_default=True,
    help="Rank the dataset's own labels, or the tags that a user would see.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help='Evaluate this checkpoint of "imsearch train NAME" instead of the installed weights.',
)
@click.option(
    "--social-tags",
    metavar="FIELD",
    help="Texts of this field of the dataset stand in for what people wrote about a picture (flickr8k: text_tags).",
)
@click.option(
    "--search", is_flag=True, help="Evaluate search: index the pictures, then query every set of labels they have."
)
@click.option("--ablate", is_flag=True, help="With --search: also leave out each ingredient of ranking.")
@click.option(
    "--ask",
    type=click.Choice(["tags", "words", "captions"]),
    default="tags",
    show_default=True,
    help="With --search: ask for exact tags, type the bare words, or type each picture's fifth caption.",
)
@click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")
@library_option
@device_option
def evaluate(
    name: str,
    datasets: tuple[str, ...],
    split: str | None,
    held_out: int | None,
    by: str,
    weights: Path | None,
    social_tags: str | None,
    search: bool,
    ablate: bool,
    ask: str,
    as_json: bool,
    library: Path | None,
    device: str | None,
) -> int:
    """Evaluate the annotator NAME on labelled pictures.

    Prints mean average precision, the five-words protocol, and precision and recall of shown tags.
    """
    settings = load_settings({"device": device, "library": library})
    if search and (weights or social_tags):
        raise click.UsageError("--search evaluates the installed weights; it takes no --weights and no --social-tags")
    records = []
    for spec in datasets:
        dataset = open_dataset(spec, settings)
        chosen = choose(dataset, split, held_out)
        say(f"{name} on {len(chosen.samples):,} pictures of {spec}")
        if search and ask == "captions":
            ranked = _captions(name, chosen, settings)
            records.append({"dataset": spec, "ask": ask, "captions": {part: asdict(ranked[part]) for part in ranked}})
            if not as_json:
                _print_captions(ranked)
        elif search:
            rows = _search(name, chosen, settings, ask, ablate)
            found = next(iter(rows.values()))
            ablation = {"ablation": {row: asdict(scores) for row, scores in rows.items()}} if ablate else {}
            records.append({"dataset": spec, "ask": ask, **asdict(found), **ablation})
            if not as_json:
                _print_search(found)
                if ablate:
                    _print_ablation(rows)
        else:
            judged = _annotation(name, dataset, chosen, settings, by, weights, social_tags)
            records.append({"dataset": spec, **asdict(judged)})
            if not as_json:
                _print_evaluation(judged)
    if as_json:
        print_json({"annotator": name, "evaluations": records})
    return 0


def choose(dataset: Dataset, split: str | None, held_out: int | None) -> Dataset:
    """Return the pictures to evaluate on."""
    from imsearch.training.data.datasets import hold_out

    if split is None:
        present = {sample.split for sample in dataset.samples}
        split = next((name for name in ("test", "dev") if name in present), None)
    chosen = dataset if split is None else dataset.split(split)
    if held_out is None:
        return chosen
    samples = hold_out(chosen.samples, held_out)[1]
    if not samples:
        raise DatasetError(f"One picture in {held_out} of {dataset.folder} is none; hold out more")
    return chosen.choose(samples)


def _annotation(
    name: str,
    dataset: Dataset,
    chosen: Dataset,
    settings: Settings,
    by: str,
    weights: Path | None,
    social_tags: str | None,
) -> Evaluation:
    from imsearch.cli.progress import TrainingProgress
    from imsearch.plugins.manager import make_manager
    from imsearch.training.device import choose_device
    from imsearch.training.evaluate import evaluate as judge

    manager = make_manager()
    (spec,) = manager.choose([name])
    build = spec.factory
    if weights is not None:
        load = manager.recipe(name).annotator
        if load is None:
            raise PluginError(f"The recipe {name} cannot load checkpoints; leave out --weights")
        build = partial(load, weights)
    with (
        TrainingProgress() as progress,
        calling_plugin(f"the annotator {name}", checkable=name),
        closing(build(str(choose_device(settings.device)))) as annotator,
    ):
        progress.stage("Judging", len(chosen.samples))
        return judge(spec, annotator, dataset, chosen, by, progress.advance, social_tags)


def _search(name: str, chosen: Dataset, settings: Settings, ask: str, ablate: bool) -> dict[str, SearchScores]:
    from imsearch.cli.progress import IndexingProgress
    from imsearch.evaluation.search_quality import ABLATION, compare_rankings, evaluate_search

    with IndexingProgress() as progress, calling_plugin(f"the annotator {name}"):
        asking: Literal["tags", "words"] = "tags" if ask == "tags" else "words"
        if ablate:
            return compare_rankings(name, chosen, settings, ABLATION, asking, progress)
        return {"as it is": evaluate_search(name, chosen, settings, asking, progress)}


def _captions(name: str, chosen: Dataset, settings: Settings) -> dict[str, CaptionScores]:
    from imsearch.cli.progress import IndexingProgress
    from imsearch.evaluation.caption_quality import evaluate_captions

    with IndexingProgress() as progress, calling_plugin(f"the annotator {name}"):
        return evaluate_captions(name, chosen, settings, progress)


def _print_evaluation(judged: Evaluation) -> None:
    five, shown = judged.five, judged.shown
    table = make_table("protocol", ">P", ">R", ">F1", ">N+")
    table.add_row("five words", *_figures(five.precision, five.recall, five.f1), f"{five.n_plus} of {five.words}")
    if (fair := judged.five_balanced) is not None:
        figures = _figures(fair.precision, fair.recall, fair.f1)
        table.add_row("five words, balanced", *figures, f"{fair.n_plus} of {fair.words}")
    for title, scores in (("three words", judged.three), ("shown", shown)):
        each = scores.per_word
        counted = f"{each.n_plus} of {each.words}"
        table.add_row(f"{title}, per word", *_figures(each.precision, each.recall, each.f1), counted)
        overall = (scores.overall_precision, scores.overall_recall, scores.overall_f1)
        table.add_row(f"{title}, over all", *_figures(*overall), "")
    print_table(table)
    click.echo(
        f"mAP over words {judged.mean_ap:.4f} (11-point {judged.eleven_point_mean_ap:.4f}), "
        f"over pictures {judged.image_mean_ap:.4f}"
    )
    if judged.top_1 is not None:
        click.echo(f"top-1 label correct in {judged.top_1:.4f} of the pictures, among the labels each is judged by")
    click.echo(f"calibration error {judged.calibration:.4f} (probabilities of .1 and more)")


def _print_search(found: SearchScores) -> None:
    table = make_table("queries", ">number", ">MAP", ">BEP")
    for group, number in found.queries.items():
        if number:
            table.add_row(group, f"{number:,}", *_figures(found.map[group], found.bep[group]))
    print_table(table)


def _print_ablation(rows: dict[str, SearchScores]) -> None:
    table = make_table("MAP of ranking", *(f">{group}" for group in next(iter(rows.values())).map))
    for row, scores in rows.items():
        table.add_row(row, *_figures(*scores.map.values()))
    print_table(table)


def _figures(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.4f}" for value in values)


def _print_captions(ranked: dict[str, CaptionScores]) -> None:
    table = make_table("captions", ">number", ">R@1", ">R@5", ">R@10", ">median rank")
    for part, scores in ranked.items():
        shares = _figures(scores.r_at_1, scores.r_at_5, scores.r_at_10)
        table.add_row(part, f"{scores.queries:,}", *shares, f"{scores.median_rank:g}")
    print_table(table)
