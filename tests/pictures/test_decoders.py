"""Decoding in processes that may die: of crashes, of time, of memory; and going on afterwards."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.budget import MOST_DECODED, Budget, Holding
from imsearch.pictures.channel import Channel
from imsearch.pictures.decoder_process import DecoderProcess
from imsearch.pictures.decoders import DecoderDiedError, Decoders
from imsearch.pictures.tasks import read_and_hash
from tests.make_pictures import RED, encoded, quarters
from tests.patience import PATIENCE, wait_until

pytestmark = pytest.mark.usefixtures("decoder_processes")


def process_number(*, budget: Holding) -> int:
    return os.getpid()


def crash(*, budget: Holding) -> None:
    ctypes.string_at(0)


def spin(*, budget: Holding) -> None:
    while True:
        pass


def sleep(seconds: float, *, budget: Holding) -> None:
    time.sleep(seconds)


def take_memory(size: int, *, budget: Holding) -> int:
    return len(bytearray(size))


def hold(size: int, *, budget: Holding) -> int:
    with budget.hold(size):
        return os.getpid()


def complain(*, budget: Holding) -> str:
    os.write(1, b"printed by a library\n")
    os.write(2, b"told by a library\n")
    print("printed")  # noqa: T201 - as a library does
    raise ValueError("a mistake of ours")


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders(2)
    yield made
    made.close()


def test_a_picture_comes_back_as_if_it_had_been_decoded_here(decoders: Decoders) -> None:
    data = encoded(quarters((640, 480)), "JPEG")
    picture, phash = decoders.call(read_and_hash, Path("a.jpg"), 60, data, "0" * 64, beside=False)
    here, phash_here = read_and_hash(Path("a.jpg"), 60, data, "0" * 64, beside=False)
    assert picture.image.tobytes() == here.image.tobytes()
    assert (picture.path, picture.width, picture.format, phash) == (here.path, here.width, here.format, phash_here)
    assert picture.array(2, 2).shape == (2, 2, 3)


def test_what_is_wrong_with_a_picture_is_told_as_here(decoders: Decoders) -> None:
    with pytest.raises(PictureError, match="not a picture"):
        decoders.call(read_and_hash, Path("a.jpg"), 60, b"no picture at all", "0" * 64, beside=False)


def test_processes_are_used_again_and_never_more_than_asked_for(decoders: Decoders) -> None:
    with ThreadPoolExecutor(6) as threads:
        numbers = list(threads.map(lambda _: decoders.call(process_number), range(30)))
    assert os.getpid() not in numbers
    assert len(set(numbers)) <= 2


def test_a_crash_is_told_and_the_next_picture_is_decoded(decoders: Decoders) -> None:
    with pytest.raises(DecoderDiedError, match="Segmentation fault"):
        decoders.call(crash)
    assert decoders.call(process_number) != os.getpid()


def test_what_takes_too_long_of_the_processor_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.pictures.decoder_process._WALL", PATIENCE)
    decoders = Decoders(1, seconds=1.0)
    try:
        with pytest.raises(DecoderDiedError, match="takes too long: it was given up after 1 seconds of a processor"):
            decoders.call(spin)
        decoders.call(sleep, 1.5)  # who waits for a busy machine takes nothing of the processor
    finally:
        decoders.close()


def test_what_never_ends_is_given_up_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.pictures.decoder_process._WALL", 0.1)
    decoders = Decoders(1, seconds=10.0)
    try:
        with pytest.raises(DecoderDiedError, match="takes too long"):
            decoders.call(sleep, 1000.0)
    finally:
        decoders.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the memory of a process so")
def test_memory_is_limited_whatever_the_headers_say(decoders: Decoders) -> None:
    with pytest.raises(PictureError, match="not enough memory"):
        decoders.call(take_memory, 2 << 30)
    assert decoders.call(take_memory, 1 << 20) == 1 << 20


def test_memory_is_held_by_one_after_another_and_given_back() -> None:
    budget = Budget(100 << 20)
    decoders = Decoders(2, budget=budget)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert len(list(threads.map(lambda _: decoders.call(hold, 80 << 20), range(8)))) == 8
        with pytest.raises(PictureError, match="more than 105 MB are refused"):
            decoders.call(hold, 200 << 20)
        with pytest.raises(PictureError, match="refused"):
            decoders.call(hold, MOST_DECODED + 1)
        budget.take(100 << 20)  # all of it is there
    finally:
        decoders.close()


def test_who_dies_gives_its_memory_back() -> None:
    budget = Budget(100 << 20)
    decoders = Decoders(1, budget=budget)
    try:
        with pytest.raises(DecoderDiedError):
            decoders.call(hold_and_crash, 80 << 20)
        budget.take(100 << 20)
    finally:
        decoders.close()


def hold_and_crash(size: int, *, budget: Holding) -> None:
    with budget.hold(size):
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_libraries_print_never_comes_between(decoders: Decoders, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="ValueError: a mistake of ours"):
        decoders.call(complain)
    assert decoders.call(take_memory, 1) == 1
    assert capfd.readouterr() == ("", "")


def test_closing_ends_what_is_under_way(decoders: Decoders) -> None:
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            decoders.call(sleep, 1000.0)
        except DecoderDiedError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_until(lambda: decoders._busy)
    decoders.close()
    thread.join(PATIENCE)
    assert len(raised) == 1
    with pytest.raises(DecoderDiedError):
        decoders.call(process_number)


def test_closing_ends_what_has_not_been_sent_yet(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Channel.send

    def closed_before(channel: Channel, *message: object) -> None:
        decoders.close()
        send(channel, *message)

    monkeypatch.setattr(Channel, "send", closed_before)
    with pytest.raises(DecoderDiedError):
        decoders.call(sleep, 1000.0)


def test_closing_ends_what_has_not_been_received_yet(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Channel.send

    def closed_after(channel: Channel, *message: object) -> None:
        send(channel, *message)
        decoders.close()

    monkeypatch.setattr(Channel, "send", closed_after)
    with pytest.raises(DecoderDiedError):
        decoders.call(sleep, 1000.0)


def test_closing_ends_who_is_being_started(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[DecoderProcess] = []

    class Late(DecoderProcess):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)
            decoders.close()

    monkeypatch.setattr("imsearch.pictures.decoders.DecoderProcess", Late)
    with pytest.raises(DecoderDiedError, match="stopped"):
        decoders.call(process_number)
    assert started[0]._process.returncode is not None


def test_idle_processes_are_ended() -> None:
    decoders = Decoders(1, idle=0.1)
    try:
        first = decoders.call(process_number)
        wait_until(lambda: not decoders._idle)
        assert decoders.call(process_number) != first
    finally:
        decoders.close()


def test_without_processes_pictures_are_decoded_here(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python/here")
    assert decoders.call(process_number) == os.getpid()
    assert decoders.call(process_number) == os.getpid()
    assert len([record for record in caplog.records if "decoded in this process" in record.message]) == 1


KEEPS_WORKING = """
import os, sys, time
from imsearch.pictures.decoders import Decoders
from tests.pictures.test_decoders import process_number
print(Decoders(1).call(process_number), flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look at other processes")
def test_nothing_is_left_when_the_program_is_killed() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", KEEPS_WORKING], stdout=subprocess.PIPE, env=environment) as program:
        assert program.stdout is not None
        number = int(program.stdout.readline())
        program.kill()
    wait_until(lambda: not Path(f"/proc/{number}").exists())


def test_ctrl_c_of_a_terminal_leaves_the_processes_alone(decoders: Decoders) -> None:
    number = decoders.call(process_number)
    os.kill(number, signal.SIGINT)
    assert decoders.call(process_number) == number


def test_a_large_picture_is_decoded_in_little_memory(decoders: Decoders) -> None:
    """100 million pixels with transparency: 400 MB decoded, and no second copy."""
    data = encoded(Image.new("RGBA", (10_000, 10_000), (*RED, 255)), "PNG", compress_level=1)
    picture, _ = decoders.call(read_and_hash, Path("a.png"), 60, data, "0" * 64, beside=False)
    assert picture.image.getpixel((30, 30)) == RED
    (process,) = decoders._idle
    peak = Path(f"/proc/{process._process.pid}/status")
    if peak.exists():
        (line,) = [line for line in peak.read_text().splitlines() if line.startswith("VmHWM")]
        assert int(line.split()[1]) < 560_000
