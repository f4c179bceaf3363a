"""Schemas for changes of tags: requests, results, and doubtful tags."""

from __future__ import annotations

from pydantic import Field

from imsearch.webui.api.models import Asked, Id, Name, Record, TagRecord, Told, Verdict

MOST_IMAGES = 1000
MOST_TAGS = 100


class AskedCorrection(Asked):
    """A verdict on all these tags on all these pictures."""

    images: list[Id] = Field(min_length=1, max_length=MOST_IMAGES, examples=[[17, 23]])
    tags: list[Name] = Field(min_length=1, max_length=MOST_TAGS, examples=[["hot dog"]])
    verdict: Verdict = Field(
        description="add: the tag applies. accept: it applies, as an annotator suggested. reject: it does not, "
        "whatever annotators return, now or later. remove: undo add or accept. clear: remove your verdict, whatever "
        "it is."
    )
    exact: bool = Field(False, description='Take tags as they are typed; otherwise "puppies" becomes "dog".')


class PairRecord(Record):
    """A tag on a picture."""

    image: int = Field(examples=[17])
    tag: Told = Field(examples=["hot dog"])


class CorrectionRecord(Record):
    """The result of a correction."""

    number: int | None = Field(description="Number for undoing the change; null if nothing changed.", examples=[42])
    changed: list[PairRecord]
    unchanged: list[PairRecord] = Field(description="Pairs that already had this verdict.")
    refused: list[PairRecord] = Field(
        description="Pairs that nobody suggested (accept) or that you have not added (remove)."
    )
    names: dict[str, list[Told]] = Field(description="The tags that each word was interpreted as.")


class AskedRenaming(Asked):
    """A tag and its new name."""

    old: Name = Field(examples=["automobile"])
    new: Name = Field(examples=["car"])


class AskedMerging(Asked):
    """Tags, and the one to merge them into."""

    old: list[Name] = Field(min_length=1, max_length=MOST_TAGS, examples=[["kitty", "pussycat"]])
    into: Name = Field(examples=["cat"])


class RenamingRecord(Record):
    """The result of renaming or merging."""

    number: int | None = Field(description="Number for undoing the change; null if nothing changed.", examples=[43])
    tags: list[Told] = Field(description="The tags that now have another name.", examples=[["automobile"]])
    name: Told = Field(examples=["car"])
    images: int = Field(ge=0, description="Number of pictures with these tags.", examples=[12])


class AskedUndo(Asked):
    """The change to undo."""

    number: int | None = Field(
        None,
        ge=1,
        le=2**63 - 1,
        description="Refuse unless this change is the newest that is not undone; without a number, undo the newest.",
        examples=[42],
    )


class ChangeRecord(Record):
    """One change of tags."""

    number: int = Field(examples=[42])
    made_at: str = Field(description="With time zone.", examples=["2026-03-01T09:30:00+00:00"])
    action: str = Field(description='A verdict, "rename" or "merge".', examples=["reject"])
    tags: list[Told] = Field(examples=[["dog"]])
    name: Told | None = Field(description="The new name; null for corrections.")
    images: int = Field(ge=0, examples=[1])
    undone: bool


class HistoryRecord(Record):
    """Changes of tags, the newest first."""

    changes: list[ChangeRecord]


class DoubtRecord(Record):
    """A tag that an annotator is in doubt about."""

    id: int = Field(description="Path of the picture.", examples=[17])
    path: Told = Field(examples=["/photos/2023/park.jpg"])
    tag: TagRecord
    threshold: float = Field(description="Confidence threshold of the annotator for this tag.", examples=[0.5])
    accept: Told = Field(description="The command that accepts the tag.")
    reject: Told = Field(description="The command that rejects the tag.")


class ReviewRecord(Record):
    """Doubtful tags, the most doubtful first."""

    tags: list[DoubtRecord]
