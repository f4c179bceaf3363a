"""The committed weights on real photos: those of the demo, and where IMSEARCH_DATA is, labelled ones.

The floors lie a little under what docs/everyday.md reports, so that a worse model or a broken path cannot slip in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imsearch.evaluation.search_quality import evaluate_search
from imsearch.library import Library
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings
from imsearch.training.data.datasets import Dataset, hold_out, load_dataset
from imsearch.training.evaluate import Evaluation, evaluate
from scripts.demo import SOURCES, gather

DATA = Path(os.environ.get("IMSEARCH_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"labelled photos are not at IMSEARCH_DATA ({DATA})")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("demo")
    gather(folder / "photos")
    with Library.open(folder / "library", Settings(), write=True, create=True) as library:
        report = library.runs.index([folder / "photos"], ["everyday"])
        assert (report.new, report.failed) == (len(SOURCES), 0)
        yield library


def first(library: Library, text: str) -> str:
    hits = library.search.query(text).hits
    assert hits, f"nothing found for {text!r}"
    return hits[0].image.path.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat", "cat.jpg"),
        ("animal", "cat.jpg"),
        ("kitty", "cat.jpg"),
        ("coffee", "espresso.jpg"),
        ("rocket", "rocket.jpg"),
        ("temple", "temple.jpg"),
        ("flower", "flower.jpg"),
        ("flowers", "flower.jpg"),
    ],
)
def test_words_find_the_photo(library: Library, text: str, name: str) -> None:
    assert first(library, text) == name


@pytest.mark.parametrize("text", ["motorcycle", "motorbike", "vehicle -rocket"])
def test_both_motorcycles_lead(library: Library, text: str) -> None:
    names = [hit.image.path.name for hit in library.search.query(text).hits[:2]]
    assert sorted(names) == ["motorcycle-2.jpg", "motorcycle.jpg"]


def test_an_astronaut_is_shown_as_a_person(library: Library) -> None:
    (path,) = (hit.image.path for hit in library.search.query("person").hits if hit.image.path.name == "astronaut.jpg")
    _, tags = library.facts.show(str(path))
    assert any(tag.name == "person" and tag.shown for tag in tags)


def test_shown_tags_are_few_and_the_cat_is_no_vehicle(library: Library) -> None:
    for name in SOURCES:
        path = next(path for path in library_paths(library) if path.name == Path(name).name)
        _, tags = library.facts.show(str(path))
        assert len([tag for tag in tags if tag.shown]) <= 15
    assert "cat.jpg" not in [hit.image.path.name for hit in library.search.query("vehicle").hits]


def library_paths(library: Library) -> list[Path]:
    ids = range(1, len(SOURCES) + 1)
    return [path for image in library.facts.images(ids).values() for path in image.files]


def test_the_nearest_to_a_motorcycle_is_the_other_one(library: Library) -> None:
    motorcycle = next(path for path in library_paths(library) if path.name == "motorcycle.jpg")
    hits = library.search.similar(motorcycle).hits
    assert hits[0].image.path.name == "motorcycle-2.jpg"
    assert hits[0].score > hits[1].score + 0.05


def judge(dataset: Dataset, chosen: Dataset, by: str = "labels") -> Evaluation:
    (spec,) = make_manager().choose(["everyday"])
    annotator = spec.factory("cpu")
    try:
        return evaluate(spec, annotator, dataset, chosen, by)
    finally:
        annotator.close()


@needs_data
def test_corel5k_five_words() -> None:
    dataset = load_dataset(f"corel5k:{DATA / 'corel5k'}")
    judged = judge(dataset, dataset.split("test"))
    assert judged.judged == 260
    assert judged.five_balanced is not None
    assert judged.five_balanced.f1 >= 0.435
    assert judged.five_balanced.n_plus >= 190
    assert judged.mean_ap >= 0.545


@needs_data
def test_corel5k_search() -> None:
    chosen = load_dataset(f"corel5k:{DATA / 'corel5k'}").split("test")
    found = evaluate_search("everyday", chosen, Settings())
    assert found.queries["All"] == 2241
    assert found.map["All"] >= 0.52


@needs_data
def test_flickr8k_dev() -> None:
    dataset = load_dataset(f"flickr8k:{DATA / 'flickr8k_224'}")
    judged = judge(dataset, dataset.choose(dataset.split("dev").samples[:300]))
    assert judged.mean_ap >= 0.43
    assert judged.image_mean_ap >= 0.62


@needs_data
def test_coco_objects_never_seen_in_training() -> None:
    dataset = load_dataset(f"coco:{DATA / 'coco_mini'}")
    judged = judge(dataset, dataset.choose(hold_out(dataset.samples, 4)[1]), by="tags")
    assert judged.mean_ap >= 0.68


@needs_data
@pytest.mark.parametrize("name", ["voc5class", "twitter1_sentiment", "sentibank_anp_mini", "coco_mini"])
def test_photos_of_every_set_are_tagged(name: str, tmp_path: Path) -> None:
    photos = sorted((DATA / name / "images").iterdir())[:60]
    with Library.open(tmp_path / "library", Settings(), write=True, create=True) as library:
        report = library.runs.index(photos, ["everyday"])
        assert report.failed == 0
        assert report.annotated == report.new + report.copied == len(photos)
        ids = [image.id for photo in photos if (image := library.facts.image(photo))]
        assert len(ids) == len(photos)
        tags = library.engine.catalog.tags_of(ids)
    described = [image for image in tags if any(tag.shown for tag in tags[image])]
    assert len(described) >= 0.93 * len(tags)
