"""Schemas of the API's JSON; `imsearch.views.as_json` makes the responses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from imsearch.webui.texts import readable, readable_within

LARGEST = 2**63 - 1
"""The largest integer that the database stores."""


Id = Annotated[int, Field(ge=1, le=LARGEST, description="The id of an image, as in results.")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A tag, or the name of an annotator, in a request."""
Prefix = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Told = Annotated[str, BeforeValidator(readable)]
"""A path or another text that need not be valid UTF-8."""
Score = Annotated[float, Field(ge=0, le=1)]


class Record(BaseModel):
    """A response object; members with a default may be missing."""


class Asked(BaseModel):
    """A request object; unknown members and other types are rejected."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TagRecord(Record):
    """A tag of a picture."""

    name: Told = Field(examples=["dog"])
    score: Score = Field(description="Probability that the tag applies to the picture.", examples=[0.9312])
    source: Told = Field(
        description='Its source: the name of an annotator, or "user". In `why` also what was written: "keyword", '
        '"title", "name", "description" or "folder".',
        examples=["everyday"],
    )
    shown: bool = Field(description="True if it is likely enough to be shown; the others only help ranking.")


class CountedRecord(Record):
    """A name and how many pictures have it."""

    name: Told = Field(examples=["dog"])
    images: int = Field(ge=0, examples=[217])


class HitRecord(Record):
    """A search result."""

    id: int = Field(examples=[17])
    path: Told = Field(examples=["/photos/2023/park.jpg"])
    score: Score = Field(examples=[0.9])
    width: int = Field(description="Pixels, with the picture upright.", examples=[4000])
    height: int = Field(examples=[3000])
    tags: list[TagRecord] = Field(description="The likeliest first, including the long tail.")
    why: dict[str, TagRecord] = Field(description="For each word of the query, the tag it was found by.")


class RelaxedRecord(Record):
    """The parts of a query that were dropped because the whole would have found nothing."""

    asked: list[Told] = Field(description="The parts of the query, as typed.", examples=[["sunset", "snow"]])
    left_out: list[Told] = Field(description="Those that were left out.", examples=[["sunset"]])


class UnderstoodRecord(Record):
    """Words of a query that were interpreted as a condition."""

    typed: Told = Field(examples=["last summer"])
    meaning: Told = Field(description="The condition in the query language.", examples=["date:2026-06..2026-08"])


class ResultsRecord(Record):
    """A page of results."""

    query: Told = Field(examples=["dog date:2023"])
    total: int = Field(ge=0, description="Number of results on all pages.", examples=[217])
    relevant: int = Field(
        ge=0,
        description="Number of results that are likely enough to be listed without `all`.",
        examples=[217],
    )
    order: str = Field(
        description="The order, as in `sort:`; `-date` for queries of conditions alone.",
        examples=["score"],
    )
    hits: list[HitRecord]
    unknown: list[Told] = Field(description="Words that are unknown; they were left out.")
    suggestions: dict[str, list[Told]] = Field(
        description="Similarly spelled words that find something, for each unknown word."
    )
    understood: list[UnderstoodRecord] = Field(
        description="Words that were taken for a condition, or that leave something out, in the order of the query."
    )
    relaxed: RelaxedRecord | None = Field(
        None, description="Only if nothing matches the whole query: everything else then refers to what is left of it."
    )
    facets: dict[str, list[CountedRecord]] | None = Field(
        None, description="The most frequent values among all results, by kind; only on request."
    )


class TextRecord(Record):
    """A text that a person wrote about a picture."""

    source: str = Field(description='"title", "description" or "keyword".', examples=["title"])
    text: Told = Field(examples=["Juan-les-Pins"])
    origin: Told = Field(description="Where it was found, such as XMP.", examples=["XMP"])


class FactsRecord(Record):
    """The circumstances in which a picture was taken, according to its metadata; null for what is unknown."""

    utc_offset: int | None = Field(description="Minutes that the camera's clock was ahead of UTC.", examples=[120])
    camera: Told | None = Field(examples=["Canon EOS 80D"])
    lens: Told | None = Field(examples=["EF-S 24mm"])
    iso: int | None = Field(examples=[100])
    aperture: float | None = Field(description="The f-number.", examples=[2.8])
    exposure: float | None = Field(description="Seconds.", examples=[0.004])
    focal_length: float | None = Field(description="Millimetres.", examples=[24.0])
    latitude: float | None = Field(description="Degrees, north positive.", examples=[43.58])
    longitude: float | None = Field(description="Degrees, east positive.", examples=[7.12])
    rating: int | None = Field(description="0 to 5 stars, -1 for rejected.", examples=[5])
    city: Told | None = Field(description="In English, by the coordinates.", examples=["Antibes"])
    region: Told | None = Field(examples=["Provence-Alpes-C\u00f4te d'Azur"])
    country: Told | None = Field(examples=["France"])


class ImageRecord(Record):
    """All that is known about a picture; the output of `imsearch show --format json`."""

    id: int = Field(examples=[17])
    path: Told | None = Field(description="The most recently seen file.", examples=["/photos/2023/beach.jpg"])
    files: list[Told] = Field(description="All files with these bytes, then the raw files of the same shot.")
    raw: list[Told] = Field(description="The raw files among `files`.")
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    width: int = Field(description="Pixels, with the picture upright.", examples=[6000])
    height: int = Field(examples=[4000])
    format: str = Field(examples=["JPEG"])
    bytes: int = Field(ge=0, examples=[8100000])
    taken_at: str | None = Field(description="Local time, by the camera's clock.", examples=["2023-07-14T16:20:00"])
    facts: FactsRecord
    texts: list[TextRecord]
    metadata: Annotated[dict[str, Any], BeforeValidator(readable_within)] = Field(
        description="Further metadata, and problems of reading it; `taken_from` is `name` if the name holds the date."
    )
    tags: list[TagRecord] = Field(description="The likeliest first, including the long tail.")
    rejected: list[Told] = Field(description="Tags that you rejected.")


class TagsRecord(Record):
    """Tags in use, the most frequent first."""

    tags: list[CountedRecord]


Verdict = Literal["add", "accept", "reject", "remove", "clear"]
