"""The record of one picture."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from imsearch.records import Image
from imsearch.views.as_json import image_record
from imsearch.webui.api.models import Id, ImageRecord
from imsearch.webui.openapi import errors
from imsearch.webui.problem import Problem
from imsearch.webui.site import Site, TheSite

router = APIRouter(tags=["images"])


def wanted(site: Site, id: int) -> Image:
    """Return the picture with this id; raises a 404 if there is none, or none of its files exists any more."""
    found = site.library.facts.image(id)
    if found is None:
        raise Problem(404, f"There is no image {id} in the library. Its files may be gone, or it never was there.")
    return found


@router.get(
    "/api/images/{id}",
    response_model=ImageRecord,
    summary="Get everything known about a picture",
    responses=errors(404),
)
def image(id: Id, site: TheSite) -> dict[str, Any]:
    """Its files, when, where and with what it was taken, what people wrote about it, and every tag with its
    probability, including the long tail; the output of `imsearch show --format json`.
    """
    found, library = wanted(site, id), site.library
    tags = library.tags.of(found.id)
    return image_record(found, tags, library.facts.texts(found), library.tags.rejected(found.id))
