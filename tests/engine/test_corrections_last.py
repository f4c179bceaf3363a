"""What the user says stays, whatever is indexed later and whatever is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from tests.engine.support import LEXICON, correct, everything, ids, reading, spec, tags


@pytest.fixture
def corrected(pets: Engine) -> Engine:
    """1 shows a puss by the user and no dog; "traffic light" is called "signal"."""
    correct(pets, Verdict.ACCEPT, [1], "cat")
    correct(pets, Verdict.REJECT, [1, 2], "dog")
    pets.corrections.rename("cat", "puss")
    pets.corrections.rename("traffic light", "signal")
    return pets


def check_corrected(engine: Engine) -> None:
    assert tags(engine, 1) == {"puss": "user"}
    assert tags(engine, 2) == {"signal": "fake"}
    assert ids(engine, "dog") == []
    assert ids(engine, "tag:puss")[0] == 1
    assert engine.verify() == []


def test_corrections_survive_indexing_again_and_newer_models(corrected: Engine) -> None:
    for version in ("1", "2"):
        corrected.use_annotators([spec(version=version)])
        corrected.record([reading(1, {"dog": 0.99, "cat": 0.8}), reading(2, {"dog": 0.99, "traffic light": 0.7})])
        corrected.catch_up()
        check_corrected(corrected)


def test_another_annotator_cannot_bring_back_what_was_rejected(corrected: Engine) -> None:
    corrected.use_annotators([spec("other", vector_length=None)])
    corrected.record([reading(1, {"dog": 0.99, "cat": 0.9}, annotator="other")])
    corrected.catch_up()
    check_corrected(corrected)


def test_corrections_follow_moved_copied_and_lost_files(corrected: Engine) -> None:
    corrected.record([reading(1, path="/elsewhere/copy.jpg")])
    corrected.forget([Path("/photos/1.jpg")])
    image = corrected.catalog.image(Path("/elsewhere/copy.jpg"))
    assert image is not None and image.id == 1
    check_corrected(corrected)
    corrected.forget([Path("/elsewhere/copy.jpg")])
    assert ids(corrected, "tag:puss") == [3]
    corrected.record([reading(1, path="/back.jpg")])
    corrected.catch_up()
    check_corrected(corrected)


def test_corrections_survive_a_rebuild_and_closing(corrected: Engine, folder: Path) -> None:
    corrected.rebuild()
    check_corrected(corrected)
    corrected.close()
    with Engine.open(folder, LEXICON, write=True) as engine:
        check_corrected(engine)
        assert engine.corrections.undo().name == "signal"


MOMENTS = {
    "before the transaction is committed": ("imsearch.engine.stores.sql.recorder", "_mark_changed", False),
    "before the text index follows": ("imsearch.engine.stores.local.text_arrays.ArrayTextIndex", "apply", True),
    "after the segments are written, before the commit": (
        "imsearch.engine.stores.local.text_arrays",
        "write_state",
        True,
    ),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process to kill it")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda engine: correct(engine, Verdict.ADD, [1, 2], "beach"), id="add"),
        pytest.param(lambda engine: correct(engine, Verdict.REJECT, [1], "cat"), id="reject"),
        pytest.param(lambda engine: engine.corrections.merge(["cat", "dog"], "pet"), id="merge"),
    ],
)
def test_a_change_that_is_killed_is_made_wholly_or_not_at_all(
    folder: Path, moment: str, change: Callable[[Engine], object]
) -> None:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9, "dog": 0.2}), reading(2, {"dog": 0.8}), reading(3, {})])
        engine.catch_up()
        before = everything(engine)
    place, name, made = MOMENTS[moment]
    child = os.fork()
    if child == 0:
        try:
            killed_at(place, name)
            with Engine.open(folder, LEXICON, write=True) as engine:
                change(engine)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    with Engine.open(folder, LEXICON, write=True) as engine:
        after = everything(engine)
        assert engine.verify() == []
        assert len(engine.catalog.history()) == made
        if made:
            engine.corrections.undo()
        else:
            assert after == before
        assert everything(engine) == before


def killed_at(place: str, name: str) -> None:
    """Let this process die when the function is called."""
    module, _, owner = place.rpartition(".")
    target = (
        __import__(place, fromlist=["_"]) if owner[0].islower() else getattr(__import__(module, fromlist=["_"]), owner)
    )
    setattr(target, name, lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL))
