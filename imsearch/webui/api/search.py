"""Search: pages of results, facets, similar pictures, and completions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from imsearch.views.as_json import facets_record, results_record
from imsearch.webui.api.images import wanted
from imsearch.webui.api.models import CountedRecord, Id, Record, ResultsRecord, Told
from imsearch.webui.finding import ALL
from imsearch.webui.openapi import errors
from imsearch.webui.site import TheSite
from imsearch.webui.texts import readable_within

router = APIRouter(tags=["search"])

LONGEST = 1000
"""Maximum characters of a query; see `imsearch.engine.query.grammar.MAX_LENGTH`."""
Asked = Annotated[
    str,
    Query(description="A query in the language of docs/query.md; without one all pictures, the newest first."),
]
Count = Annotated[
    int | None, Query(ge=1, le=200, description="Maximum number of results; by default as in the settings.")
]
Offset = Annotated[int, Query(ge=0, le=10**9, description="Number of results to skip.")]
Everything = Annotated[bool, Query(alias="all", description="Include the unlikeliest results.")]
FacetValues = Annotated[
    int | None, Query(ge=1, le=10_000, description="Maximum number of values for each kind of facet; ten by default.")
]
KEPT: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not modified: the ETag sent in If-None-Match is current."}
}


class FacetsRecord(Record):
    """The values that all results of a query have in common."""

    facets: dict[str, list[CountedRecord]] = Field(
        description='By kind, "tag", "emotion", "year", "country", "city", "camera", "type", "annotator" and "folder": '
        "the most frequent values."
    )


class CompletionRecord(Record):
    """A completion."""

    text: Told = Field(description="The text that replaces the part between `start` and `end`.", examples=['"hot dog"'])
    label: Told = Field(description="The text to display.", examples=["hot dog"])
    kind: Literal["tag", "word", "key", "value", "source"]
    images: int | None = Field(description="Number of pictures with it; null when unknown.", examples=[12])
    hint: Told = Field(description="A short explanation, or empty.", examples=["car"])


class CompletionsRecord(Record):
    """The completions at a position of a query."""

    start: int = Field(ge=0, description="Index of the first character of the part being typed.", examples=[4])
    end: int = Field(ge=0, examples=[6])
    completions: list[CompletionRecord] = Field(description="The likeliest first.")


@router.get(
    "/api/search",
    response_model=ResultsRecord,
    response_model_exclude_none=True,
    summary="Find pictures",
    responses=errors(400) | KEPT,
)
def search(
    request: Request,
    site: TheSite,
    q: Asked = "",
    n: Count = None,
    offset: Offset = 0,
    min_score: Annotated[
        float | None,
        Query(ge=0, le=1, description="Leave out results that score lower; by default those that are not relevant."),
    ] = None,
    everything: Everything = False,
    facets: Annotated[bool, Query(description="Also return the facets of all results.")] = False,
    facet_values: FacetValues = None,
) -> Response:
    """Pictures that match a query, the best first; the output of `imsearch query --format json`.

    `relevant` counts those that are likely enough, `total` all that are listed; with `all` that is every picture with
    any of the words.
    """

    def make() -> Response:
        results = site.library.search.query(
            q.strip() or ALL,
            limit=n,
            offset=offset,
            min_score=min_score,
            everything=everything,
            facets=facets,
            facet_values=facet_values,
        )
        return _answer({**results_record(results), "query": q})

    return site.answers.give(request, make)


@router.get(
    "/api/facets",
    response_model=FacetsRecord,
    summary="Get the facets of a query",
    responses=errors(400) | KEPT,
)
def facets(
    request: Request,
    site: TheSite,
    q: Asked = "",
    everything: Everything = False,
    facet_values: FacetValues = None,
) -> Response:
    """The most frequent values among all results of a query, by kind, with counts; years come newest first.

    docs/query.md lists the condition for each: `shows:TAG`, `date:YEAR`, `camera:="NAME"` and so on.
    """

    def make() -> Response:
        found = site.library.search.query(
            q.strip() or ALL, limit=0, everything=everything, facets=True, facet_values=facet_values
        )
        return _answer({"facets": facets_record(found.facets)})

    return site.answers.give(request, make)


@router.get("/api/complete", response_model=CompletionsRecord, summary="Complete a query")
def complete(
    site: TheSite,
    q: Annotated[str, Query(max_length=LONGEST, description="The query typed so far.")] = "",
    at: Annotated[
        int | None, Query(ge=0, le=LONGEST, description="Position of the cursor; by default the end.")
    ] = None,
    n: Annotated[int, Query(ge=1, le=50, description="Maximum number of completions.")] = 8,
) -> Response:
    """Tags of the library, keys of the query language and their values, and words that find something here."""
    found = site.library.search.complete(q, len(q) if at is None else at, n)
    completions = [asdict(each) for each in found.suggestions]
    return _answer({"start": found.start, "end": found.end, "completions": completions})


@router.get(
    "/api/images/{id}/similar",
    response_model=ResultsRecord,
    response_model_exclude_none=True,
    summary="Find similar pictures",
    responses=errors(400, 404) | KEPT,
)
def similar(
    request: Request,
    site: TheSite,
    id: Id,
    q: Annotated[
        str, Query(description="A query that they must match too; similarity counts like one more word of it.")
    ] = "",
    n: Count = None,
    offset: Offset = 0,
) -> Response:
    """The pictures most similar to this one, the nearest first; the output of `imsearch similar --format json`."""
    image = wanted(site, id)
    return site.answers.give(
        request, lambda: _answer(results_record(site.library.search.similar(image.id, q, limit=n, offset=offset)))
    )


def _answer(record: dict[str, Any]) -> Response:
    """Return the JSON without validation: validating each of its tags would take longer than the search."""
    try:
        body = _written(record)
    except UnicodeEncodeError:  # an undecodable file name
        body = _written(readable_within(record))
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _written(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
