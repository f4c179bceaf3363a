"""What people wrote about a picture, as datasets tell it."""

from __future__ import annotations

from pathlib import Path

from imsearch.training.data.datasets import load_dataset


def test_text_tags_of_a_csv_are_separated_as_labels_are(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,labels,text_tags,place\na.jpg,sea,red; big dog,here; there\nb.jpg,sun,,\n"
    )
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    first, second = load_dataset(f"csv:{tmp_path}").samples
    assert first.extra == {"text_tags": ("red", "big dog"), "place": "here; there"}
    assert second.extra["text_tags"] == ()
