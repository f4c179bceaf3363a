"""What people meet: how well stuff, scenes and objects are ranked and shown, and what is shown that is surely false.

    python -m benchmarks.seen --data DATA [--only stuff,scenes,...] [--annotator everyday[=WEIGHTS]] [--json]

DATA is the folder of the labelled sets that docs/everyday.md names.  Each picture is annotated once for all measures;
those of Flickr8k a second time where the annotator has a head for its labels.  docs/everyday.md says what each measure
means.  With WEIGHTS, a file that ``imsearch train`` wrote, that checkpoint is judged instead of the installed weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.annotators import chosen_spec
from imsearch.annotator import Annotator
from imsearch.cli.output import make_table, print_json, print_table
from imsearch.cli.progress import TrainingProgress
from imsearch.errors import ImsearchError
from imsearch.evaluation.answers import Answers, ask
from imsearch.evaluation.false_tags import Found
from imsearch.evaluation.measures import PARTS, Counts, Part, Row, Sets, Word, counts, curve, order, words_of
from imsearch.evaluation.shown import Bin, Order, never_shown
from imsearch.specs import AnnotatorSpec
from imsearch.training.evaluate import Evaluation, HasHeads, evaluate

FLICKR, MIXED = "flickr8k", "mixed"
MOST_NAMED = 8
"""So many of the tags that are surely false are named in the table; JSON has all."""


@dataclass(frozen=True)
class Figures:
    """Everything that is reported; None or empty where its part was left out."""

    annotator: str
    version: str
    rows: list[Row]
    words: list[Word]
    labels: Evaluation | None
    false: list[Found]
    curve: list[Bin]
    counts: Counts | None
    order: Order | None
    never_shown: list[str]
    vocabulary: int


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--only", metavar="PART,...", help=f"Some of: {', '.join(PARTS)} (default: all).")
@click.option("--annotator", default="everyday", show_default=True, metavar="NAME[=WEIGHTS]")
@click.option("--device", default="cpu", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON, also those of each word.")
def main(data: Path, only: str | None, annotator: str, device: str, as_json: bool) -> None:
    """Judge what an annotator shows on photos that nothing was trained on."""
    names = [name.strip() for name in only.split(",")] if only else list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(PARTS)}", param_hint="--only")
    try:
        spec, sets = chosen_spec(annotator), Sets(data)
        parts = {name: PARTS[name](sets) for name in names}
        with TrainingProgress() as progress, closing(spec.factory(device)) as model:
            answers, labels = _annotated(spec, model, parts, sets, progress)
    except ImsearchError as error:
        raise click.ClickException(str(error)) from error
    figures = collect(parts, answers, labels)
    if as_json:
        print_json(plain(asdict(figures)))
    else:
        _print(figures)


def _annotated(
    spec: AnnotatorSpec, model: Annotator, parts: Mapping[str, Part], sets: Sets, progress: TrainingProgress
) -> tuple[Answers, Evaluation | None]:
    """The tags of all pictures, and the scores of Flickr8k's own labels where they are asked for and known."""
    samples = [sample for part in parts.values() for sample in part.samples]
    progress.stage("Annotating", len({sample.file for sample in samples}))
    answers = ask(spec, model, samples, progress.advance)
    if FLICKR not in parts or not isinstance(model, HasHeads) or FLICKR not in model.heads:
        return answers, None
    dataset = sets.dataset("flickr8k_224")
    dev = dataset.split("dev")
    progress.stage("Scoring Flickr8k's labels", len(dev.samples))
    return answers, evaluate(spec, model, dataset, dev, "labels", progress.advance)


def collect(parts: Mapping[str, Part], answers: Answers, labels: Evaluation | None = None) -> Figures:
    """All figures of some parts."""
    return Figures(
        answers.spec.name,
        answers.spec.version,
        [row for part in parts.values() for row in part.rows(answers)],
        [word for part in parts.values() for judged in part.judged for word in words_of(judged, answers)],
        labels,
        [found for part in parts.values() for found in part.false(answers)],
        curve([part for name, part in parts.items() if name != FLICKR], answers),
        counts(parts[MIXED], answers) if MIXED in parts else None,
        order(parts[MIXED], answers) if MIXED in parts else None,
        never_shown(answers.spec),
        len(answers.spec.vocabulary),
    )


def plain(value: object) -> object:
    """The same for JSON: lists for tuples, and null for nan, which JSON does not have."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _print(figures: Figures) -> None:
    sections: list[tuple[object, Callable[[Figures], None]]] = [
        (figures.rows, _print_rows),
        (figures.labels, _print_labels),
        (figures.false, _print_false),
        (figures.curve, _print_curve),
        (figures.counts, _print_counts),
    ]
    for found, show in sections:
        if found:
            show(figures)
            click.echo()
    click.echo(f"{len(figures.never_shown)} of {figures.vocabulary:,} tags can never be shown")


def _print_rows(figures: Figures) -> None:
    table = make_table("measure", ">photos", ">mAP", ">top-1", ">P", ">P*", ">R", ">R@.6")
    table.columns[0].no_wrap = True
    for row in figures.rows:
        shares = (row.mean_ap, row.top_1, row.precision, row.clear, row.recall, row.at_precision)
        table.add_row(row.measure, f"{row.pictures:,}", *map(_share, shares))
    print_table(table)


def _print_labels(figures: Figures) -> None:
    if (labels := figures.labels) is not None:
        click.echo(
            f"Flickr8k dev, by labels: five words F1 {labels.five.f1:.4f}, "
            f"shown P {labels.shown.overall_precision:.4f}, R {labels.shown.overall_recall:.4f}"
        )


def _print_false(figures: Figures) -> None:
    table = make_table("surely false", ">photos", ">with one", ">share", "which")
    table.columns[0].no_wrap = True
    for found in figures.false:
        which = ", ".join(f"{tag} {number}" for tag, number in list(found.tags.items())[:MOST_NAMED])
        table.add_row(found.name, f"{found.pictures:,}", f"{found.wrong:,}", f"{found.share:.3f}", which)
    print_table(table)


def _print_curve(figures: Figures) -> None:
    table = make_table("probability of shown tags", ">pairs", ">mean", ">right")
    for each in figures.curve:
        table.add_row(f"{each.low:g} to {each.high:g}", f"{each.count:,}", f"{each.mean:.3f}", f"{each.right:.3f}")
    print_table(table)


def _print_counts(figures: Figures) -> None:
    if (counted := figures.counts) is not None and (ordered := figures.order) is not None:
        tags, without = f"{counted.tags:.2f} shown tags a picture", f"{counted.without:.3f} without any"
        click.echo(f"{counted.pictures} mixed pictures: {tags}, {without}")
        click.echo(
            f"an unshown tag is likelier than a shown one in {ordered.any:.3f} of them, "
            f"in {ordered.showable:.3f} one that could be shown"
        )


def _share(value: float | None) -> str:
    return "" if value is None else "none" if math.isnan(value) else f"{value:.3f}"


if __name__ == "__main__":
    main()
