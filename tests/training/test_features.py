"""Maps of frozen layers, with a backbone whose output is the picture itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from imsearch.errors import DatasetError
from imsearch.training.features import cached_maps, load_square

SIDE = 16


class Mean(nn.Module):
    """Keeps the picture's left and right half apart, and counts what it sees."""

    size = SIDE

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.seen = 0

    def lower(self, x: Tensor, stages: int) -> Tensor:
        self.seen += len(x)
        return nn.functional.adaptive_avg_pool2d(x * 128 + 127, (1, 2)) * stages


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Black on the left, white on the right; and one plain red."""
    half = np.zeros((24, 32, 3), dtype=np.uint8)
    half[:, 16:] = 255
    for name, pixels in (("half.png", half), ("red.png", np.full_like(half, (255, 0, 0)))):
        Image.fromarray(pixels).save(tmp_path / name)
    return [tmp_path / "half.png", tmp_path / "red.png"]


def maps(files: Sequence[Path], network: Any, cache: Path, **options: Any) -> np.ndarray[Any, np.dtype[np.float16]]:
    return cached_maps(files, network, 1, cache, **options)


def test_maps_of_the_picture_and_its_mirror_image(files: list[Path], tmp_path: Path) -> None:
    network = Mean()
    plain = maps(files, network, tmp_path / "cache")
    assert plain.shape == (2, 1, 2, 3) and plain.dtype == np.float16
    left, right = plain[0, 0]
    assert left.max() < 20 and right.min() > 235
    assert plain[1, 0].tolist() == [[255, 0, 0], [255, 0, 0]]
    mirrored = maps(files, network, tmp_path / "cache", mirror=True)
    assert mirrored[0, 0] == pytest.approx(plain[0, 0, ::-1], abs=1)
    assert network.seen == 4


def test_what_is_computed_serves_other_runs(files: list[Path], tmp_path: Path) -> None:
    maps(files, Mean(), tmp_path / "cache")
    again, heard = Mean(), list[int]()
    maps(files, again, tmp_path / "cache", progress=heard.append)
    assert again.seen == 0 and heard == [2]
    maps(files[:1], again, tmp_path / "cache")  # another set of files
    assert again.seen == 1


def test_other_pictures_of_the_same_names_are_noticed(files: list[Path], tmp_path: Path) -> None:
    first = maps(files, Mean(), tmp_path / "cache")
    Image.new("RGB", (300, 300)).save(files[1])
    second = maps(files, Mean(), tmp_path / "cache")
    assert (second[0] == first[0]).all() and second[1].max() == 0 < first[1].max()


def test_a_damaged_picture_is_named(files: list[Path], tmp_path: Path) -> None:
    files[1].write_bytes(files[1].read_bytes()[:50])
    with pytest.raises(DatasetError, match=r"red.png cannot be used: it is damaged"):
        maps(files, Mean(), tmp_path / "cache")


def test_pictures_are_squashed_whole(files: list[Path]) -> None:
    pixels = load_square(files[0], SIDE)
    assert pixels.shape == (SIDE, SIDE, 3)
    assert pixels[:, 0].max() < 20 and pixels[:, -1].min() > 235
