"""Renaming tags in the whole library: what annotators say stays written as they said it, and goes by another name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, exists, insert, or_, select

from imsearch.engine.stores.changes import Renaming
from imsearch.engine.stores.sql import journal
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import heard
from imsearch.engine.stores.sql.journal import Edit
from imsearch.engine.stores.sql.recorder import Recorder
from imsearch.engine.words.knowledge import Lexicon
from imsearch.errors import ImsearchError


class Tags:
    """All tags of a library, and which goes by which name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids: dict[str, int] = {name: tag for tag, name in connection.execute(select(s.tags.c.id, s.tags.c.name))}
        self._names = {tag: name for name, tag in self._ids.items()}
        pairs = connection.execute(select(s.aliases.c.tag_id, s.aliases.c.name_id))
        self.aliases: dict[int, int] = {tag: name for tag, name in pairs}  # noqa: C416 - rows are no pairs to mypy

    def id(self, name: str) -> int:
        """The id of a tag that the library has, whatever it goes by."""
        return self._ids[name]

    def spelled(self, tag: int) -> str:
        """The tag of this id."""
        return self._names[tag]

    def is_alias(self, name: str) -> bool:
        """Whether this tag goes by another name."""
        return self._ids.get(name) in self.aliases

    def name(self, name: str) -> str:
        """What this tag goes by; itself when it was never renamed."""
        tag = self._ids.get(name)
        return name if tag is None else self._names[self.aliases.get(tag, tag)]

    def ids_of(self, name: str) -> list[int]:
        """The ids of all that goes by this name."""
        own = self._ids.get(name)
        return [] if own is None else [own, *(tag for tag, other in self.aliases.items() if other == own)]

    def given(self, name: str) -> bool:
        """Whether the user has added this tag to some image."""
        user = s.corrections.c
        added = select(user.tag_id).where(user.tag_id == self._ids.get(name), user.verdict > 0).limit(1)
        return self._connection.execute(added).scalar() is not None

    def in_use(self, name: str) -> bool:
        """Whether an annotator or the user said something of an image under this name."""
        ids = self.ids_of(name)
        said = exists().where(s.annotation_tags.c.tag_id.in_(ids), heard(s.annotation_tags.c.annotator_id))
        user = exists().where(s.corrections.c.tag_id.in_(ids))
        return bool(self._connection.execute(select(or_(said, user))).scalar())

    def near(self, name: str) -> list[str]:
        """The tags that are spelled like this."""
        from difflib import get_close_matches

        return get_close_matches(name, (each for each in self._ids if not self.is_alias(each)), n=3)

    def existing(self, lexicon: Lexicon, name: str) -> str:
        """The tag itself, or an error that names others: what is done to all pictures is not done to a synonym."""
        if name in self._ids:
            return name
        canonical = lexicon.canonical(name)
        near = [canonical] if canonical in self._ids else self.near(name)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else '"imsearch tags" lists those in use.'
        raise ImsearchError(f"No picture of the library has the tag {name!r}. {hint}")


def rename(
    connection: Connection, recorder: Recorder, lexicon: Lexicon, old: Sequence[str], new: str, merging: bool
) -> tuple[Renaming, list[Edit]]:
    """Let tags go by a new name; returns what was done and what the journal has to know."""
    tags = Tags(connection)
    olds = list(dict.fromkeys(tags.existing(lexicon, name) for name in old))
    if olds == [new] and not merging:
        edits = _own_name(tags, new)
    else:
        olds = [name for name in olds if name != new]
        if not olds:
            raise ImsearchError(f"There is nothing to merge into {new!r}. Nothing was changed.")
        new = _target(tags, olds, new, merging)
        target = recorder.tag_ids(connection, {new})[new]
        moved = dict.fromkeys(tag for name in olds for tag in (tags.id(name), *tags.ids_of(name)))
        edits = [Edit(None, tag, tags.aliases.get(tag), target) for tag in moved if tags.aliases.get(tag) != target]
    images = journal.carriers(connection, [edit.tag_id for edit in edits]) if edits else []
    set_aliases(connection, edits)
    recorder.mark_changed(connection, images)
    return Renaming(tuple(olds), new, len(images)), edits


def set_aliases(connection: Connection, edits: Iterable[Edit]) -> None:
    """Write the names that come after each edit, in place of those that are there."""
    for edit in edits:
        connection.execute(delete(s.aliases).where(s.aliases.c.tag_id == edit.tag_id))
        if edit.after is not None:
            connection.execute(insert(s.aliases).values(tag_id=edit.tag_id, name_id=edit.after))


def _own_name(tags: Tags, name: str) -> list[Edit]:
    if not tags.is_alias(name):
        raise ImsearchError(f"{name!r} goes by its own name already. Nothing was changed.")
    return [Edit(None, tags.id(name), tags.aliases[tags.id(name)], None)]


def _target(tags: Tags, old: Sequence[str], new: str, merging: bool) -> str:
    """The name that a new name goes by itself, if it is one that these tags can take."""
    name = tags.name(new)
    if name in old:
        raise ImsearchError(
            f"{new!r} goes by {name!r} itself, so {name!r} cannot go by {new!r}. Give it its own name back first: "
            f'imsearch tag rename "{new}" "{new}". Nothing was changed.'
        )
    if not merging and tags.in_use(name) and any(tags.name(each) != name for each in old):
        raise ImsearchError(
            f'{name!r} is in use already. To put both together: imsearch tag merge "{old[0]}" "{name}". '
            "Nothing was changed."
        )
    return name
