"""Where the time of a run goes: what is measured, kept and told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import imsearch
from imsearch.engine.engine import Engine
from imsearch.errors import PluginError
from imsearch.indexer.pipeline import index
from imsearch.indexer.profile import STAGES, Profile, profile_of, profile_record
from imsearch.indexer.progress_file import Beacon, read_last_run, read_progress
from imsearch.indexer.report import SilentObserver
from imsearch.records import Annotation
from imsearch.specs import AnnotatorSpec
from imsearch.system.stages import Stopwatch, stage
from imsearch.views.profile_words import profile_rows, tell_bound, tell_busy
from tests.fakes import Calls, ColourAnnotator, colour_spec

PROFILE = Profile(
    20.0,
    100,
    workers=2,
    processors=4,
    device="cpu",
    stages={"decode": 30.0, "forward": 7.0, "write": 3.0},
    annotators={"colours": {"forward": 4.0}, "shapes": {"forward": 3.0}},
    busy={"decode": 19.0, "model": 7.6, "write": 3.0},
)


class Clock:
    """Stands still but for `pass_by`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("imsearch.system.stages.time.perf_counter", lambda: self.now)


def test_seconds_count_for_the_innermost_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, watch = Clock(monkeypatch), Stopwatch()
    with watch.measuring("forward"):
        clock.now += 1
        with imsearch.stage("prepare"):
            clock.now += 2
        clock.now += 4
        with pytest.raises(ValueError), stage("post"):
            clock.now += 8
            raise ValueError
        clock.now += 16
    with stage("post"):  # nobody listens any more
        clock.now += 32
    assert watch.seconds == {"forward": 21.0, "prepare": 2.0, "post": 8.0}


def test_a_stage_that_does_not_exist_is_a_mistake_even_when_nobody_listens() -> None:
    with pytest.raises(PluginError, match="no stage 'think', but: prepare, forward, post"):
        stage("think")  # type: ignore[arg-type]


def test_each_stage_of_a_run_is_measured_and_each_annotator(engine: Engine, photos: Path) -> None:
    class Telling(ColourAnnotator):
        def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
            with stage("post"):
                return super().annotate(batch)

    telling = AnnotatorSpec("telling", "1", lambda _: Telling(Calls()), vector_length=4, input_size=8)
    profile = index([photos], engine, [colour_spec(), telling]).profile
    assert profile is not None
    assert list(profile.stages) == list(STAGES) and all(profile.stages.values())
    assert profile.pictures == 3
    silent, told = profile.annotators["colours"], profile.annotators["telling"]
    assert set(silent) == set(told) == {"prepare", "forward", "post"}
    assert told["post"] > 0
    for name in ("prepare", "forward", "post"):
        assert profile.stages[name] == pytest.approx(silent[name] + told[name])
    assert list(profile.busy) == ["scan", "load", "decode", "model", "post", "write"]
    assert all(0 <= profile.share(line) <= 1 for line in profile.busy)


def test_waiting_for_a_device_is_work_of_the_model(engine: Engine, photos: Path) -> None:
    class Device(ColourAnnotator):
        def begin(self, batch: Sequence[Any]) -> Any:
            return batch

        def finish(self, begun: Any) -> Sequence[Annotation]:
            with stage("forward"):
                return super().annotate(begun)

    spec = AnnotatorSpec("device", "1", lambda _: Device(Calls(), seconds=0.1), vector_length=4, input_size=8)
    profile = index([photos], engine, [spec]).profile
    assert profile is not None
    assert profile.stages["forward"] >= 0.3 and profile.busy["model"] >= 0.3


def test_a_run_without_anything_new_looks_for_pictures(engine: Engine, photos: Path) -> None:
    index([photos], engine, [colour_spec()])
    profile = index([photos], engine, [colour_spec()]).profile
    assert profile is not None and (profile.pictures, profile.stages["decode"]) == (0, 0.0)
    assert profile_rows(profile)[0][2] == "-"


def test_what_waited_least_bounds_the_run() -> None:
    def bound(device: str = "cpu", workers: int = 2, **busy: float) -> str:
        return tell_bound(replace(PROFILE, busy=busy, device=device, workers=workers))

    waited = "Decoding bounds this run: the model waited for pictures 62 % of the time; "
    assert bound(decode=19.0, model=7.6) == waited + "more workers (--workers) would help."
    assert bound(workers=4, decode=19.0, model=7.6) == waited + "all 4 processors were used."
    model = "The model bounds this run: it was at work 95 % of the time"
    assert bound(decode=7.0, model=19.0) == model + "; a GPU (--device cuda) would help."
    assert bound("cuda", decode=7.0, model=19.0) == model + "."
    assert bound(model=1.0, write=10.0).startswith("Writing bounds this run: catalog and indexes were written 50 %")
    assert bound(model=1.0, post=10.0).startswith("Making tags of what the model computes bounds this run")
    assert bound(cluster=19.0, model=0.0).startswith("The cluster bounds this run")
    assert bound(scan=10.0, model=1.0) == "Looking for pictures bounds this run: it took 50 % of the time."
    assert bound(load=10.0, model=1.0).startswith("Building the models bounds this run")


def test_the_table_has_annotators_where_there_are_several() -> None:
    assert profile_rows(PROFILE) == [
        ("decode", "30.00", "300.00", "75 %"),
        ("forward", "7.00", "70.00", "18 %"),
        ("  colours", "4.00", "40.00", "10 %"),
        ("  shapes", "3.00", "30.00", "8 %"),
        ("write", "3.00", "30.00", "8 %"),
    ]
    assert [row[0] for row in profile_rows(replace(PROFILE, annotators={"one": {"forward": 7.0}}))] == [
        "decode",
        "forward",
        "write",
    ]
    assert tell_busy(PROFILE) == "decode 95 %, model 38 %, write 15 % of 20.0 s"


def test_a_profile_outlives_its_run(tmp_path: Path) -> None:
    assert profile_of(json.loads(json.dumps(profile_record(PROFILE)))) == PROFILE
    assert (profile_record(None), profile_of(None)) == (None, None)
    with pytest.raises(KeyboardInterrupt), Beacon(SilentObserver(), tmp_path, [], ["colours"]) as beacon:
        beacon.planned(10, 10)
        beacon.profiled(PROFILE)
        beacon._tell(at_once=True)
        running = read_progress(tmp_path)
        assert running is not None and running.profile == PROFILE
        raise KeyboardInterrupt
    last = read_last_run(tmp_path)
    assert last is not None and last.profile == PROFILE
