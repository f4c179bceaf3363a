"""Reading what images show: the tags of the annotators and the verdicts of the user; and what people wrote of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, bindparam, exists, or_, select

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotators import HEARD
from imsearch.engine.stores.tagging import Said, Word, merge, settle
from imsearch.records import Tag, Text

_MOST_ASKED = 5000
"""Tags in one statement; SQLite takes 32,766."""

# Made once: making a statement takes longer than running it.
_S, _C = s.annotation_tags.c, s.corrections.c
_RENAMED = select(s.aliases.c.tag_id, s.tags.c.name).join_from(s.aliases, s.tags, s.tags.c.id == s.aliases.c.name_id)
_CALLED = select(s.tags.c.id).where(s.tags.c.name.in_(bindparam("names", expanding=True)))
_SAID = (
    select(_S.image_id, _S.tag_id, s.tags.c.name, _S.probability, s.annotators.c.name, _S.shown)
    .join_from(s.annotation_tags, s.tags)
    .join(s.annotators, _S.annotator_id == s.annotators.c.id)
    .where(_S.image_id.in_(bindparam("ids", expanding=True)), HEARD)
    .order_by(_S.image_id, _S.annotator_id, _S.tag_id)  # of equally likely tags the last one counts
)
_SAID_SHOWN = _SAID.where(or_(_S.shown, _S.tag_id.in_(bindparam("tail", expanding=True))))
_WORDS = (
    select(_C.image_id, _C.tag_id, s.tags.c.id, s.tags.c.name, _C.verdict)
    .join_from(s.corrections, s.tags, s.tags.c.id == named(_C.tag_id))
    .where(_C.image_id.in_(bindparam("ids", expanding=True)))
)


def tags_of(
    connection: Connection, ids: Iterable[int], tail: Collection[str] | None = None
) -> dict[int, tuple[Tag, ...]]:
    """The tags of images, the long tail too, the likeliest first; () for an image without any.

    tail: of the long tail only these, which is much less to read.  Where annotators agree on a tag and only some
    show it, the others are not heard then.
    """
    found: dict[int, tuple[Tag, ...]] = {}
    renamed = _renamed(connection)
    kept = None if tail is None or len(tail) > _MOST_ASKED else _ids_of(connection, tail, renamed)
    for piece in pieces(ids):
        words = _words(connection, piece)
        unsettled = _unsettled(words)
        said: defaultdict[int, list[Tag]] = defaultdict(list)
        heard: defaultdict[int, list[Said]] = defaultdict(list)
        for image, tag_id, tag in _said(connection, piece, renamed, kept):
            if image in unsettled:
                heard[image].append((tag_id, tag))
            else:
                said[image].append(tag)
        for image in piece:
            left, verdicts = settle(heard[image], words.get(image, ()))
            found[image] = merge(left if image in unsettled else said[image], verdicts)
    return found


def verdicts_of(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return the user's verdicts, 1 for added and -1 for rejected, by image and tag, without images that have none."""
    found: dict[int, dict[str, int]] = {}
    for piece in pieces(ids):
        words = _words(connection, piece)
        heard: defaultdict[int, list[Said]] = defaultdict(list)
        if unsettled := _unsettled(words):
            for image, tag_id, tag in _said(connection, list(unsettled), _renamed(connection)):
                heard[image].append((tag_id, tag))
        found.update((image, settle(heard[image], each)[1]) for image, each in words.items())
    return found


def with_verdicts(connection: Connection) -> list[int]:
    """The images of which the user added or rejected a tag, in order."""
    return list(connection.execute(select(_C.image_id).distinct().order_by(_C.image_id)).scalars())


def used_names(connection: Connection) -> list[str]:
    """Every tag an image ever had, shown or not, by the name it goes by now."""
    renamed = exists().where(s.aliases.c.tag_id == s.tags.c.id)
    return list(connection.execute(select(s.tags.c.name).where(~renamed).order_by(s.tags.c.id)).scalars())


def judged_names(connection: Connection, *, added: bool) -> set[str]:
    """The tags that the user gave some image, or else those that the user rejected on some."""
    verdict = _C.verdict > 0 if added else _C.verdict < 0
    judged = select(s.tags.c.name).join(s.corrections, _C.tag_id == s.tags.c.id).where(verdict)
    return set(connection.execute(judged).scalars())


def renamed(connection: Connection) -> dict[str, str]:
    """The tags that go by another name, and by which."""
    old, new = s.tags.alias(), s.tags.alias()
    pairs = select(old.c.name, new.c.name).join_from(s.aliases, old, old.c.id == s.aliases.c.tag_id)
    pairs = pairs.join(new, new.c.id == s.aliases.c.name_id)
    return {tag: name for tag, name in connection.execute(pairs)}  # noqa: C416 - rows are no pairs to mypy


def sources(connection: Connection) -> list[str]:
    """The annotators that were ever used and not forgotten, by name."""
    names = select(s.annotators.c.name).where(HEARD).distinct().order_by(s.annotators.c.name)
    return list(connection.execute(names).scalars())


def written(connection: Connection, ids: Iterable[int]) -> dict[int, list[Text]]:
    """Return the texts people wrote about images, and their sources, without images that have none."""
    table = s.texts.c
    found: defaultdict[int, list[Text]] = defaultdict(list)
    for piece in pieces(ids):
        texts = select(table.image_id, table.source, table.text, table.origin).where(table.image_id.in_(piece))
        for image, *text in connection.execute(texts.order_by(table.id)):
            found[image].append(Text(*text))
    return dict(found)


def _renamed(connection: Connection) -> dict[int, str]:
    """The tags that go by another name, and by which; looked up here, it costs less than in SQL for every tag."""
    return {tag: name for tag, name in connection.execute(_RENAMED)}  # noqa: C416 - rows are no pairs to mypy


def _unsettled(words: Mapping[int, Sequence[Word]]) -> set[int]:
    """The images where it matters under which name an annotator said a tag: a verdict is on a name of old."""
    return {image for image, each in words.items() if any(word.tag_id != word.name_id for word in each)}


def _ids_of(connection: Connection, names: Collection[str], renamed: Mapping[int, str]) -> list[int]:
    """The ids of the tags that go by these names, and perhaps of some that are called so and go by another."""
    wanted = set(names)
    called = connection.execute(_CALLED, {"names": list(wanted)}).scalars().all()
    return [*called, *(tag for tag, name in renamed.items() if name in wanted)]


def _said(
    connection: Connection, ids: Sequence[int], renamed: Mapping[int, str], tail: Sequence[int] | None = None
) -> Iterator[tuple[int, int, Tag]]:
    """Yield the annotators' tags of these images: image, the tag's id, and the tag by its current name.

    tail: of what is not shown, only these tags.
    """
    asked = {"ids": ids} if tail is None else {"ids": ids, "tail": tail}
    for image, tag_id, name, probability, source, shown in connection.execute(
        _SAID if tail is None else _SAID_SHOWN, asked
    ).all():
        yield image, tag_id, Tag(renamed.get(tag_id, name), probability, source, shown)


def _words(connection: Connection, ids: Sequence[int]) -> dict[int, list[Word]]:
    """Return the user's verdicts on these images."""
    words: defaultdict[int, list[Word]] = defaultdict(list)
    for image, *word in connection.execute(_WORDS, {"ids": ids}):
        words[image].append(Word(*word))
    return words
