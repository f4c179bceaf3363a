"""Cached responses while a run records and while nothing but the pages changes the library."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Message

from imsearch.library import Library
from imsearch.webui.states import Answers
from tests.patience import wait_until

ELSEWHERE = os.getpid() + 1


@dataclass
class Changing:
    """What of a library the cache asks for.  writer: the process that records."""

    generation: int = 1
    corrected: int = 0
    writer: int | None = None
    made: list[int] = field(default_factory=list)

    def library(self) -> Library:
        parts = SimpleNamespace(
            search=SimpleNamespace(state=lambda: self.generation), tags=self, runs=SimpleNamespace(writing=self.writing)
        )
        return cast(Library, parts)

    @property
    def last_change(self) -> int:
        return self.corrected

    def writing(self) -> int | None:
        return self.writer

    def make(self) -> Response:
        self.made.append(self.generation)
        return Response(f"of {self.generation}", media_type="text/plain")


@pytest.fixture
def changing() -> Changing:
    return Changing()


@pytest.fixture
def answers(changing: Changing) -> Iterator[Answers]:
    answers = Answers(changing.library(), lenient=600)
    yield answers
    answers.close()


def asked(answers: Answers, make: Callable[[], Response], tag: str = "") -> tuple[int, str, str]:
    """The status, tag and body that a client gets."""
    scope: dict[str, Any] = {"type": "http", "path": "/", "query_string": b"q=cat", "headers": []}
    if tag:
        scope["headers"] = [(b"if-none-match", tag.encode())]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(answers.give(Request(scope), make)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])[b"etag"].decode(), sent[1]["body"].decode()


def body(answers: Answers, changing: Changing) -> str:
    return asked(answers, changing.make)[2]


def test_a_response_is_made_once_and_anew_after_a_change(answers: Answers, changing: Changing) -> None:
    assert [body(answers, changing) for _ in range(3)] == ["of 1"] * 3
    changing.generation = 2
    assert body(answers, changing) == "of 2"
    assert changing.made == [1, 2]


def test_while_a_run_records_an_older_response_serves_until_the_new_one_is_made(
    answers: Answers, changing: Changing
) -> None:
    _, tag, _ = asked(answers, changing.make)
    changing.generation, changing.writer = 2, ELSEWHERE
    assert body(answers, changing) == "of 1"
    wait_until(lambda: body(answers, changing) == "of 2")
    status, newer, _ = asked(answers, changing.make, tag)
    assert (status, newer == tag) == (200, False)
    assert asked(answers, changing.make, newer) == (304, newer, "")
    assert changing.made == [1, 2]


def test_what_nobody_asked_for_yet_is_made_as_it_is_now(answers: Answers, changing: Changing) -> None:
    changing.writer = ELSEWHERE
    assert body(answers, changing) == "of 1"


def test_a_correction_on_the_pages_shows_at_once_while_a_run_records(answers: Answers, changing: Changing) -> None:
    changing.writer = ELSEWHERE
    assert body(answers, changing) == "of 1"
    changing.generation, changing.corrected = 2, 1
    assert body(answers, changing) == "of 2"


def test_an_older_response_serves_for_a_moment_only(changing: Changing) -> None:
    answers = Answers(changing.library(), lenient=0)
    changing.writer = ELSEWHERE
    assert body(answers, changing) == "of 1"
    changing.generation = 2
    assert body(answers, changing) == "of 2"
    answers.close()


def test_what_is_written_by_this_process_shows_at_once(answers: Answers, changing: Changing) -> None:
    changing.writer = os.getpid()
    assert body(answers, changing) == "of 1"
    changing.generation = 2
    assert body(answers, changing) == "of 2"


def test_several_who_ask_at_once_get_one_response(answers: Answers, changing: Changing) -> None:
    go = threading.Event()

    def make() -> Response:
        go.wait(60)
        return changing.make()

    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(asked(answers, make)[2])) for _ in range(6)]
    for each in threads:
        each.start()
    go.set()
    for each in threads:
        each.join()
    assert got == ["of 1"] * 6
    assert changing.made == [1]


def test_errors_are_passed_on_and_not_cached(answers: Answers, changing: Changing) -> None:
    def fail() -> Response:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            asked(answers, fail)
    assert body(answers, changing) == "of 1"


def test_what_waits_in_the_background_is_brought_forward(changing: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(changing.library(), lenient=600)
    go = threading.Event()
    changing.writer = ELSEWHERE
    assert body(answers, changing) == "of 1"
    busy = answers._background.submit(go.wait, 60)
    changing.generation = 2
    assert body(answers, changing) == "of 1"  # and its successor waits
    monkeypatch.setattr(answers._moments, "_lenient", 0)
    assert body(answers, changing) == "of 2"
    assert not busy.done()
    go.set()
    answers.close()
    assert changing.made == [1, 2]


def test_a_site_that_is_started_again_makes_responses_again(answers: Answers, changing: Changing) -> None:
    assert asked(answers, changing.make)[2] == "of 1"
    answers.close()
    changing.generation = 2
    assert asked(answers, changing.make)[2] == "of 2"
