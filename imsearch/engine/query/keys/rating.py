"""``rating:>=4``: stars, 0 to 5, or -1 for rejected."""

from imsearch.keys import Compare, Key, Order, in_words, numbers

KEY = Key(
    "rating",
    hint="stars: rating:>=4",
    example="rating:>=4",
    read=numbers("rating", "rating:5 or rating:>=4"),
    predicate=lambda span: Compare("rating", span),
    told=lambda text: f"rated {in_words(text)}",
    values=(
        ("5", "five stars"),
        (">=4", "four stars or more"),
        (">=3", ""),
        ("4", ""),
        ("3", ""),
        ("-1", "rejected"),
    ),
    orders=(Order("rating", "rating", up="the worst first", down="the best first"),),
)
