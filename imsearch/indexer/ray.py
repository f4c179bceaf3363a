"""Workers on the machines of a Ray cluster; the only module that imports Ray, which takes seconds.

Plain actors rather than Ray Data: between reading and decoding, a run decides by hashes in its catalog.
"""

from __future__ import annotations

import logging
import platform
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

import imsearch
from imsearch.errors import ImsearchError
from imsearch.indexer.cluster import Cluster
from imsearch.indexer.cluster_run import ClusterRun
from imsearch.indexer.cluster_worker import Greeting, Job, Worker
from imsearch.indexer.run import Run
from imsearch.indexer.shares import LostError
from imsearch.settings import Settings
from imsearch.specs import AnnotatorSpec

FIRST, OTHERS = 120.0, 30.0
"""Seconds to wait for the first worker, and from then on for the others."""
GOODBYE = 5.0
"""Seconds that annotators have to release their resources."""
ANSWER = 5.0
"""Timeout in seconds for connecting to a cluster."""
_NOT_STARTED = "raised in its creation task"
"""Part of the first line of Ray's error about a worker that could not be created."""
_CALLS_AT_ONCE = 4
"""Concurrent calls to a worker: one that reads, one that decodes, one that annotates, and a greeting."""

_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""Beginning of an HTTP/2 connection: the client's preface, and an empty frame of settings."""
_SETTINGS = 4


