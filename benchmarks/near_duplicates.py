"""Which measure tells copies of a picture from pictures that only look alike: hashes, feature vectors, or both.

python -m benchmarks.near_duplicates --dataset corel5k:PATH --dataset coco:PATH [--pictures 200] [--json]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from benchmarks.pictures import report
from imsearch.annotator import Annotator
from imsearch.engine.search.neighbours import A_BIT, MOST_BITS, SPACE, THRESHOLD
from imsearch.pictures.phash import KEPT, grey_square, lowest_frequencies
from imsearch.pictures.picture import read_picture
from imsearch.plugins.manager import make_manager
from imsearch.training.data.datasets import load_dataset

RUN = 45
"""Neighbours taken together."""
PRECISION = 0.99

Copy = Callable[[Image.Image], Image.Image]


def _resized(part: float) -> Copy:
    return lambda image: image.resize((max(1, round(image.width * part)), max(1, round(image.height * part))))


def _cropped(share: float) -> Copy:
    """So much of the width and of the height goes, a third of it left and above: people rarely crop evenly."""

    def crop(image: Image.Image) -> Image.Image:
        width, height = image.width * share, image.height * share
        right, low = image.width - width * 2 / 3, image.height - height * 2 / 3
        return image.crop((round(width / 3), round(height / 3), round(right), round(low)))

    return crop


def _straightened(degrees: float) -> Copy:
    """Turned a little; of the result the largest part of the same shape that has no empty corners."""

    def turn(image: Image.Image) -> Image.Image:
        turned = image.rotate(degrees, Image.Resampling.BICUBIC)
        angle = np.radians(abs(degrees))
        longer, shorter = max(image.size), min(image.size)
        kept = 1 / (np.cos(angle) + np.sin(angle) * longer / shorter)
        width, height = image.width * (1 - kept) / 2, image.height * (1 - kept) / 2
        return turned.crop((round(width), round(height), round(image.width - width), round(image.height - height)))

    return turn


def _same(image: Image.Image) -> Image.Image:
    return image


def _warm(image: Image.Image) -> Image.Image:
    red, green, blue = image.split()
    return Image.merge("RGB", (red.point(lambda v: min(255, v * 1.15)), green, blue.point(lambda v: v * 0.8)))


COPIES: dict[str, tuple[Copy, int]] = {
    "JPEG 90": (_same, 90),
    "JPEG 60": (_same, 60),
    "JPEG 30": (_same, 30),
    "size 1/2": (_resized(0.5), 90),
    "size 1/4": (_resized(0.25), 90),
    "cropped 5 %": (_cropped(0.05), 90),
    "cropped 10 %": (_cropped(0.1), 90),
    "cropped 20 %": (_cropped(0.2), 90),
    "turned 90": (lambda image: image.transpose(Image.Transpose.ROTATE_90), 90),
    "turned 180": (lambda image: image.transpose(Image.Transpose.ROTATE_180), 90),
    "turned 270": (lambda image: image.transpose(Image.Transpose.ROTATE_270), 90),
    "turned by 2": (_straightened(2), 90),
    "turned by 5": (_straightened(-5), 90),
    "mirrored": (lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 90),
    "grey": (lambda image: image.convert("L").convert("RGB"), 90),
    "brighter": (lambda image: ImageEnhance.Brightness(image).enhance(1.35), 90),
    "more contrast": (lambda image: ImageEnhance.Contrast(image).enhance(1.4), 90),
    "warmer": (_warm, 90),
    "1/2, cropped 5 %, JPEG 50": (lambda image: _resized(0.5)(_cropped(0.05)(image)), 50),
}
"""How a copy is made, and the JPEG quality it is saved with."""


def write_copies(files: Sequence[Path], folder: Path) -> Iterator[Path]:
    """All copies of the first file, then those of the next."""
    for number, file in enumerate(files):
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        for kind, (make, quality) in enumerate(COPIES.values()):
            path = folder / f"{number}-{kind}.jpg"
            make(image).save(path, quality=quality)
            yield path


def observe(
    paths: Iterable[Path], annotator: Annotator, least_side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Small grey squares (n, 32, 32) and unit vectors (n, length), read as the indexer reads."""
    greys: list[NDArray[np.uint8]] = []
    vectors: list[NDArray[np.float32]] = []
    batch: list[Any] = []

    def flush() -> None:
        vectors.extend(each.vector for each in annotator.annotate(batch) if each.vector is not None)
        batch.clear()

    for path in paths:
        picture = read_picture(path, least_side)
        greys.append(grey_square(picture.image))
        batch.append(annotator.prepare(picture))
        if len(batch) == 16:
            flush()
    if batch:
        flush()
    matrix = np.stack(vectors)
    return np.stack(greys), matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def by_sign(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The program's own hash, as bits (n, 64)."""
    return (lowest_frequencies(grey) > 0).reshape(len(grey), -1)


def by_median(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The usual perceptual hash: each frequency against their median."""
    values = lowest_frequencies(grey).reshape(len(grey), -1)
    return np.asarray(values > np.median(values[:, 1:], axis=1, keepdims=True))


def by_difference(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The difference hash: is a place brighter than the one to its left."""
    small = [Image.fromarray(each).resize((KEPT + 1, KEPT), Image.Resampling.BOX) for each in grey]
    return np.stack([np.diff(np.asarray(each, np.int16), axis=1).ravel() > 0 for each in small])


def by_mean(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The block-mean hash: is a place brighter than the median."""
    step = grey.shape[1] // KEPT
    means = grey.reshape(len(grey), KEPT, step, KEPT, step).mean((2, 4)).reshape(len(grey), -1)
    return np.asarray(means > np.median(means, axis=1, keepdims=True))


def bits_apart(
    copies: NDArray[np.uint8], originals: NDArray[np.uint8], bits: Callable[..., NDArray[np.bool_]], turned: bool = True
) -> NDArray[np.float32]:
    """In how many bits hashes differ in the position that suits best: shape (copies, originals)."""
    flipped = [originals, originals[:, :, ::-1], originals[:, ::-1], originals[:, ::-1, ::-1]]
    positions = [*flipped, *(each.transpose(0, 2, 1) for each in flipped)] if turned else [originals]
    mine = bits(copies).astype(np.float32)
    least = np.full((len(copies), len(originals)), np.inf, np.float32)
    for position in positions:
        other = bits(np.ascontiguousarray(position)).astype(np.float32)
        np.minimum(least, mine.sum(1)[:, None] + other.sum(1) - 2 * mine @ other.T, out=least)
    return least


def scores_of(name: str, copied: int) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.intp]]:
    """How alike copies and pictures are by each method, shape (copies, pictures); and each copy's original."""
    files = [sample.file for sample in load_dataset(name).samples if sample.split in ("", None, "train", "train2017")]
    every = max(1, len(files) // (10 * copied))
    files = [file for number, file in enumerate(files) if number // RUN % every == 0][: 10 * copied]
    chosen = np.linspace(0, len(files) - 1, min(copied, len(files))).astype(int)
    (spec,) = make_manager().choose([SPACE])
    annotator = spec.factory("cpu")
    greys, vectors = observe(files, annotator, spec.input_size)
    with tempfile.TemporaryDirectory() as folder:
        copies = write_copies([files[number] for number in chosen], Path(folder))
        copy_greys, copy_vectors = observe(copies, annotator, spec.input_size)
    return methods(copy_greys, greys, copy_vectors @ vectors.T), np.repeat(chosen, len(COPIES))


def methods(
    copies: NDArray[np.uint8], greys: NDArray[np.uint8], cosines: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """The scores of each method, higher for more alike."""
    signs = bits_apart(copies, greys, by_sign)
    return {
        "difference": -bits_apart(copies, greys, by_difference),
        "mean": -bits_apart(copies, greys, by_mean),
        "median DCT": -bits_apart(copies, greys, by_median),
        "sign DCT, upright": -bits_apart(copies, greys, by_sign, turned=False),
        "sign DCT": -signs,
        "vectors": cosines,
        "both": (cosines - A_BIT * np.minimum(signs, MOST_BITS)).astype(np.float32),
    }


def threshold_of(scores: NDArray[np.float32], originals: NDArray[np.intp]) -> float:
    """The lowest score from which `PRECISION` of the pairs are right; infinite when there is none."""
    right, wrong = _told_apart(scores, originals)
    for score in np.unique(right):
        found, mistaken = int((right >= score).sum()), int((wrong >= score).sum())
        if found >= PRECISION * (found + mistaken):
            return float(score)
    return float("inf")


def _told_apart(
    scores: NDArray[np.float32], originals: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows = np.arange(len(scores))
    right = scores[rows, originals]
    others = np.ones(scores.shape, bool)
    others[rows, originals] = False
    return right, scores[others]


def judge(scores: NDArray[np.float32], originals: NDArray[np.intp], threshold: float) -> dict[str, float]:
    """Precision, the number of wrong pairs, and the recall of each kind of copy."""
    right, wrong = _told_apart(scores, originals)
    found, mistaken = right >= threshold, int((wrong >= threshold).sum())
    recall = found.reshape(-1, len(COPIES)).mean(axis=0)
    precision = found.sum() / max(1, found.sum() + mistaken)
    figures = {"threshold": threshold, "precision": float(precision), "wrong pairs": mistaken}
    return figures | dict(zip(COPIES, recall.tolist(), strict=True)) | {"all copies": float(found.mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--dataset", action="append", required=True, metavar="KIND:PATH")
    parser.add_argument(
        "--copied", type=int, default=60, help="pictures that are copied; ten times as many are compared"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    thresholds: dict[str, float] = {}
    for name in options.dataset:
        scores, originals = scores_of(name, options.copied)
        if not thresholds:
            thresholds = {method: threshold_of(each, originals) for method, each in scores.items()}
        columns = {method: judge(each, originals, thresholds[method]) for method, each in scores.items()}
        columns["imsearch"] = judge(scores["both"], originals, THRESHOLD)
        rows = [
            {"": figure, **{method: column[figure] for method, column in columns.items()}}
            for figure in columns["imsearch"]
        ]
        title = f"{name}: {len(originals)} copies against {next(iter(scores.values())).shape[1]} pictures"
        report(title, rows, options.json)


if __name__ == "__main__":
    main()
