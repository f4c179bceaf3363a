"""The state of a library's annotators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnnotatorStatus:
    """One version of an annotator and what it did.

    current: the version that was used last.  images: those it has annotated.  tags: those it shows on some image.
    vector_length: None where it makes no vectors.  forgotten: the user does not want it any more, and it is gone with
    the next run.
    """

    name: str
    version: str
    current: bool
    images: int
    tags: int
    vector_length: int | None
    forgotten: bool

    def state(self, installed: bool) -> str:
        """A word or two on what is special about it, or nothing."""
        if self.forgotten:
            return "forgotten"
        return "not installed" if not installed else "" if self.current else "replaced"
