"""Schemas for tagging a picture that is not in the library."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from imsearch.webui.api.models import Name, Record, ResultsRecord, TagRecord, Told

MOST_ANNOTATORS = 50
MOST_SIMILAR = 100


class AskedTrial(BaseModel):
    """The fields of the form besides its files."""

    model_config = ConfigDict(extra="forbid")

    annotators: list[Name] = Field(
        [],
        max_length=MOST_ANNOTATORS,
        description="Names of annotators, each a field; by default those of the settings.",
    )
    similar: int = Field(
        0, ge=0, le=MOST_SIMILAR, description="Number of pictures of the library most similar to the first file."
    )
    cloud: bool = Field(False, description="Draw the tags of the first file as a word cloud.")


class TrialRecord(Record):
    """The tags of an uploaded picture."""

    path: Told = Field(description="Its name, as sent.", examples=["beach.jpg"])
    tags: list[TagRecord] = Field(
        description="By annotator, at most a hundred of each: those that are shown, the long tail, and last those "
        "never shown; each the likeliest first."
    )
    error: Told | None = Field(description="The error; null when all went well.")
    known: int | None = Field(description="The id of the picture in the library with the same bytes.")


class TrialsRecord(Record):
    """The tags of uploaded pictures."""

    images: list[TrialRecord] = Field(description="In the order of the files.")
    similar: ResultsRecord | None = Field(description="null if not requested or not possible; see notes.")
    cloud: str | None = Field(
        description="An SVG without styles and scripts, to be put into a page; null if not requested."
    )
    notes: list[Told] = Field(description="What could not be done, and the reason.")


class ChoiceRecord(Record):
    """An annotator on offer."""

    name: str = Field(examples=["everyday"])
    description: str
    chosen: bool = Field(description="True if it is used when none is named.")
    warm: bool = Field(description="True if its model is in memory; otherwise its first answer takes longer.")
    error: Told | None = Field(description="The reason why it cannot be used; null if nothing is wrong.")


class ChoicesRecord(Record):
    """The annotators on offer, and the limits."""

    annotators: list[ChoiceRecord]
    broken: dict[str, Told] = Field(description="Broken plugins by name, with the reason.")
    files: int = Field(description="Maximum number of files in a request.", examples=[16])
    pixels: int = Field(description="Maximum number of pixels of a picture.", examples=[268435456])
    seconds: float = Field(description="Maximum seconds for a response.", examples=[60.0])


def form_schema(files: int) -> dict[str, Any]:
    """Return the multipart form with its files for the OpenAPI document."""
    schema = AskedTrial.model_json_schema()
    file = {
        "type": "array",
        "minItems": 1,
        "maxItems": files,
        "items": {"type": "string", "format": "binary"},
        "description": "Pictures, each a field with a file name.",
    }
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": file, **schema["properties"]},
        "additionalProperties": False,
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}
