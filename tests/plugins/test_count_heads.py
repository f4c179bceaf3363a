"""What annotators count things by: what keeps to the contract is asked, what does not is named and counts nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from imsearch import CountHead
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.count_heads import count_heads
from imsearch.plugins.problems import spec_problems
from tests.fakes import colour_spec

SPEC = colour_spec()
LENGTH = SPEC.vector_length or 0


def head(length: int = LENGTH, bias: float = 0.0) -> CountHead:
    return CountHead(np.zeros((3, length), np.float32), np.full(3, bias, np.float32))


def raises() -> dict[str, CountHead]:
    raise OSError("its file is gone")


def test_heads_come_with_the_version_they_belong_to() -> None:
    heads = {"dog": head()}
    counting = replace(SPEC, counts=lambda: heads)
    assert count_heads([SPEC, counting]) == {SPEC.name: (SPEC.version, heads)}
    checks = check_annotator(counting)
    assert all(check.passed for check in checks) and len(checks) == 7


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (raises, "its file is gone"),
        (lambda: [head()], "not list"),
        (lambda: {"dog": 2}, "'dog' must be a CountHead, not int"),
        (lambda: {"dog": head(LENGTH + 1)}, f"must have the shapes (3, {LENGTH}) and (3,)"),
        (lambda: {"dog": head(bias=float("nan"))}, "holds NaN"),
    ],
)
def test_one_that_breaks_its_word_counts_nothing(
    counts: Callable[[], Any], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(SPEC, counts=counts)
    with caplog.at_level(logging.WARNING, "imsearch.plugins"):
        assert count_heads([broken]) == {}
    assert told in caplog.text and SPEC.name in caplog.text
    assert any(told in problem for check in check_annotator(broken) for problem in check.problems)


def test_what_makes_no_vectors_cannot_count() -> None:
    assert "needs vectors" in spec_problems(replace(SPEC, vector_length=None, counts=dict))[0]
