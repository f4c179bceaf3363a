"""A sheet of pictures with the tags that are shown on each, and their percentages: for looking at, not for committing.

    python -m benchmarks.contact_sheet PICTURES... --output sheet.png [--number 60] [--annotator everyday[=WEIGHTS]]

PICTURES are files and folders; of more than --number, those that come first by the hash of their names are taken.  A
sheet holds 30; the second and further ones get -2, -3 ... after the name.  An unshown tag that is likelier than a shown
one stands in brackets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont

from benchmarks.annotators import chosen_spec
from imsearch.cli.progress import TrainingProgress
from imsearch.errors import ImsearchError
from imsearch.evaluation.answers import Answers, ask
from imsearch.pictures.picture import SUFFIXES, read_picture
from imsearch.training.data.datasets import Sample

COLUMNS, ROWS = 5, 6
WIDTH, PICTURE, TEXT = 320, 190, 102
"""Pixels: of a cell, and the height of its picture and of its tags."""
SIZE = 14
_DIM = (150, 60, 20)


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--number", default=60, show_default=True, type=click.IntRange(min=1), help="Of how many pictures.")
@click.option("--annotator", default="everyday", show_default=True, metavar="NAME[=WEIGHTS]")
@click.option("--device", default="cpu", show_default=True)
def main(pictures: tuple[Path, ...], output: Path, number: int, annotator: str, device: str) -> None:
    """Draw pictures with their shown tags under them."""
    if output.suffix.lower() not in (".png", ".jpg", ".jpeg") or not output.parent.is_dir():
        raise click.BadParameter(f"{output} is no .png or .jpg in a folder that is there", param_hint="--output")
    samples = [Sample(file, ()) for file in chosen(pictures, number)]
    if not samples:
        raise click.UsageError(f"No picture lies in {', '.join(map(str, pictures))}. Name files, or folders with some.")
    try:
        spec = chosen_spec(annotator)
        with TrainingProgress() as progress, closing(spec.factory(device)) as model:
            progress.stage("Annotating", len(samples))
            answers = ask(spec, model, samples, progress.advance)
    except ImsearchError as error:
        raise click.ClickException(str(error)) from error
    for path in write(answers, [sample.file for sample in samples], output):
        click.echo(path)


def chosen(paths: Sequence[Path], number: int) -> list[Path]:
    """The pictures among the files and below the folders, or as many of them, always the same ones."""
    files = [path for path in paths if path.is_file()]
    files += [
        file for path in paths if path.is_dir() for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES
    ]
    distinct = list(dict.fromkeys(files))
    if len(distinct) <= number:
        return distinct
    return sorted(distinct, key=lambda file: hashlib.sha256(file.name.encode()).digest())[:number]


def write(answers: Answers, files: Sequence[Path], output: Path) -> list[Path]:
    """Draws the sheets and returns their paths."""
    whole = COLUMNS * ROWS
    paths = []
    for number, start in enumerate(range(0, len(files), whole), 1):
        path = output if number == 1 else output.with_stem(f"{output.stem}-{number}")
        sheet(answers, files[start : start + whole]).save(path)
        paths.append(path)
    return paths


def sheet(answers: Answers, files: Sequence[Path]) -> Image.Image:
    """One sheet of at most `COLUMNS` times `ROWS` pictures, as many rows as are needed."""
    font = ImageFont.load_default(SIZE)
    height = PICTURE + TEXT
    drawn = Image.new("RGB", (COLUMNS * WIDTH, -(-len(files) // COLUMNS) * height), "white")
    draw = ImageDraw.Draw(drawn)
    for place, file in enumerate(files):
        x, y = place % COLUMNS * WIDTH, place // COLUMNS * height
        picture = read_picture(file, WIDTH).image.convert("RGB")
        picture.thumbnail((WIDTH - 6, PICTURE - 4))
        drawn.paste(picture, (x, y))
        shown, hidden = caption(answers, file)
        lines = [(line, (0, 0, 0)) for line in wrapped(draw, font, shown or ["(nothing shown)"], WIDTH - 8)]
        lines += [(line, _DIM) for line in wrapped(draw, font, hidden, WIDTH - 8)]
        for number, (line, colour) in enumerate(lines[: TEXT // (SIZE + 3)]):
            draw.text((x, y + PICTURE + number * (SIZE + 3)), line, fill=colour, font=font)
    return drawn


def caption(answers: Answers, file: Path) -> tuple[list[str], list[str]]:
    """What is written under a picture: the shown tags, and the unshown ones that are likelier than one of them."""
    shown = answers.shown_tags(file)
    least = min(shown.values(), default=2.0)
    over = {tag: p for tag, p in answers.tags[file].items() if p > least and tag not in shown}
    return _texts(shown), _texts(dict(sorted(over.items(), key=lambda item: -item[1])), "[", "]")


def _texts(tags: Mapping[str, float], before: str = "", after: str = "") -> list[str]:
    return [f"{before}{tag} {probability:.0%}{after}" for tag, probability in tags.items()]


def wrapped(
    draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, words: Sequence[str], width: int
) -> list[str]:
    """Lines of words with commas between them, no wider than `width` pixels unless a word is."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}, {word}" if lines else word
        if lines and draw.textlength(longer, font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


if __name__ == "__main__":
    main()
