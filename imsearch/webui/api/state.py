"""Schemas for the state of the library, failures, and installed plugins."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from imsearch.webui.api.models import Record, Told

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-03-01T09:30:00+00:00"])]
"""With time zone, as commands print it."""


class AnnotatorState(Record):
    """One version of an annotator."""

    name: str = Field(examples=["everyday"])
    version: str = Field(examples=["1"])
    images: int = Field(ge=0, description="Number of pictures it has annotated.", examples=[4475])
    current: bool = Field(description="True if it is the version in use.")
    installed: bool = Field(description="True if an annotator of this name is installed.")
    forgotten: bool = Field(description="True if its tags are hidden, and are deleted by the next run.")


class FailureRecord(Record):
    """A file that could not be read, or an annotator that failed on it."""

    path: Told = Field(examples=["/photos/broken.jpg"])
    annotator: str | None = Field(description="null where the file itself cannot be read.")
    reason: Told = Field(examples=["it is damaged or cut short: unexpected end of file"])


class ProfileRecord(Record):
    """The time of a run by stage; what `imsearch index --profile` prints."""

    seconds: float = Field(ge=0, description="Since the run began.", examples=[19.2])
    pictures: int = Field(ge=0, description="Those decoded.", examples=[400])
    workers: int = Field(description="Threads that read and decode.", examples=[4])
    processors: int = Field(examples=[4])
    device: str = Field(examples=["cpu"])
    stages: dict[str, float] = Field(
        description="Seconds by stage, summed over threads.",
        examples=[{"scan": 0.1, "load": 2.1, "decode": 12.0, "forward": 9.1, "post": 0.5, "write": 0.9}],
    )
    annotators: dict[str, dict[str, float]] = Field(
        description="Seconds of each annotator, by stage.", examples=[{"everyday": {"forward": 9.1, "post": 0.5}}]
    )
    busy: dict[str, float] = Field(
        description="Seconds in which each line of work did not wait for another one.",
        examples=[{"decode": 16.4, "model": 9.3, "post": 0.5, "write": 0.9}],
    )
    bound: str = Field(description="The line of work that waited least.", examples=["decode"])


class ProgressRecord(Record):
    """The progress of a run."""

    pid: int = Field(description="Its process.", examples=[4711])
    started: Moment
    updated: Moment = Field(description="Time of this report; twice a second while pictures are stored.")
    phase: Literal["scanning", "indexing", "finishing"]
    found: int = Field(ge=0, description="Pictures found so far.", examples=[4475])
    planned: int = Field(ge=0, description="Files that must be read.", examples=[120])
    done: int = Field(ge=0, description="Those of them that are finished and stored.", examples=[48])
    bytes_planned: int = Field(ge=0)
    bytes_done: int = Field(ge=0)
    failures: int = Field(ge=0, description="So far.")
    rate: float = Field(ge=0, description="Recent files per second; 0 when unknown.", examples=[12.5])
    remaining: float | None = Field(description="Seconds; null when unknown.", examples=[6.0])
    folders: list[Told] = Field(description="The folders and files that it was given.")
    annotators: list[str]
    profile: ProfileRecord | None = Field(description="Where the time went so far; null before the first picture.")


class LastRunRecord(Record):
    """The result of the last run."""

    started: Moment
    ended: Moment
    seconds: float = Field(ge=0)
    outcome: Literal["done", "stopped", "failed", "killed"]
    done: int = Field(ge=0, description="Files finished and stored.")
    failures: int = Field(ge=0)
    counts: dict[str, int] = Field(
        description="Number of files by outcome; empty for a run that did not complete.",
        examples=[{"new": 12, "unchanged": 4463, "failed": 3}],
    )
    error: Told | None = Field(description="The error that ended it, if it failed.")
    folders: list[Told]
    annotators: list[str]
    not_read: dict[str, dict[str, int]] = Field(
        description="Files of kinds that are not read, by kind and by suffix.",
        examples=[{"raw": {"cr2": 34}, "video": {"mp4": 120, "mov": 3}}],
    )
    left_out: dict[str, int] = Field(
        description="Folders and files left out by rules; empty for a run that did not complete.",
        examples=[{"folders": 12, "files": 3}],
    )
    missing: list[Told] = Field(description="Folders that were missing or empty; their pictures are kept.")
    profile: ProfileRecord | None = Field(description="Where the time went; null when unknown.")


class FolderRecord(Record):
    """A folder that is kept up to date."""

    path: Told = Field(examples=["/home/ada/Pictures"])
    indexed_at: Moment | None = Field(description="Time of the last complete run over it; null when unknown.")


class StatusRecord(Record):
    """The contents of the library, and its location; the output of `imsearch status --format json`."""

    library: Told = Field(description="Its folder.", examples=["/home/ada/.local/share/imsearch"])
    config: Told = Field(description="Path of the configuration file, which need not exist.")
    images: int = Field(ge=0, examples=[4475])
    files: int = Field(ge=0, examples=[4480])
    tags: int = Field(ge=0, description="Number of tags that pictures show, as listed by `/api/tags`.", examples=[1371])
    corrections: int = Field(ge=0, examples=[12])
    bytes: int = Field(ge=0, description="Size of the catalog and the indexes on disk.", examples=[52428800])
    languages: list[str] = Field(description="Languages of queries.", examples=[["en", "de"]])
    sentence_encoder: str = Field(examples=["not installed"])
    free_text: str = Field(
        description="The annotator in whose embedding space words are compared, or the reason why there is none.",
        examples=["compared by everyday 3-64"],
    )
    annotators: list[AnnotatorState]
    failed: int = Field(ge=0, description="Total number of failures.", examples=[3])
    failures: list[FailureRecord] = Field(description="The first hundred; `/api/failures` lists all.")
    indexing: ProgressRecord | None = Field(description="The current run.")
    last_run: LastRunRecord | None
    folders: list[FolderRecord] = Field(description="The folders that `imsearch index` brings up to date.")


class FailuresRecord(Record):
    """A page of failures, by path."""

    total: int = Field(ge=0, description="How many there are on all pages.", examples=[3])
    failures: list[FailureRecord]


class PluginRecord(Record):
    """An installed plugin."""

    name: str = Field(examples=["everyday"])
    version: str = Field(examples=["1.0.0"])
    error: Told | None = Field(description="The error; null when it works.")
    package: str = Field(examples=["imsearch-engine"])


class SpecRecord(Record):
    """An annotator provided by a plugin."""

    name: str = Field(examples=["everyday"])
    version: str = Field(examples=["1"])
    vocabulary: int = Field(
        ge=0, description="Number of tags it can return; 0 for an open vocabulary.", examples=[1000]
    )
    ranking_only: int = Field(ge=0, description="Number of tags that are never shown and only help ranking.")
    vector_length: int | None = Field(description="Length of its vectors; null when it makes none.", examples=[512])
    input_size: int = Field(description="Pixels of the shorter side of its input.", examples=[224])
    inputs: list[str] = Field(description='Its inputs besides pixels: "social_tags", "metadata".')
    description: str
    license: str = Field(examples=["Apache-2.0"])
    weights_license: str
    weights_sha256: str | None
    default: bool = Field(description="True if it is used when none is named.")


class PluginsRecord(Record):
    """The installed plugins and annotators; the output of `imsearch plugins --json`."""

    plugins: list[PluginRecord]
    annotators: list[SpecRecord]
