"""``height:>2000``: pixels of the upright picture."""

from imsearch.keys import Compare, Key, in_words, numbers

KEY = Key(
    "height",
    hint="in pixels: height:>2000",
    example="width:>2000 height:>=4000",
    read=numbers("height", "height:>2000"),
    predicate=lambda span: Compare("height", span),
    told=lambda text: f"{in_words(text)} pixels high",
)
