"""The tags in use, and renaming them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from imsearch.views.as_json import renaming_record, tags_record
from imsearch.webui.api.changes import AskedMerging, AskedRenaming, RenamingRecord
from imsearch.webui.api.models import Prefix, TagsRecord
from imsearch.webui.openapi import errors
from imsearch.webui.site import TheSite

router = APIRouter(tags=["tags"])


@router.get("/api/tags", response_model=TagsRecord, summary="List the tags in use", responses=errors(400))
def tags(
    site: TheSite,
    prefix: Annotated[Prefix, Query(description="Only those that begin with this.", examples=["bea"])] = "",
    by: Annotated[Prefix, Query(description='Only those of this annotator, or of "user".', examples=["user"])] = "",
) -> dict[str, Any]:
    """The tags that are shown and how many pictures show each, the most frequent first; the output of `imsearch tags
    --format json`.
    """
    return tags_record(site.library.tags.counts(prefix, by))


@router.post(
    "/api/tags/rename",
    response_model=RenamingRecord,
    summary="Rename a tag",
    responses=errors(_400="The tag is unknown, or the new name is in use.", _409="Another program is writing."),
)
def rename_tag(asked: AskedRenaming, site: TheSite) -> dict[str, Any]:
    """Applies to the whole library, now and for pictures indexed later. A tag renamed to itself gets its own name
    back."""
    return renaming_record(site.library.tags.rename(asked.old, asked.new))


@router.post(
    "/api/tags/merge",
    response_model=RenamingRecord,
    summary="Merge tags",
    responses=errors(_400="A tag is unknown, or there is nothing to merge.", _409="Another program is writing."),
)
def merge_tags(asked: AskedMerging, site: TheSite) -> dict[str, Any]:
    """Give several tags one name, which may be in use."""
    return renaming_record(site.library.tags.merge(asked.old, asked.into))
