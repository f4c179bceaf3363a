"""``width:>2000``: pixels of the upright picture."""

from imsearch.keys import Compare, Key, in_words, numbers

KEY = Key(
    "width",
    hint="in pixels: width:>2000",
    example="width:>2000 height:>=4000",
    read=numbers("width", "width:>2000"),
    predicate=lambda span: Compare("width", span),
    told=lambda text: f"{in_words(text)} pixels wide",
)
