"""``name:IMG*``: the name of a file contains this."""

from imsearch.keys import Holds, Key, Order, Part

KEY = Key(
    "name",
    hint="the file's name contains this",
    example="name:S*T",
    read=Part,
    predicate=lambda value: Holds("name", value.text),
    told=lambda text: f"named {text}",
    orders=(Order("name", "name", up="by the file's name", down="by name, backwards"),),
)
