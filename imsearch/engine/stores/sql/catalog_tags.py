"""What images show: the tags and vectors of the annotators, and the verdicts of the user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    join,
    or_,
    select,
    union,
)

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotators import HEARD, heard
from imsearch.engine.stores.sql.catalog_base import CatalogBase, pieces
from imsearch.engine.stores.tagging import Said, Word, merge, settle
from imsearch.records import USER, Tag, Text

if TYPE_CHECKING:
    from numpy import float16, float32, int64, uint64
    from numpy.typing import NDArray

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
)
_SAID_SHOWN = _SAID.where(or_(_S.shown, _S.tag_id.in_(bindparam("tail", expanding=True))))
_WORDS = (
    select(_C.image_id, _C.tag_id, s.tags.c.id, s.tags.c.name, _C.verdict)
    .join_from(s.corrections, s.tags, s.tags.c.id == named(_C.tag_id))
    .where(_C.image_id.in_(bindparam("ids", expanding=True)))
)


class CatalogTags(CatalogBase):
    """Reads tags and vectors."""

    def tags_of(self, ids: Iterable[int], tail: Collection[str] | None = None) -> dict[int, tuple[Tag, ...]]:
        """The tags of images, the long tail too, the likeliest first; () for an image without any.

        tail: of the long tail only these, which is much less to read.  Where annotators agree on a tag and only some
        show it, the others are not heard then.
        """
        found: dict[int, tuple[Tag, ...]] = {}
        with self.reading() as connection:
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

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        """What the user added (1) and rejected (-1), by image and tag; images without verdicts are left out."""
        found: dict[int, dict[str, int]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                words = _words(connection, piece)
                heard: defaultdict[int, list[Said]] = defaultdict(list)
                if unsettled := _unsettled(words):
                    for image, tag_id, tag in _said(connection, list(unsettled), _renamed(connection)):
                        heard[image].append((tag_id, tag))
                found.update((image, settle(heard[image], each)[1]) for image, each in words.items())
        return found

    def with_verdicts(self) -> list[int]:
        """The images of which the user added or rejected a tag, in order."""
        with self.reading() as connection:
            return list(connection.execute(select(_C.image_id).distinct().order_by(_C.image_id)).scalars())

    def texts_of(self, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """What people wrote of images, as (source, text): "title", "description" or "keyword"; none where nothing."""
        return {image: [(text.source, text.text) for text in texts] for image, texts in self.written(ids).items()}

    def written(self, ids: Iterable[int]) -> dict[int, list[Text]]:
        """What people wrote of images, and where it was found; images of which nothing was written are left out."""
        table = s.texts.c
        found: defaultdict[int, list[Text]] = defaultdict(list)
        with self.reading() as connection:
            for piece in pieces(ids):
                texts = select(table.image_id, table.source, table.text, table.origin).where(table.image_id.in_(piece))
                for image, *text in connection.execute(texts.order_by(table.id)):
                    found[image].append(Text(*text))
        return dict(found)

    def tag_names(self) -> list[str]:
        """Every tag an image ever had, shown or not, by the name it goes by now."""
        renamed = exists().where(s.aliases.c.tag_id == s.tags.c.id)
        with self.reading() as connection:
            return list(connection.execute(select(s.tags.c.name).where(~renamed)).scalars())

    def rejected_names(self) -> set[str]:
        """The tags that the user rejected on some image."""
        return self._judged(s.corrections.c.verdict < 0)

    def given_names(self) -> set[str]:
        """The tags that the user gave some image."""
        return self._judged(s.corrections.c.verdict > 0)

    def _judged(self, verdict: ColumnElement[bool]) -> set[str]:
        judged = select(s.tags.c.name).join(s.corrections, s.corrections.c.tag_id == s.tags.c.id).where(verdict)
        with self.reading() as connection:
            return set(connection.execute(judged).scalars())

    def renamed(self) -> dict[str, str]:
        """The tags that go by another name, and by which."""
        old, new = s.tags.alias(), s.tags.alias()
        pairs = select(old.c.name, new.c.name).join_from(s.aliases, old, old.c.id == s.aliases.c.tag_id)
        pairs = pairs.join(new, new.c.id == s.aliases.c.name_id)
        with self.reading() as connection:
            return {tag: name for tag, name in connection.execute(pairs)}  # noqa: C416 - rows are no pairs to mypy

    def sources(self) -> list[str]:
        """The annotators that were ever used and not forgotten, by name."""
        names = select(s.annotators.c.name).where(HEARD).distinct().order_by(s.annotators.c.name)
        with self.reading() as connection:
            return list(connection.execute(names).scalars())

    def tag_counts(self, prefix: str = "", source: str = "") -> list[tuple[str, int]]:
        """The shown tags that start with `prefix` and the number of images that show each, most frequent first.

        source: count only what this annotator says, or the user; what the user rejected counts for nobody.
        """
        with self.reading() as connection:
            counts = {**_plain_counts(connection, source), **_settled_counts(connection, source)}
            named_so = s.tags.c.name.startswith(prefix, autoescape=True)
            names = connection.execute(select(s.tags.c.id, s.tags.c.name).where(named_so))
            found = [(name, counts[tag]) for tag, name in names if tag in counts]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def vector(self, image: int, annotator: str) -> NDArray[float32] | None:
        """The vector that the current version of an annotator made of an image."""
        return self.vectors(annotator, [image]).get(image)

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
        """The vectors that the current version of an annotator made of these images."""
        import numpy as np

        made = (
            select(s.vectors.c.image_id, s.vectors.c.vector)
            .join_from(s.vectors, s.annotators)
            .where(s.annotators.c.name == annotator, s.annotators.c.current, HEARD)
        )
        found: dict[int, NDArray[float32]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                for image, vector in connection.execute(made.where(s.vectors.c.image_id.in_(piece))):
                    found[image] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
        return found

    def annotated_since(self, annotator: str, generation: int, ids: Iterable[int]) -> set[int]:
        """Those of these images that the current version of an annotator has looked at after that generation."""
        newer = (
            select(s.annotations.c.image_id)
            .join_from(s.annotations, s.annotators)
            .where(s.annotators.c.name == annotator, s.annotators.c.current, HEARD)
            .where(s.annotations.c.generation > generation)
        )
        found: set[int] = set()
        with self.reading() as connection:
            for piece in pieces(ids):
                found.update(connection.execute(newer.where(s.annotations.c.image_id.in_(piece))).scalars())
        return found

    def perceptual_hashes(self) -> tuple[NDArray[int64], NDArray[uint64]]:
        """The images with files, in order of id, and their perceptual hashes; 0 where there is none or it is empty."""
        import numpy as np

        filed = exists().where(s.files.c.image_id == s.images.c.id)
        held = select(s.images.c.id, func.coalesce(s.images.c.phash, 0)).where(filed).order_by(s.images.c.id)
        with self.reading() as connection:
            rows = np.array(connection.execute(held).all(), np.int64).reshape(-1, 2)
        return rows[:, 0].copy(), rows[:, 1].copy().view(np.uint64)

    def count_vectors(self, annotator: str) -> int:
        """How many images, with files or without, the current version of an annotator made vectors of."""
        made = select(func.count()).select_from(join(s.vectors, s.annotators))
        with self.reading() as connection:
            return connection.execute(
                made.where(s.annotators.c.name == annotator, s.annotators.c.current, HEARD)
            ).scalar_one()

    def all_vectors(self, annotator: str) -> tuple[NDArray[int64], NDArray[float16]]:
        """The images with files that the current version of an annotator made vectors of, by id, and the vectors."""
        import numpy as np

        filed = exists().where(s.files.c.image_id == s.vectors.c.image_id)
        current = and_(s.annotators.c.name == annotator, s.annotators.c.current, HEARD, filed)
        source = join(s.vectors, s.annotators)
        length = self.vector_spaces().get(annotator, ("", 0))[1]
        with self.reading() as connection:
            count = connection.execute(select(func.count()).select_from(source).where(current)).scalar_one()
            ids, vectors = np.empty(count, np.int64), np.empty((count, length), np.float16)
            columns = select(s.vectors.c.image_id, s.vectors.c.vector).select_from(source)
            rows = connection.execution_options(yield_per=1000).execute(columns.where(current).order_by("image_id"))
            for number, (image, vector) in enumerate(rows):
                ids[number], vectors[number] = image, np.frombuffer(vector, "<f2")
        return ids, vectors

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        """The current version and vector length of every annotator that makes vectors, by name."""
        columns = s.annotators.c
        makers = select(columns.name, columns.version, columns.vector_length).where(
            columns.current, columns.vector_length.is_not(None), HEARD
        )
        with self.reading() as connection:
            return {name: (version, length) for name, version, length in connection.execute(makers)}


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
    """What the annotators said of these images: image, under which id, and the tag by the name it goes by now.

    tail: of what is not shown, only these tags.
    """
    asked = {"ids": ids} if tail is None else {"ids": ids, "tail": tail}
    for image, tag_id, name, probability, source, shown in connection.execute(
        _SAID if tail is None else _SAID_SHOWN, asked
    ).all():
        yield image, tag_id, Tag(renamed.get(tag_id, name), probability, source, shown)


def _words(connection: Connection, ids: Sequence[int]) -> dict[int, list[Word]]:
    """What the user said of these images."""
    words: defaultdict[int, list[Word]] = defaultdict(list)
    for image, *word in connection.execute(_WORDS, {"ids": ids}):
        words[image].append(Word(*word))
    return words


def _plain_counts(connection: Connection, source: str) -> dict[int, int]:
    """On how many images annotators show the tags that the user has never touched; the index of shown tags has them."""
    if source == USER:
        return {}
    said = s.annotation_tags.c
    counted = select(said.tag_id, func.count(said.image_id.distinct())).where(
        said.shown,
        said.image_id.in_(select(s.files.c.image_id)),
        said.tag_id.not_in(_touched()),
        heard(said.annotator_id),
    )
    if source:
        counted = counted.join(s.annotators).where(s.annotators.c.name == source)
    return {tag: count for tag, count in connection.execute(counted.group_by(said.tag_id))}  # noqa: C416 - as above


def _settled_counts(connection: Connection, source: str) -> dict[int, int]:
    """The same of the tags that the user corrected or renamed, which costs more for each."""
    if connection.execute(_touched().limit(1)).first() is None:
        return {}
    showing = _showing(source, touched=True).subquery()
    counted = select(showing.c.name_id, func.count()).where(showing.c.image_id.in_(select(s.files.c.image_id)))
    rows = connection.execute(counted.group_by(showing.c.name_id))
    return {tag: count for tag, count in rows}  # noqa: C416 - as above


def _touched() -> CompoundSelect[Any]:
    """The ids of the tags that the user said something of, and of those that go by another name or lend theirs."""
    return union(select(s.corrections.c.tag_id), select(s.aliases.c.tag_id), select(s.aliases.c.name_id))


def _showing(source: str, *, touched: bool = False) -> Select[Any] | CompoundSelect[Any]:
    """Each name that an image shows and the image, once; `imsearch.engine.stores.tagging.settle` in SQL.

    source: only what this annotator or the user says.  touched: only tags that the user touched.
    """
    said, user, other = s.annotation_tags.c, s.corrections.c, s.corrections.alias().c
    against = exists().where(
        other.image_id == said.image_id, other.tag_id.in_((said.tag_id, named(said.tag_id))), other.verdict < 0
    )
    by_annotators = select(named(said.tag_id).label("name_id"), said.image_id)
    by_annotators = by_annotators.where(said.shown, ~against, heard(said.annotator_id))
    if touched:
        by_annotators = by_annotators.where(said.tag_id.in_(_touched()))
    if source:
        by_annotators = by_annotators.join(s.annotators).where(s.annotators.c.name == source)
    overruled = exists().where(other.image_id == user.image_id, other.tag_id == named(user.tag_id), other.verdict < 0)
    by_user = select(named(user.tag_id).label("name_id"), user.image_id).where(user.verdict > 0, ~overruled)
    if source:
        return (by_user if source == USER else by_annotators).distinct()
    return union(by_annotators, by_user)
