"""Tag clouds, with each word sized by its probability."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import numpy as np

from imsearch.errors import ImsearchError
from imsearch.records import Tag

FORMATS = ("png", "svg")
LEAST = 0.05
"""Less likely tags are left out: they would be too small to read."""
_LETTERS, _SMALLEST = 100, 6
"""Font height of the likeliest word, and the minimum, below which words are left out."""
_WIDTHS = (320, 400, 500, 620, 780)
"""Widths tried for a cloud; the first with enough room is used, so that a few words do not get lost."""
_PIXELS = 1200
"""Width of a PNG in pixels."""
_PAGE_LETTERS, _PAGE_SMALLEST, _PAGE_WIDTH, _PAGE_GAP = 64, 15, 420, 5
"""For embedding in a page: maximum and minimum font height, minimum total width, and the gap around a word."""
_SHADES = (0.75, "#12355b"), (0.5, "#1f5f8b"), (0.25, "#3a86a8"), (0.0, "#5b7f92")
"""Minimum probability of each colour; likely words are dark."""
_UNTYPED = re.compile('["\u201c\u201d\u201e\u00ab\u00bb\uff02\u300c-\u300f]|%(?=[0-9A-Fa-f]{2})')
"""Characters that cannot be quoted in a query (docs/query.md)."""
_STEPS = 4000
"""Positions tried along the spiral."""
_NOTHING = "There are no tags to make a cloud of: nothing is likely enough"


def likeliest(tags: Iterable[Tag]) -> dict[str, float]:
    """Return name and weight of the tags for a cloud: their probability, the maximum over annotators.

    A tag that is not shown weighs no more than the least likely shown one.
    """
    likely = [tag for tag in tags if tag.probability >= LEAST]
    likely.sort(key=lambda tag: (not tag.shown, -tag.probability))
    least = min((tag.probability for tag in likely if tag.shown), default=1.0)
    found: dict[str, float] = {}
    for tag in likely:
        found.setdefault(tag.name, tag.probability if tag.shown else min(tag.probability, least))
    return found


def cloud_svg(tags: Mapping[str, float], *, links: str | None = "/", most: int = 60) -> str:
    """Return a cloud for embedding in a page: quick to make, and allowed by a strict Content-Security-Policy.

    tags: names and weights in 0 to 1; the `most` greatest are drawn.  links: the address of the search page, to which
    each word becomes a link; None makes no links.
    Words have the classes ``w0`` (heaviest) to ``w3`` and inherit the colour of the surrounding text unless a
    stylesheet sets another.  Raises `ImsearchError` without any tag.
    """
    from PIL import ImageFont

    chosen = dict(sorted(tags.items(), key=lambda tag: (-tag[1], tag[0]))[:most])
    if not chosen:
        raise ImsearchError(_NOTHING)
    greatest = max(chosen.values()) or 1.0
    fonts = {name: _page_letters(weight / greatest) for name, weight in chosen.items()}
    written = {name: ImageFont.truetype(_font(), size) for name, size in fonts.items()}
    ink = {name: font.getbbox(name, anchor="ls") for name, font in written.items()}  # measured from the baseline
    sizes = [(box[2] - box[0] + 2 * _PAGE_GAP, box[3] - box[1] + 2 * _PAGE_GAP) for box in ink.values()]
    places = lay_around(sizes)
    words = []
    for (name, weight), (left, top) in zip(chosen.items(), places, strict=True):
        x, y = left + _PAGE_GAP - ink[name][0], top + _PAGE_GAP - ink[name][1]
        text = (
            f'<text class="w{_shade(weight)}" x="{x:.1f}" y="{y:.1f}" font-size="{fonts[name]}" '
            f'textLength="{written[name].getlength(name):.1f}" lengthAdjust="spacingAndGlyphs">{escape(name)}</text>'
        )
        words.append(text if links is None else f'<a href="{escape(links)}?q={quote(query_for(name))}">{text}</a>')
    right = max(
        _PAGE_WIDTH / 2, *(abs(left) for left, _ in places), *(p[0] + s[0] for p, s in zip(places, sizes, strict=True))
    )
    top = min(top for _, top in places)
    bottom = max(top + height for (_, top), (_, height) in zip(places, sizes, strict=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cloud" role="group" aria-label="Tags as a cloud of words" '
        f'viewBox="{-right:.0f} {top:.0f} {2 * right:.0f} {bottom - top:.0f}" fill="currentColor">'
        f"{''.join(words)}</svg>"
    )


def query_for(name: str) -> str:
    """Return the query that finds a tag: the bare word if it is unambiguous, so that kinds and synonyms count."""
    if re.fullmatch(r"\w[\w'-]*", name) and name not in ("and", "not", "or"):
        return name
    if re.fullmatch(r"\w[\w:'-]*\w", name):
        return f"tag:{name}"
    return 'tag:"{}"'.format(_UNTYPED.sub(lambda found: quote(found[0], safe=""), name))


def _page_letters(share: float) -> int:
    return round(_PAGE_SMALLEST + (_PAGE_LETTERS - _PAGE_SMALLEST) * float(share**1.5))


def _shade(weight: float) -> int:
    return [weight >= least for least, _ in _SHADES].index(True)


def draw_cloud(tags: Mapping[str, float], form: str = "png") -> bytes:
    """Return the bytes of a PNG or an SVG (`form`), the same for the same tags.

    tags: names and their probabilities above 0.  Raises `ImsearchError` without any tag.
    """
    if not tags:
        raise ImsearchError(_NOTHING)
    cloud = lay_out(tags)
    if form == "svg":
        return _svg(cloud).encode()
    picture = io.BytesIO()
    cloud.to_image().save(picture, "PNG", optimize=True)
    return picture.getvalue()


def lay_out(tags: Mapping[str, float]) -> Any:
    """Return a `wordcloud.WordCloud` with letters as high as the tags are likely, if one of the widths has room."""
    from wordcloud import WordCloud

    def colour(word: str, **_: object) -> str:
        return next(shade for least, shade in _SHADES if tags[word] >= least)

    for width in _WIDTHS:
        cloud = WordCloud(
            font_path=_font(),
            width=width,
            height=width * 3 // 5,
            scale=_PIXELS / width,
            margin=4,
            max_font_size=_LETTERS,
            min_font_size=_SMALLEST,
            prefer_horizontal=1,
            relative_scaling=1,
            background_color="white",
            color_func=colour,
            random_state=0,
        ).generate_from_frequencies(tags)
        if _has_room(cloud):
            break
    return cloud


def _font() -> str:
    import matplotlib

    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))


def _has_room(cloud: Any) -> bool:
    """Return True if no word was shrunk below its probability (but for rounding), or left out."""
    wanted = [_LETTERS * share for share in cloud.words_.values()]
    sizes = [size for _, size, *_ in cloud.layout_]
    sizes += [0] * (len(wanted) - len(sizes))
    return all(size >= want * 0.9 or want < _SMALLEST + 1 for size, want in zip(sizes, wanted, strict=True))


def _svg(cloud: Any) -> str:
    """Return the layout as searchable, scalable text.

    The package's own writer either lets words overlap where the font is missing, or embeds it and warns.  Here each
    word gets an explicit length instead.
    """
    from PIL import ImageFont

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {cloud.width} {cloud.height}" '
        'font-family="DejaVu Sans, Verdana, sans-serif"><rect width="100%" height="100%" fill="white"/>'
    ]
    for (word, _), size, (top, left), _, colour in cloud.layout_:
        font = ImageFont.truetype(cloud.font_path, size)
        ink_left, ink_top, *_ = font.getbbox(word, anchor="ls")  # relative to the start of the baseline
        lines.append(
            f'<text x="{left - ink_left}" y="{top - ink_top}" font-size="{size}" fill="{colour}" '
            f'textLength="{font.getlength(word):.1f}" lengthAdjust="spacingAndGlyphs">{escape(word)}</text>'
        )
    return "\n".join([*lines, "</svg>\n"])


def lay_around(sizes: Sequence[tuple[float, float]], *, aspect: float = 2.0) -> list[tuple[float, float]]:
    """Return left and top of boxes of these widths and heights, without overlaps; their common centre is about (0, 0).

    aspect: width of the whole divided by its height.
    """
    reach = 2.5 * sum(width * height for width, height in sizes) ** 0.5
    turns = np.sqrt(np.linspace(0.0, 1.0, _STEPS))  # as dense outside as inside
    angles = turns * 2 * np.pi * 40
    across, down = np.cos(angles) * turns * reach * aspect**0.5, np.sin(angles) * turns * reach / aspect**0.5
    taken = np.empty((0, 4))
    for width, height in sizes:
        left, top = across - width / 2, down - height / 2
        right, bottom = left + width, top + height
        free = np.ones(_STEPS, bool)
        for other_left, other_top, other_right, other_bottom in taken:
            apart = (right <= other_left) | (left >= other_right) | (bottom <= other_top) | (top >= other_bottom)
            free &= apart
        found = int(free.argmax()) if free.any() else None
        box = _below(taken, width, height) if found is None else (left[found], top[found], right[found], bottom[found])
        taken = np.vstack([taken, box])
    return [(float(left), float(top)) for left, top, _, _ in taken]


def _below(taken: np.ndarray, width: float, height: float) -> tuple[float, float, float, float]:
    """Return a place below all others, where there is always room."""
    top = float(taken[:, 3].max())
    return -width / 2, top, width / 2, top + height
