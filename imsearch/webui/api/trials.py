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
        [], max_length=MOST_ANNOTATORS, description="Names of annotators, each a field; those of the settings without."
    )
    similar: int = Field(
        0, ge=0, le=MOST_SIMILAR, description="So many pictures of the library that look most like the first file."
    )
    cloud: bool = Field(False, description="Whether to draw the tags of the first file as a cloud of words.")


class TrialRecord(Record):
    """The tags of an uploaded picture."""

    path: Told = Field(description="What its sender calls it.", examples=["beach.jpg"])
    tags: list[TagRecord] = Field(
        description="By annotator, at most a hundred of each: those that are shown, the long tail, and last what is "
        "never shown; each the likeliest first."
    )
    error: Told | None = Field(description="What failed; null when all went well.")
    known: int | None = Field(description="The number of the picture in the library that has these very bytes.")


class TrialsRecord(Record):
    """The tags of uploaded pictures."""

    images: list[TrialRecord] = Field(description="In the order of the files.")
    similar: ResultsRecord | None = Field(description="null where it was not asked for or is not possible; see notes.")
    cloud: str | None = Field(description="An SVG without styles and scripts, to be put into a page; null without.")
    notes: list[Told] = Field(description="What could not be done, and why.")


class ChoiceRecord(Record):
    """An annotator on offer."""

    name: str = Field(examples=["everyday"])
    description: str
    chosen: bool = Field(description="Whether it is used when none is named.")
    warm: bool = Field(description="Whether its model is in memory; else its first answer takes longer.")
    error: Told | None = Field(description="Why it cannot be used; null when nothing is wrong.")


class ChoicesRecord(Record):
    """The annotators on offer, and the limits."""

    annotators: list[ChoiceRecord]
    broken: dict[str, Told] = Field(description="Plugins that do not work, by name, and why.")
    files: int = Field(description="How many files can be sent at once.", examples=[16])
    pixels: int = Field(description="How many pixels a picture may have.", examples=[268435456])
    seconds: float = Field(description="How long an answer may take.", examples=[60.0])


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
