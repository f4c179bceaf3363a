"""What the user says of tags on pictures.  Every call is one transaction and one batch of the journal.

What annotators say is never touched, so a correction holds whatever they say later; see
`imsearch.engine.stores.tagging`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, delete, insert, select

from imsearch.engine.stores.changes import Change, Correction, Renaming, Verdict
from imsearch.engine.stores.sql import journal
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotators import HEARD
from imsearch.engine.stores.sql.catalog_base import CatalogBase, pieces
from imsearch.engine.stores.sql.journal import Edit
from imsearch.engine.stores.sql.recorder import Recorder
from imsearch.engine.stores.sql.renaming import Tags, rename, set_aliases
from imsearch.engine.stores.tagging import Word, settle
from imsearch.engine.words.knowledge import Lexicon
from imsearch.errors import ImsearchError, UndoConflict
from imsearch.languages.letters import is_blank, turns_around

Pair = tuple[int, str]


@dataclass(slots=True)
class _Known:
    """What is known of the tags in question, by image and name: the user's words, and the likeliest annotator."""

    words: defaultdict[Pair, list[Word]] = field(default_factory=lambda: defaultdict(list))
    said: dict[Pair, str] = field(default_factory=dict)

    def added(self, pair: Pair) -> bool:
        """Whether the tag is there because the user says so."""
        return settle((), self.words.get(pair, ()))[1].get(pair[1], 0) > 0


class Corrections:
    """Writes them.  Several threads may use one, and several processes may correct one library."""

    def __init__(self, catalog: CatalogBase, recorder: Recorder, lexicon: Lexicon, follow: Callable[[], None]) -> None:
        """follow: brings the text index up to date after a change."""
        self._catalog = catalog
        self._recorder = recorder
        self._lexicon = lexicon
        self._follow = follow

    def correct(
        self, images: Sequence[int], tags: Sequence[str], verdict: Verdict, *, exact: bool = False
    ) -> Correction:
        """Set what the user says of every one of these tags on every one of these images.

        A word is taken for the tag that the lexicon has for it, unless the image or the user has it as a tag; `exact`
        takes it as it is.  Raises `ImsearchError`, and changes nothing, for an empty tag or an unknown image.
        """
        typed = list(dict.fromkeys(self.normal(tag) for tag in tags))
        with self._recorder.writing() as connection:
            _check_images(connection, images)
            books = Tags(connection)
            choices = {tag: self._choices(books, tag, exact) for tag in typed}
            known = _known(connection, images, books, {name for names in choices.values() for name in names})
            asked = [(image, tag, _chosen(known, image, choices[tag])) for image in images for tag in typed]
            pairs = list(dict.fromkeys((image, name) for image, _, name in asked))
            ids = self._recorder.tag_ids(connection, {name for _, name in pairs})
            edits, done = _decide(pairs, verdict, known, ids)
            number = None
            if edits:
                _set_verdicts(connection, edits)
                number = journal.write(connection, verdict, edits)
                self._recorder.mark_changed(connection, {image for image, _ in done["changed"]})
        self._follow()
        names = {tag: tuple(dict.fromkeys(name for _, each, name in asked if each == tag)) for tag in typed}
        said = {pair: known.said[pair] for pair in pairs if pair in known.said} if verdict is Verdict.REMOVE else {}
        pairs_by_fate = {key: tuple(value) for key, value in done.items()}
        return Correction(verdict, **pairs_by_fate, said=said, names=names, number=number)

    def rename(self, old: str, new: str) -> Renaming:
        """Let a tag go by another name in the whole library, now and whatever is indexed later.

        A tag renamed to itself gets its own name back.  Raises `ImsearchError` where the new name is in use (`merge`
        puts tags together), goes by the old one itself, or the old one is unknown.
        """
        return self._rename("rename", [old], new)

    def merge(self, old: Sequence[str], into: str) -> Renaming:
        """Let several tags go by one name, which may be in use."""
        return self._rename("merge", old, into)

    def undo(self, number: int | None = None) -> Change:
        """Undo the last change that was not undone yet, and tell what it was; raises `ImsearchError` without one.

        number: undo that change only; raises `UndoConflict` when it is not the last one, or was undone already.
        """
        with self._recorder.writing() as connection:
            found = journal.last(connection)
            if number is not None and (found is None or found[0] != number):
                raise _conflict(connection, number)
            if found is None:
                raise ImsearchError("There is nothing to undo.")
            batch, edits = found
            back = [Edit(edit.image_id, edit.tag_id, edit.after, edit.before) for edit in edits]
            _set_verdicts(connection, [edit for edit in back if edit.image_id is not None])
            aliases = [edit for edit in back if edit.image_id is None]
            changed = {edit.image_id for edit in back if edit.image_id is not None}
            if aliases:
                set_aliases(connection, aliases)
                changed.update(journal.carriers(connection, [edit.tag_id for edit in aliases]))
            journal.mark_undone(connection, batch)
            self._recorder.mark_changed(connection, changed)
        self._follow()
        return journal.history(self._catalog, number=batch)[0]

    def _rename(self, action: str, old: Sequence[str], new: str) -> Renaming:
        with self._recorder.writing() as connection:
            tags = [self.normal(tag) for tag in old]
            done, edits = rename(connection, self._recorder, self._lexicon, tags, self.normal(new), action == "merge")
            number = journal.write(connection, action, edits) if edits else None
        self._follow()
        return replace(done, number=number)

    def normal(self, tag: str) -> str:
        """A tag as it is spelled; raises `ImsearchError` for what is no name of one."""
        name = self._lexicon.normalize(tag)
        if is_blank(name):
            typed = bool(tag.strip())
            raise ImsearchError(f"A tag needs a name{': of what was typed, nothing can be seen' if typed else ''}.")
        if turns_around(tag):
            raise ImsearchError(f"The tag {tag!a} holds a mark that turns text around. Type it without.")
        return name

    def _choices(self, tags: Tags, typed: str, exact: bool) -> tuple[str, ...]:
        """What a word may be taken for, the first that the image or the user knows, or else the last."""
        if exact or tags.is_alias(typed) or tags.given(typed):
            return (tags.name(typed),)
        return tuple(dict.fromkeys((typed, tags.name(self._lexicon.canonical(typed) or typed))))


