"""The contract as a pytest plugin for plugin authors: installing imsearch makes the fixtures of this file available.

def test_contract(check_annotator):
    check_annotator("colors")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from imsearch.pictures.picture import Picture
    from imsearch.specs import AnnotatorSpec


@pytest.fixture
def check_annotator() -> Callable[[str | AnnotatorSpec], None]:
    """Return a function that fails the test when an annotator, given by name or spec, breaks the contract."""
    from imsearch.plugins.contract import check_annotator as run_checks
    from imsearch.plugins.manager import make_manager
    from imsearch.specs import AnnotatorSpec

    def check(annotator: str | AnnotatorSpec) -> None:
        spec = annotator if isinstance(annotator, AnnotatorSpec) else make_manager().choose([annotator])[0]
        broken = [f"{check.rule}: {problem}" for check in run_checks(spec) for problem in check.problems]
        if broken:
            pytest.fail(f"annotator {spec.name!r} breaks the contract\n" + "\n".join(broken), pytrace=False)

    return check


@pytest.fixture
def sample_pictures() -> list[Picture]:
    """Return a few generated pictures of odd shapes, as passed to an annotator's `prepare`."""
    from imsearch.plugins.contract import sample_pictures as make

    return make(224)
