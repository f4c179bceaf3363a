"""``orientation:portrait``: the picture is taller than wide, or wider, or square."""

from imsearch.keys import Compare, Key, Span, one_of

_SHAPES = {
    "portrait": Span(low=1, above=True),
    "landscape": Span(high=1, below=True),
    "square": Span(1, 1),
}
"""The height of a picture divided by its width."""

KEY = Key(
    "orientation",
    hint="portrait, landscape or square",
    example="orientation:portrait",
    read=one_of("orientation", tuple(_SHAPES)),
    predicate=lambda shape: Compare("height", _SHAPES[shape], times="width"),
    told=lambda text: f"in {text.lower()} format",
    values=(
        ("portrait", "taller than wide"),
        ("landscape", "wider than tall"),
        ("square", "as wide as tall"),
    ),
)