def _conflict(connection: Connection, number: int) -> ImsearchError:
    undone = journal.is_undone(connection, number)
    if undone is None:
        return ImsearchError(f"There is no change {number} to undo.")
    if undone:
        return UndoConflict(f"Change {number} was undone already. Nothing was changed.")
    return UndoConflict(
        f"Change {number} is not the last one any more: tags were changed after it. Undo what came after it first, or "
        "correct the tags once more. Nothing was changed."
    )


def _check_images(connection: Connection, images: Iterable[int]) -> None:
    wanted = set(images)
    for piece in pieces(wanted):
        wanted = wanted.difference(connection.execute(select(s.images.c.id).where(s.images.c.id.in_(piece))).scalars())
    if wanted:
        raise ImsearchError(f"There is no image {min(wanted)} in the library. Nothing was changed.")


def _known(connection: Connection, images: Iterable[int], tags: Tags, names: set[str]) -> _Known:
    """Read what is known under these names, and under all that go by them."""
    known = _Known()
    ids = {tag_id: name for name in names for tag_id in tags.ids_of(name)}
    said, user = s.annotation_tags.c, s.corrections.c
    by_machine = select(said.image_id, said.tag_id, s.annotators.c.name).join_from(s.annotation_tags, s.annotators)
    by_user = select(user.image_id, user.tag_id, named(user.tag_id), user.verdict)
    for piece in pieces(images):
        here = by_machine.where(said.image_id.in_(piece), said.tag_id.in_(ids), HEARD).order_by(said.probability)
        known.said.update(((image, ids[tag]), source) for image, tag, source in connection.execute(here))
        for image, tag, name_id, verdict in connection.execute(
            by_user.where(user.image_id.in_(piece), user.tag_id.in_(ids))
        ):
            known.words[image, ids[tag]].append(Word(tag, name_id, ids[tag], verdict))
    return known


def _chosen(known: _Known, image: int, choices: Sequence[str]) -> str:
    return next((name for name in choices if (image, name) in known.said or (image, name) in known.words), choices[-1])


def _decide(
    pairs: Iterable[Pair], verdict: Verdict, known: _Known, ids: Mapping[str, int]
) -> tuple[list[Edit], dict[str, list[Pair]]]:
    """The verdicts to write, and what that does to each pair."""
    edits: list[Edit] = []
    done: dict[str, list[Pair]] = {"changed": [], "unchanged": [], "refused": []}
    for pair in pairs:
        (image, name), added, words = pair, known.added(pair), known.words.get(pair, [])
        if verdict is Verdict.CLEAR:
            new = [Edit(image, word.tag_id, word.verdict, None) for word in words]
        elif verdict is Verdict.REMOVE:
            new = [Edit(image, word.tag_id, 1, None) for word in words if word.verdict > 0 and added]
        else:
            own = next((word.verdict for word in words if word.tag_id == ids[name]), None)
            wanted, so_already = (-1, own == -1) if verdict is Verdict.REJECT else (1, added)
            suggested = verdict is not Verdict.ACCEPT or pair in known.said
            new = [Edit(image, ids[name], own, wanted)] if suggested and not so_already else []
        edits += new
        refused = not new and (verdict is Verdict.REMOVE or (verdict is Verdict.ACCEPT and not added))
        done["changed" if new else "refused" if refused else "unchanged"].append(pair)
    return edits, done


def _set_verdicts(connection: Connection, edits: Iterable[Edit]) -> None:
    """Write what comes after each edit, in place of what is there."""
    table = s.corrections
    rows = [{"image_id": edit.image_id, "tag_id": edit.tag_id, "verdict": edit.after} for edit in edits]
    if rows:
        this = delete(table).where(table.c.image_id == bindparam("image"), table.c.tag_id == bindparam("tag"))
        connection.execute(this, [{"image": row["image_id"], "tag": row["tag_id"]} for row in rows])
    if kept := [row for row in rows if row["verdict"] is not None]:
        connection.execute(insert(table), kept)
