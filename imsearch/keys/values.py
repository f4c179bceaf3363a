"""Values of conditions: the text behind a key, once it is read.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


class BadValue(Exception):  # noqa: N818 - not an error of the program; always becomes a QueryError
    """The text behind a key makes no sense; `offset` is where in it the trouble starts."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers or moments from `low` to `high`; None is no limit.  `above` and `below` leave the limit itself out."""

    low: float | datetime | None = None
    high: float | datetime | None = None
    above: bool = False
    below: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Text that holds this somewhere; ``*`` stands for anything, capitals do not matter."""

    text: str


@dataclass(frozen=True, slots=True)
class Exact:
    """Text that is just so, capitals too."""

    text: str


@dataclass(frozen=True, slots=True)
class Circle:
    """Places at most so far from a point; degrees, north and east positive."""

    latitude: float
    longitude: float
    kilometres: float


@dataclass(frozen=True, slots=True)
class Chance:
    """A tag and the span of its probability."""

    tag: str
    span: Span


@dataclass(frozen=True, slots=True)
class Months:
    """Months of any year, 1 to 12."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """Places at most so far from one that is given by its name."""

    name: str
    kilometres: float


Value: TypeAlias = Span | Part | Exact | Circle | Around | Chance | Months | str
