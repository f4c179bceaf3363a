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
    images: int = Field(ge=0, description="How many it has annotated.", examples=[4475])
    current: bool = Field(description="Whether it is the version in use.")
    installed: bool = Field(description="Whether an annotator of this name is installed.")
    forgotten: bool = Field(description="Whether it is not heard any more, and is removed by the next run.")


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
    updated: Moment = Field(description="When this was written; twice a second while pictures are stored.")
    phase: Literal["scanning", "indexing", "finishing"]
    found: int = Field(ge=0, description="Pictures found so far.", examples=[4475])
    planned: int = Field(ge=0, description="Files that must be read.", examples=[120])
    done: int = Field(ge=0, description="Those of them that are finished and stored.", examples=[48])
    bytes_planned: int = Field(ge=0)
    bytes_done: int = Field(ge=0)
    failures: int = Field(ge=0, description="So far.")
    rate: float = Field(ge=0, description="Files a second, lately; 0 when not known.", examples=[12.5])
    remaining: float | None = Field(description="Seconds; null when not known.", examples=[6.0])
    folders: list[Told] = Field(description="What it was given.")
    annotators: list[str]
    profile: ProfileRecord | None = Field(description="Where the time went so far; null before the first picture.")


class LastRunRecord(Record):
    """The result of the last run."""

    started: Moment
    ended: Moment
    seconds: float = Field(ge=0)
    outcome: Literal["done", "stopped", "failed", "killed"]
    done: int = Field(ge=0, description="Files that it finished and stored.")
    failures: int = Field(ge=0)
    counts: dict[str, int] = Field(
        description="Files by what became of them; empty for a run that did not come to its end.",
        examples=[{"new": 12, "unchanged": 4463, "failed": 3}],
    )
    error: Told | None = Field(description="What ended it, where it failed.")
    folders: list[Told]
    annotators: list[str]
    not_read: dict[str, dict[str, int]] = Field(
        description="Files of kinds that are not read, by kind and by the ending of their names.",
        examples=[{"raw": {"cr2": 34}, "video": {"mp4": 120, "mov": 3}}],
    )
    left_out: dict[str, int] = Field(
        description="Folders and files that rules leave out; empty for a run that did not come to its end.",
        examples=[{"folders": 12, "files": 3}],
    )
    missing: list[Told] = Field(description="Folders that were not there or empty, so that their pictures are kept.")
    profile: ProfileRecord | None = Field(description="Where the time went; null when it is not known.")


class FolderRecord(Record):
    """A folder that is kept up to date."""

    path: Told = Field(examples=["/home/ada/Pictures"])
    indexed_at: Moment | None = Field(description="When a run over it last came to its end; null when not known.")


class StatusRecord(Record):
    """The contents of the library, and its location; what `imsearch status --format json` prints."""

    library: Told = Field(description="Its folder.", examples=["/home/ada/.local/share/imsearch"])
    config: Told = Field(description="Where the configuration file is looked for.")
    images: int = Field(ge=0, examples=[4475])
    files: int = Field(ge=0, examples=[4480])
    tags: int = Field(
        ge=0, description="In use: how many `/api/tags` lists, those that some picture shows.", examples=[1371]
    )
    corrections: int = Field(ge=0, examples=[12])
    bytes: int = Field(ge=0, description="Of the catalog and the indexes on disk.", examples=[52428800])
    languages: list[str] = Field(description="Those that queries are understood in.", examples=[["en", "de"]])
    sentence_encoder: str = Field(examples=["not installed"])
    free_text: str = Field(
        description="Whose space the plain words of a query are compared in, or why in none.",
        examples=["compared by everyday 3-64"],
    )
    annotators: list[AnnotatorState]
    failed: int = Field(ge=0, description="How many failures there are.", examples=[3])
    failures: list[FailureRecord] = Field(description="The first hundred; `/api/failures` lists them all.")
    indexing: ProgressRecord | None = Field(description="The run that goes on now.")
    last_run: LastRunRecord | None
    folders: list[FolderRecord] = Field(description="Those that `imsearch index` brings up to date.")


class FailuresRecord(Record):
    """A page of failures, by path."""

    total: int = Field(ge=0, description="How many there are on all pages.", examples=[3])
    failures: list[FailureRecord]


class PluginRecord(Record):
    """An installed plugin."""

    name: str = Field(examples=["everyday"])
    version: str = Field(examples=["1.0.0"])
    error: Told | None = Field(description="What is wrong with it; null when it works.")
    package: str = Field(examples=["imsearch-engine"])


class SpecRecord(Record):
    """An annotator provided by a plugin."""

    name: str = Field(examples=["everyday"])
    version: str = Field(examples=["1"])
    vocabulary: int = Field(ge=0, description="How many tags it can give; 0 for any.", examples=[1000])
    ranking_only: int = Field(ge=0, description="How many of them are never shown and only help ranking.")
    vector_length: int | None = Field(description="Of its vectors; null when it makes none.", examples=[512])
    input_size: int = Field(description="Pixels of a picture's shorter side that it looks at.", examples=[224])
    inputs: list[str] = Field(description='What it looks at beside pixels: "social_tags", "metadata".')
    description: str
    license: str = Field(examples=["Apache-2.0"])
    weights_license: str
    weights_sha256: str | None
    default: bool = Field(description="Whether it is used when none is named.")


class PluginsRecord(Record):
    """The installed plugins and annotators; what `imsearch plugins --json` prints."""

    plugins: list[PluginRecord]
    annotators: list[SpecRecord]
