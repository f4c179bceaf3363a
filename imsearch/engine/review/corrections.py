"""The user's corrections of tags.  Every call is one transaction and one batch of the journal.

The results of annotators are never changed, so a correction holds whatever they return later; see
`imsearch.engine.stores.tagging`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from imsearch.engine.review.renaming import rename
from imsearch.engine.stores.catalog import CatalogReading, Journal
from imsearch.engine.stores.changes import Change, Correction, Renaming, Verdict
from imsearch.engine.stores.journal import Edit, Known, Pair, Revision
from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.words.knowledge import Lexicon
from imsearch.errors import ImsearchError, UndoConflict
from imsearch.languages.letters import is_blank, turns_around


class Corrections:
    """Writes corrections.  Several threads may use one instance, and several processes may correct one library."""

    def __init__(self, catalog: CatalogReading, journal: Journal, lexicon: Lexicon, follow: Callable[[], None]) -> None:
        """follow: brings the text index up to date after a change."""
        self._catalog = catalog
        self._journal = journal
        self._lexicon = lexicon
        self._follow = follow

    def correct(
        self, images: Sequence[int], tags: Sequence[str], verdict: Verdict, *, exact: bool = False
    ) -> Correction:
        """Set the user's verdict on each of these tags on each of these images.

        A word becomes the lexicon's tag for it, unless the image or the user has it as a tag; `exact` takes it as
        typed.  Raises `ImsearchError`, and changes nothing, for an empty tag or an unknown image.
        """
        typed = list(dict.fromkeys(self.normal(tag) for tag in tags))
        with self._journal.revising() as revision:
            if unknown := revision.unknown(images):
                raise ImsearchError(f"There is no image {min(unknown)} in the library. Nothing was changed.")
            books = revision.tag_names()
            choices = {tag: self._choices(revision, books, tag, exact) for tag in typed}
            names = {name for names in choices.values() for name in names}
            known = revision.known(images, {tag: name for name in names for tag in books.ids_of(name)})
            asked = [(image, tag, _chosen(known, image, choices[tag])) for image in images for tag in typed]
            pairs = list(dict.fromkeys((image, name) for image, _, name in asked))
            ids = revision.tag_ids({name for _, name in pairs})
            edits, done = _decide(pairs, verdict, known, ids)
            number = None
            if edits:
                revision.set_verdicts(edits)
                number = revision.note(verdict, edits)
                revision.mark_changed({image for image, _ in done["changed"]})
        self._follow()
        taken = {tag: tuple(dict.fromkeys(name for _, each, name in asked if each == tag)) for tag in typed}
        said = {pair: known.said[pair] for pair in pairs if pair in known.said} if verdict is Verdict.REMOVE else {}
        pairs_by_fate = {key: tuple(value) for key, value in done.items()}
        return Correction(verdict, **pairs_by_fate, said=said, names=taken, number=number)

    def rename(self, old: str, new: str) -> Renaming:
        """Rename a tag in the whole library, now and for images indexed later.

        A tag renamed to itself gets its own name back.  Raises `ImsearchError` if the new name is in use (`merge`
        combines tags) or is itself renamed to the old one, or if the old one is unknown.
        """
        return self._rename("rename", [old], new)

    def merge(self, old: Sequence[str], into: str) -> Renaming:
        """Give several tags one name, which may be in use."""
        return self._rename("merge", old, into)

    def undo(self, number: int | None = None) -> Change:
        """Undo the last change that is not undone yet, and return it; raises `ImsearchError` without one.

        number: undo that change only; raises `UndoConflict` when it is not the last one, or was undone already.
        """
        with self._journal.revising() as revision:
            found = revision.last()
            if number is not None and (found is None or found[0] != number):
                raise _conflict(revision, number)
            if found is None:
                raise ImsearchError("There is nothing to undo.")
            last, edits = found
            back = [edit.back() for edit in edits]
            revision.set_verdicts([edit for edit in back if edit.image_id is not None])
            names = [edit for edit in back if edit.image_id is None]
            changed = {edit.image_id for edit in back if edit.image_id is not None}
            if names:
                revision.set_names(names)
                changed.update(revision.carriers([edit.tag_id for edit in names]))
            revision.mark_undone(last)
            revision.mark_changed(changed)
        self._follow()
        return self._catalog.history(number=last)[0]

    def _rename(self, action: str, old: Sequence[str], new: str) -> Renaming:
        with self._journal.revising() as revision:
            tags = [self.normal(tag) for tag in old]
            done, edits = rename(revision, self._lexicon, tags, self.normal(new), action == "merge")
            number = revision.note(action, edits) if edits else None
        self._follow()
        return replace(done, number=number)

    def normal(self, tag: str) -> str:
        """Return the spelling of a tag; raises `ImsearchError` for an invalid name."""
        name = self._lexicon.normalize(tag)
        if is_blank(name):
            typed = bool(tag.strip())
            raise ImsearchError(f"A tag needs a name{': nothing of what was typed is visible' if typed else ''}.")
        if turns_around(tag):
            raise ImsearchError(f"The tag {tag!a} holds a character that reverses text. Type it without.")
        return name

    def _choices(self, revision: Revision, tags: TagNames, typed: str, exact: bool) -> tuple[str, ...]:
        """Return the possible tags for a word: the first that the image or the user has, or else the last."""
        if exact or tags.is_alias(typed) or (typed in tags and revision.is_given(tags.id(typed))):
            return (tags.name(typed),)
        return tuple(dict.fromkeys((typed, tags.name(self._lexicon.canonical(typed) or typed))))


def _conflict(revision: Revision, number: int) -> ImsearchError:
    undone = revision.is_undone(number)
    if undone is None:
        return ImsearchError(f"There is no change {number} to undo.")
    if undone:
        return UndoConflict(f"Change {number} was undone already. Nothing was changed.")
    return UndoConflict(
        f"Change {number} is no longer the last one: tags were changed after it. Undo what came after it first, or "
        "correct the tags once more. Nothing was changed."
    )


def _chosen(known: Known, image: int, choices: Sequence[str]) -> str:
    return next((name for name in choices if (image, name) in known.said or (image, name) in known.words), choices[-1])


def _decide(
    pairs: Iterable[Pair], verdict: Verdict, known: Known, ids: Mapping[str, int]
) -> tuple[list[Edit], dict[str, list[Pair]]]:
    """Return the verdicts to write, and the effect on each pair."""
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
