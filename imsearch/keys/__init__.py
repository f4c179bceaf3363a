"""Building blocks of query keys, also for plugins, which add their own by the hook ``imsearch_query_keys``.

    from imsearch.keys import Compare, Key, numbers

The keys that come with imsearch are in `imsearch.engine.query.keys`, one file a key.
"""

from imsearch.keys.key import Facet, Key, Offer, Order, Poles
from imsearch.keys.predicate import (
    And,
    Compare,
    FileFits,
    HasDuplicate,
    HasKind,
    HasTag,
    HasText,
    Holds,
    InMonths,
    InPlace,
    Known,
    Not,
    OneOf,
    Or,
    Predicate,
    SaidBy,
    Under,
    Within,
)
from imsearch.keys.reading import compared, did_you_mean, in_words, number, numbers, one_of, span
from imsearch.keys.values import Around, BadValue, Chance, Circle, Exact, Months, Part, Span, Value

__all__ = [
    "And",
    "Around",
    "BadValue",
    "Chance",
    "Circle",
    "Compare",
    "Exact",
    "Facet",
    "FileFits",
    "HasDuplicate",
    "HasKind",
    "HasTag",
    "HasText",
    "Holds",
    "InMonths",
    "InPlace",
    "Key",
    "Known",
    "Months",
    "Not",
    "Offer",
    "OneOf",
    "Or",
    "Order",
    "Part",
    "Poles",
    "Predicate",
    "SaidBy",
    "Span",
    "Under",
    "Value",
    "Within",
    "compared",
    "did_you_mean",
    "in_words",
    "number",
    "numbers",
    "one_of",
    "span",
]
