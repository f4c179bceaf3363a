"""``is:duplicate``, ``is:untagged``, ``is:panorama``, ``is:screenshot``."""

from __future__ import annotations

from collections.abc import Mapping

from imsearch.engine.query.screenshots import is_screenshot
from imsearch.keys import Compare, FileFits, HasDuplicate, Key, Not, Or, Predicate, SaidBy, Span, one_of

_PREDICATES: Mapping[str, Predicate] = {
    "duplicate": HasDuplicate(),
    "untagged": Not(SaidBy()),
    # Twice as wide as tall; upright two and a half times, since the screens of many phones are more than twice as tall.
    "panorama": Or((Compare("width", Span(low=2), times="height"), Compare("height", Span(low=2.5), times="width"))),
    "screenshot": FileFits(is_screenshot),
}
_TOLD = {
    "duplicate": "with a near duplicate",
    "untagged": "without tags",
    "panorama": "that are panoramas",
    "screenshot": "that are screenshots",
}

KEY = Key(
    "is",
    hint="a duplicate, a panorama, a screenshot, or untagged",
    example="is:duplicate",
    read=one_of("is", tuple(_PREDICATES)),
    predicate=_PREDICATES.__getitem__,
    told=lambda text: _TOLD[text.lower()],
    values=(
        ("duplicate", "has a near duplicate"),
        ("untagged", "no tag is shown"),
        ("panorama", "very wide or very tall"),
        ("screenshot", "named as a screenshot"),
    ),
)
