"""Renaming tags in the whole library: annotators' tags stay stored as returned, and are shown under another name."""

from __future__ import annotations

from collections.abc import Sequence

from imsearch.engine.stores.changes import Renaming
from imsearch.engine.stores.journal import Edit, Revision
from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.words.knowledge import Lexicon
from imsearch.errors import ImsearchError


def existing(tags: TagNames, lexicon: Lexicon, name: str) -> str:
    """Return the tag itself, or raise an error that suggests others: a change of all pictures never applies to a
    synonym."""
    if name in tags:
        return name
    canonical = lexicon.canonical(name)
    near = [canonical] if canonical is not None and canonical in tags else tags.near(name)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else '"imsearch tags" lists those in use.'
    raise ImsearchError(f"No picture of the library has the tag {name!r}. {hint}")


def rename(
    revision: Revision, lexicon: Lexicon, old: Sequence[str], new: str, merging: bool
) -> tuple[Renaming, list[Edit]]:
    """Give tags a new name; return the result and the entries for the journal."""
    tags = revision.tag_names()
    olds = list(dict.fromkeys(existing(tags, lexicon, name) for name in old))
    if olds == [new] and not merging:
        edits = _own_name(tags, new)
    else:
        olds = [name for name in olds if name != new]
        if not olds:
            raise ImsearchError(f"There is nothing to merge into {new!r}. Nothing was changed.")
        new = _target(revision, tags, olds, new, merging)
        target = revision.tag_ids({new})[new]
        moved = dict.fromkeys(tag for name in olds for tag in (tags.id(name), *tags.ids_of(name)))
        edits = [Edit(None, tag, tags.aliases.get(tag), target) for tag in moved if tags.aliases.get(tag) != target]
    images = revision.carriers([edit.tag_id for edit in edits]) if edits else []
    revision.set_names(edits)
    revision.mark_changed(images)
    return Renaming(tuple(olds), new, len(images)), edits


def _own_name(tags: TagNames, name: str) -> list[Edit]:
    if not tags.is_alias(name):
        raise ImsearchError(f"{name!r} already has its own name. Nothing was changed.")
    return [Edit(None, tags.id(name), tags.aliases[tags.id(name)], None)]


def _target(revision: Revision, tags: TagNames, old: Sequence[str], new: str, merging: bool) -> str:
    """Return the current name of a new name, if these tags can take it."""
    name = tags.name(new)
    if name in old:
        raise ImsearchError(
            f"{new!r} is itself renamed to {name!r}, so {name!r} cannot be renamed to {new!r}. Give it "
            f'its own name back first: imsearch tag rename "{new}" "{new}". Nothing was changed.'
        )
    if not merging and revision.is_in_use(tags.ids_of(name)) and any(tags.name(each) != name for each in old):
        raise ImsearchError(
            f'{name!r} is already in use. To merge both: imsearch tag merge "{old[0]}" "{name}". Nothing was changed.'
        )
    return name
