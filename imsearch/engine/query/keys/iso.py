"""``iso:>800``: the sensitivity of the sensor."""

from imsearch.keys import Compare, Key, in_words, numbers

KEY = Key(
    "iso",
    hint="sensitivity: iso:>800",
    example="iso:>800",
    read=numbers("iso", "iso:400, iso:>800 or iso:100..400"),
    predicate=lambda span: Compare("iso", span),
    told=lambda text: f"at ISO {in_words(text)}",
)
