"""What an image shows, put together from several annotators and the user.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from imsearch.records import USER, Tag


def merge(said: Iterable[Tag], verdicts: Mapping[str, int]) -> tuple[Tag, ...]:
    """One tag for each name, the likeliest first.

    Where annotators agree on a name, the highest probability counts and one that shows it is enough to show it.  A
    verdict of the user (1 added, -1 rejected) overrides them all.
    """
    best: dict[str, Tag] = {name: Tag(name, 1.0, USER) for name, verdict in verdicts.items() if verdict > 0}
    for tag in said:
        if tag.name in verdicts:
            continue
        other = best.get(tag.name)
        if other is None:
            best[tag.name] = tag
        else:
            likelier = max(tag, other, key=lambda each: each.probability)
            best[tag.name] = Tag(tag.name, likelier.probability, likelier.source, tag.shown or other.shown)
    return tuple(sorted(best.values(), key=lambda tag: (-tag.probability, tag.name)))
