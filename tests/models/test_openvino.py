"""`everyday` by OpenVINO: the probabilities and vectors of PyTorch in float32."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from benchmarks.pictures import natural
from imsearch.annotator import Annotator
from imsearch.pictures.picture import Picture
from imsearch.plugins.everyday.files import NAME
from imsearch.plugins.manager import make_manager
from imsearch.records import Annotation
from imsearch.training import openvino_model, runtime

pytestmark = pytest.mark.skipif(not openvino_model.is_installed(), reason="the extra cpu is not installed")


def pictures() -> list[Picture]:
    """Photos of the demo, and generated pictures."""
    photos = [Image.fromarray(each) for each in (data.chelsea(), data.coffee(), data.rocket())]
    images = [*photos, natural((320, 240), 1), Image.new("RGB", (300, 300), "red")]
    return [Picture(Path("a.jpg"), "", *image.size, "JPEG", {}, (), image) for image in images]


def annotated(annotator: Annotator) -> list[Annotation]:
    return list(annotator.annotate([annotator.prepare(each) for each in pictures()]))


def test_probabilities_and_vectors_are_those_of_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (spec,) = make_manager().choose([NAME])
    monkeypatch.setattr(openvino_model, "_folder", lambda: tmp_path)
    monkeypatch.setattr(runtime, "autocast", lambda device: nullcontext())
    expected = annotated(spec.factory("cpu"))
    monkeypatch.setenv("IMSEARCH_CPU_RUNTIME", "openvino")
    found = annotated(spec.factory("cpu"))
    assert list(tmp_path.glob("everyday-*.xml")), "OpenVINO has run"
    for one, other in zip(found, expected, strict=True):
        tags, wanted = ({tag.name: tag.probability for tag in each.tags} for each in (one, other))
        assert tags == pytest.approx(wanted, abs=1e-3)
        assert one.vector is not None
        assert other.vector is not None
        cosine = np.dot(one.vector, other.vector) / np.linalg.norm(one.vector) / np.linalg.norm(other.vector)
        assert cosine > 0.9999
