"""Seconds of a run by stage, and the line of work that all others wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STAGES = ("scan", "load", "read", "decode", "prepare", "forward", "post", "write")
"""In the order in which a picture passes them; "load" is the building of annotators."""
DECODE, CLUSTER = "decode", "cluster"
"""Lines of work that make pictures ready: threads and processes of this machine, or the workers of a cluster."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The time of a run by stage, so far.

    seconds: since it began.  pictures: those decoded.  workers: threads that read and decode.  processors: of the
    machine.  stages: seconds by stage, summed over threads.  annotators: the same of each, by name.  busy: seconds in
    which each line of work did not wait for another one: "scan", "load", "decode" or "cluster", "model", "post",
    "write".
    """

    seconds: float
    pictures: int
    workers: int
    processors: int
    device: str
    stages: Mapping[str, float] = field(default_factory=dict)
    annotators: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    busy: Mapping[str, float] = field(default_factory=dict)

    @property
    def bound(self) -> str:
        """The line of work that waited least, so that a faster one would shorten the run."""
        return max(self.busy, key=lambda line: self.busy[line], default="")

    def share(self, line: str) -> float:
        """Return the share of the run in which a line of work was busy, 0 to 1."""
        return min(1.0, self.busy.get(line, 0.0) / self.seconds) if self.seconds else 0.0


def profile_record(profile: Profile | None) -> dict[str, Any] | None:
    """Return the JSON that ``imsearch status`` and ``imsearch index --json`` print; None for none."""
    if profile is None:
        return None
    return {
        "seconds": round(profile.seconds, 3),
        "pictures": profile.pictures,
        "workers": profile.workers,
        "processors": profile.processors,
        "device": profile.device,
        "stages": _rounded(profile.stages),
        "annotators": {name: _rounded(stages) for name, stages in profile.annotators.items()},
        "busy": _rounded(profile.busy),
        "bound": profile.bound,
    }


def profile_of(record: Mapping[str, Any] | None) -> Profile | None:
    """Parse a `profile_record`; None for none.  Raises KeyError, TypeError or ValueError for one of another version."""
    if record is None:
        return None
    return Profile(
        float(record["seconds"]),
        int(record["pictures"]),
        int(record["workers"]),
        int(record["processors"]),
        str(record["device"]),
        _seconds(record["stages"]),
        {str(name): _seconds(stages) for name, stages in dict(record["annotators"]).items()},
        _seconds(record["busy"]),
    )


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in seconds.items()}


def _seconds(record: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in dict(record).items()}