@contextmanager
def on_ray(
    address: str, specs: Sequence[AnnotatorSpec], settings: Settings, folders: Sequence[Path], *, ship_bytes: bool
) -> Iterator[Callable[..., Run]]:
    """Start workers on a cluster for the duration of the context; yields the factory of the run that uses them (see
    `pipeline.index`).

    address: ``HOST:PORT``, or ``auto`` for the cluster of this machine.  folders: those that workers must have in their
    file systems, unless `ship_bytes`.  Raises ImsearchError when there is no cluster, or a worker cannot be used.
    """
    _connect(address)
    try:
        nodes: Sequence[Mapping[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        shape, number = _shape(nodes, settings.device)
        job = Job(
            tuple(map(_absolute, settings.annotators)) or tuple(spec.name for spec in specs),
            "cuda" if shape.gpus else "cpu",
            settings.batch_size,
            shape.cpus,
            settings.decode_seconds,
            () if ship_bytes else tuple(folders),
        )
        problem = partial(problem_of, versions={spec.name: spec.version for spec in specs})
        cluster = Cluster(Actors(job, shape), min(number, settings.workers or number), problem)
        try:
            cluster.gather(FIRST, OTHERS)
            yield partial(ClusterRun, cluster=cluster, ship_bytes=ship_bytes)
        finally:
            cluster.close(GOODBYE)
    finally:
        ray.shutdown()


def problem_of(greeting: Greeting, versions: Mapping[str, str]) -> str:
    """Return why a worker cannot be used, and what to do about it, or "".  versions: of the annotators here."""
    who = f"The worker on {greeting.machine}"
    here = ".".join(platform.python_version_tuple()[:2])
    if greeting.imsearch != imsearch.__version__:
        return (
            f"{who} has imsearch {greeting.imsearch}, and this is {imsearch.__version__}. Install the same version on "
            "all machines, and start Ray there again"
        )
    if greeting.python != here:
        return f"{who} runs Python {greeting.python}, and this is {here}. Use the same on all machines"
    if greeting.problem:
        return (
            f"{who} lacks an annotator: {greeting.problem}. Install the same plugins on all machines, and start Ray "
            "there again"
        )
    for name, version in versions.items():
        if greeting.versions.get(name) != version:
            return (
                f"{who} has version {greeting.versions.get(name)} of the annotator {name}, and here it is {version}. "
                "Install the same version on all machines, and start Ray there again"
            )
    if greeting.unseen:
        return (
            f"{who} does not see {greeting.unseen[0]}. Mount it there at the same path, or send the pictures with "
            "--ship-bytes"
        )
    return ""


@dataclass(frozen=True, slots=True)
class Shape:
    """Resources that one worker takes."""

    cpus: int = 1
    gpus: int = 0


def _shape(nodes: Sequence[Mapping[str, Any]], device: str) -> tuple[Shape, int]:
    """Return the resources of a worker and the number of workers: one for each usable GPU, or else CPU."""
    offers = [node["Resources"] for node in nodes if node["Alive"]]
    with_gpu = [offer for offer in offers if offer.get("GPU", 0) >= 1 and offer.get("CPU", 0) >= 1]
    if device.startswith("cuda:"):
        raise ImsearchError("Ray gives each worker a GPU of its own: with --ray, say --device cuda")
    if device == "cuda" and not with_gpu:
        raise ImsearchError("No machine of the cluster offers a GPU. Use --device auto or cpu; nothing was indexed.")
    if device != "cpu" and with_gpu:
        cpus = min(max(1, int(offer["CPU"] // offer["GPU"])) for offer in with_gpu)
        return Shape(cpus, 1), sum(int(offer["GPU"]) for offer in with_gpu)
    number = sum(int(offer.get("CPU", 0)) for offer in offers)
    if not number:
        raise ImsearchError("No machine of the cluster offers a processor (ray start --num-cpus). Nothing was indexed.")
    return Shape(), number


class Actors:
    """Workers as actors of Ray."""

    def __init__(self, job: Job, shape: Shape) -> None:
        self._job = job
        self._class: Any = ray.remote(Worker).options(
            num_cpus=shape.cpus,
            num_gpus=shape.gpus,
            max_concurrency=_CALLS_AT_ONCE,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )

    def start(self) -> Any:
        return self._class.remote(self._job)

    def call(self, worker: Any, method: str, *arguments: Any) -> Any:
        return getattr(worker, method).remote(*arguments)

    def wait(self, refs: Sequence[Any], seconds: float) -> Sequence[Any]:
        ready, _ = ray.wait(list(refs), num_returns=1, timeout=seconds)
        return ready

    def result(self, ref: Any) -> Any:
        try:
            return ray.get(ref)
        except RayTaskError as error:
            raise error.cause or error from error
        except RayError as error:
            raise LostError(_why_lost(error)) from error

    def put(self, value: object) -> Any:
        return ray.put(value)

    def end(self, worker: Any) -> None:
        with suppress(RayError):
            ray.kill(worker)


def _why_lost(error: RayError) -> str:
    """Return one line of Ray's error; for a worker that never started, the reason and what to do about it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if _NOT_STARTED not in lines[0]:
        return lines[0].rstrip(".")
    _, _, reason = lines[-1].partition(": ")
    return (
        f"{reason or lines[-1]}. Install the same version of imsearch on all machines, in the environment in which Ray "
        "is started, and start Ray there again"
    )


def _connect(address: str) -> None:
    """Connect to a running cluster.  Raises ImsearchError."""
    unknown = (
        f"No Ray cluster was found at {address}{{}}. Give the address HOST:PORT that ray start --head printed, or auto "
        "on a machine of the cluster. Nothing was indexed."
    )
    if address != "auto" and (why := _why_no_cluster(address)):
        raise ImsearchError(unknown.format(f" ({why})"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, logging_level=logging.ERROR)
    except (ConnectionError, SystemExit) as error:  # it exits if it finds none
        raise ImsearchError(unknown.format("")) from error
    except (RuntimeError, ValueError) as error:  # another version of Ray or Python than the cluster's
        told = " ".join(str(error).split())
        raise ImsearchError(
            f"The Ray cluster at {address} cannot be used: {told.rstrip('.')}. Use the same Python and the same Ray on "
            "all machines. Nothing was indexed."
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)  # Ray puts one of its own in place of that for SIGTERM


def _why_no_cluster(address: str) -> str:
    """Return why there can be no cluster at an address, or ""; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        return "an address is HOST:PORT"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER) as connection:
            connection.sendall(_HTTP2)
            answer = connection.recv(4)
    except (OSError, OverflowError) as error:
        return str(getattr(error, "strerror", None) or error or type(error).__name__)
    return "" if len(answer) == 4 and answer[3] == _SETTINGS else "something else answers there"


def _absolute(annotator: str) -> str:
    """Return ``NAME=WEIGHTS`` with the absolute path of the weights, which workers open; a plain name as it is."""
    name, equals, weights = annotator.partition("=")
    return f"{name}={Path(weights).expanduser().absolute()}" if equals else annotator
