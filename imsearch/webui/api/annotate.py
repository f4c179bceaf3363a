"""Tag pictures that are not in the library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from imsearch.cloud import cloud_svg, likeliest
from imsearch.indexer.annotating import error_of, tags_by
from imsearch.indexer.item import Item
from imsearch.library import Library
from imsearch.pictures.picture import MAX_PIXELS
from imsearch.records import Tag
from imsearch.specs import AnnotatorSpec
from imsearch.views.as_json import results_record, tag_record
from imsearch.webui.api.trials import AskedTrial, ChoicesRecord, TrialsRecord, form_schema
from imsearch.webui.forms import Form, flat, read_form
from imsearch.webui.guard.sub_path import prefix_of
from imsearch.webui.openapi import errors
from imsearch.webui.site import TheSite
from imsearch.webui.trying import Limits

router = APIRouter(tags=["annotate"])
_MOST_TAGS = 100


async def sent_form(request: Request, site: TheSite) -> AsyncIterator[Form]:
    """Yield the form of a request, holding a place in the queue."""
    with site.trying.turn():
        yield await read_form(request, site.trying.limits.files)


@router.get("/api/annotate", response_model=ChoicesRecord, summary="List the annotators that can be tried")
def annotators(site: TheSite) -> dict[str, Any]:
    """The installed annotators, the errors of those that do not work, and the limits for uploads."""
    limits = site.trying.limits
    return {
        "annotators": [
            {
                "name": each.spec.name,
                "description": each.spec.description,
                "chosen": each.chosen,
                "warm": each.warm,
                "error": each.error,
            }
            for each in site.trying.choices()
        ],
        "broken": {each.name: each.error for each in site.library.plugins.plugins() if each.error},
        "files": limits.files,
        "pixels": MAX_PIXELS,
        "seconds": limits.seconds,
    }


@router.post(
    "/api/annotate",
    response_model=TrialsRecord,
    summary="Tag a picture without keeping it",
    responses=errors(
        _400="The form cannot be read, or there is no such annotator.",
        _415="The request is not a form.",
        _422="No file was sent, or a field is invalid.",
        _503="Too many pictures are being tried at the same time; Retry-After says when to try again.",
        _504="It took too long, which can happen while models are being loaded; try again.",
    ),
    openapi_extra={"requestBody": form_schema(Limits().files)},
)
def annotate(request: Request, site: TheSite, form: Annotated[Form, Depends(sent_form)]) -> dict[str, Any]:
    """Send pictures of any kind that can be indexed as a form, each in a field `file`. None of them is stored.

    A picture that cannot be read has an `error` in the response; the others are tagged all the same.
    """
    try:
        asked = AskedTrial.model_validate(flat(form.fields, ("annotators",)))
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error
    chosen = site.trying.choose(asked.annotators)
    notes: list[str] = []
    space = _space(site.library, notes) if asked.similar else None
    names = chosen if space is None or space in chosen else [*chosen, space]
    items = site.trying.annotate(form.files, names)
    specs = {spec.name: spec for spec in site.library.plugins.offered()}
    tags = [[tag for name in chosen for tag in _likeliest(tags_by(item, specs[name]), specs[name])] for item in items]
    known = _known(site.library, items)
    words = likeliest(tag for tag in tags[0] if not specs[tag.source].hides(tag.name)) if asked.cloud else {}
    similar = _similar(site.library, items[0], known[0], space, asked.similar, notes) if space else None
    return {
        "images": [
            {
                "path": upload.name,
                "tags": [tag_record(tag) for tag in said],
                "error": error_of(item),
                "known": image,
            }
            for upload, item, said, image in zip(form.files, items, tags, known, strict=True)
        ],
        "similar": similar,
        "cloud": cloud_svg(words, links=prefix_of(request.scope) + "/") if words else None,
        "notes": notes,
    }


def _likeliest(tags: Sequence[Tag], spec: AnnotatorSpec) -> list[Tag]:
    """Sort tags: shown ones, then those that could be shown, then those that never are; each the likeliest first."""
    return sorted(tags, key=lambda tag: (not tag.shown, spec.hides(tag.name), -tag.probability, tag.name))[:_MOST_TAGS]


def _known(library: Library, items: Sequence[Item]) -> list[int | None]:
    """Return the images of the library with identical bytes."""
    found = library.facts.of_bytes({item.sha256 for item in items})
    return [found.get(item.sha256) for item in items]


def _space(library: Library, notes: list[str]) -> str | None:
    """Return the annotator whose vectors the library compares, if it is still the one that made them."""
    name = library.search.vector_space()
    if name is None:
        notes.append("The library holds no vectors, so similar pictures cannot be found.")
        return None
    version, _ = library.search.vector_spaces()[name]
    installed = {spec.name: spec.version for spec in library.plugins.offered()}
    if installed.get(name) != version:
        notes.append(
            f"Similar pictures cannot be found: the library was indexed with {name} {version}, which is not installed. "
            "Index it again."
        )
        return None
    return name


def _similar(
    library: Library, item: Item, known: int | None, space: str, number: int, notes: list[str]
) -> dict[str, Any] | None:
    """Return the pictures nearest to one, without its own copy."""
    annotation = item.annotations.get(space)
    if annotation is None or annotation.vector is None:
        notes.append(f"Similar pictures cannot be found: {error_of(item) or f'{space} made no vector'}.")
        return None
    own = known if known is not None and library.search.vectors(space, [known]) else None
    return results_record(library.search.nearest(annotation.vector if own is None else own, space, limit=number))
