"""Placeholders for pictures that cannot be shown: an SVG of the same shape with the reason."""

from __future__ import annotations

MEDIA_TYPE = "image/svg+xml"

SAID = {
    "missing": "File not found",
    "changed": "Changed since indexing",
    "unreadable": "Cannot be opened",
    "damaged": "Damaged file",
}
"""Texts by the reason in the header X-Imsearch-Placeholder."""

# Greys that are readable on light and dark pages alike.
_GROUND, _INK = "#8a8a86", "#7c7c76"
_WORDS_FROM = 150
"""Minimum width in pixels; on anything narrower the words would not be readable."""


def placeholder(width: int, height: int, reason: str) -> bytes:
    """Return an SVG of this size in pixels.  It holds neither style nor script, so that any policy allows it."""
    shorter = min(width, height)
    glyph = max(12.0, min(50.0, shorter * 0.5), shorter / 8)
    letters = max(13.0, shorter / 40)  # a large one is displayed scaled down
    words = width >= _WORDS_FROM and height >= 80
    x, y = (width - glyph) / 2, (height - glyph) / 2 - (letters if words else 0)
    text = (
        f'<text x="{width / 2:g}" y="{y + glyph + 1.9 * letters:g}" text-anchor="middle" '
        f'font-family="system-ui, sans-serif" font-size="{letters:g}" fill="{_INK}">{SAID[reason]}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>{SAID[reason]}</title>"
        f'<rect width="{width}" height="{height}" fill="{_GROUND}" fill-opacity=".16"/>'
        f'<g transform="translate({x:g} {y:g}) scale({glyph / 24:g})" fill="none" stroke="{_INK}" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round">'
        '<path d="M7.5 4.5H18a2 2 0 0 1 2 2v10.5M16.5 19.5H6a2 2 0 0 1-2-2V7M4 15.5l4-4 3 3M3 3l18 18"/>'
        '<circle cx="14.8" cy="9" r="1.3"/></g>'
        f"{text if words else ''}</svg>"
    ).encode()
