"""Errors reported to the user.  Each message says what happened and what to do about it."""

from __future__ import annotations


class ImsearchError(Exception):
    """Base class of errors with a message for the user; the command line prints it and exits with 2."""


class LibraryError(ImsearchError):
    """The library cannot be used: it is missing, damaged, newer than this program, or held by another run."""


class LibraryLocked(LibraryError):  # noqa: N818 - the state of a library, said as such
    """Another process is writing to the library."""


class WriteRefused(LibraryError):  # noqa: N818 - what the system did, said as such
    """The system refused a write: the disk is full, failing, or read-only.  Data stored before is kept.

    full: True if the disk is full.
    """

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full


class UndoConflict(ImsearchError):  # noqa: N818 - the state of the history, said as such
    """The change to undo is no longer the last one, or was already undone."""


class PictureError(ImsearchError):
    """One picture cannot be read; recorded with its reason while processing continues."""


class QueryError(ImsearchError):
    """The query cannot be parsed.

    `position` is the 0-based offset of the problem in the query text.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class PluginError(ImsearchError):
    """A plugin is missing, broken, or breaks the contract of `imsearch.annotator`."""


class ModelError(ImsearchError):
    """Weights or a checkpoint are missing, damaged, or belong to another model, version or vocabulary."""


class DatasetError(ImsearchError):
    """A dataset is missing, empty, or refers to files or labels that do not exist."""
