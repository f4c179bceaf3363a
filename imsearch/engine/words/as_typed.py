"""Query words with punctuation or capitals: ``#dog``, ``dog/cat``, ``traffic_light``, ``HolidayInSpain``.

A word that is a tag or a written word exactly as typed is kept.  Otherwise punctuation around a word is dropped, and an
unknown word is split at its punctuation and capitals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.tree import And, Node, Not, Or, Query, Required, Word
from imsearch.engine.words.splitting import chunks, is_spaceless, parts
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.errors import QueryError

_EITHER = re.compile(r"[/\\|\uff0f\uff5c]")
_BETWEEN = re.compile(r"[^\W_][/\\|\uff0f\uff5c&+,;\u2014\u2013][^\W_]")
"""A sign that separates two words, unlike a hyphen, an apostrophe or an underscore, which may be inside of one."""
_WIDE = re.compile("[\uff00-\uffef]")
_OPERATORS = ("or", "and", "not")
_JOINED = 4
"""Maximum number of adjacent plain words that are found to be a tag anyway."""


def understood(text: str, normalize: Callable[[str], str], tags: Container[str], keys: Keys = KEYS) -> Query:
    """Return a query understood; raises `QueryError` as `parse` does.

    A query typed exactly as a tag is printed asks for that tag, even if it contains words and signs of the language:
    "to be or not to be", "why?", "foo(bar)".  If it is also a condition, both apply.  Words after a plus or minus keep
    their meaning.
    """
    name = normalize(text)
    if name not in tags or text.lstrip()[:1] in ("-", "+") or _is_plain(name):
        return parse(text, keys)
    tag = Word(name, quoted=True)
    with suppress(QueryError):
        query = parse(text, keys)
        if not _is_words(query.tree):
            return query if query.sort is not None else Query(Or((tag, query.tree)))
    return Query(tag)


def _is_plain(name: str) -> bool:
    words = name.split()
    return len(words) <= _JOINED and all(word.isalnum() and word not in _OPERATORS for word in words)


def _is_words(node: Node) -> bool:
    """Return True for a tree of words and operators only, without keys."""
    if isinstance(node, Word):
        return not node.exact
    if isinstance(node, Not | Required):
        return _is_words(node.item)
    return isinstance(node, And | Or) and all(map(_is_words, node.items))


class AsTyped:
    """Replaces each word of a query by the intended one.

    known: returns True for a word that a tag or written word answers, or that is ignored.  literal:
    returns True if one is spelled exactly so, punctuation included.
    """

    def __init__(self, known: Callable[[Word], bool], literal: Callable[[Word], bool]) -> None:
        self._known = known
        self._literal = literal

    def node(self, node: Node) -> Node:
        """Return the tree with words replaced; stand-alone punctuation is dropped if there is anything else."""
        return self._node(node) or node

    def _node(self, node: Node) -> Node | None:
        if isinstance(node, Word):
            return self._word(node)
        if isinstance(node, Not | Required):
            item = self._node(node.item)
            return None if item is None else type(node)(item)
        if isinstance(node, And | Or):
            kept = [each for item in node.items for each in self._beside(item, node)]
            return kept[0] if len(kept) == 1 else type(node)(tuple(kept)) if kept else None
        return node

    def _beside(self, item: Node, group: Node) -> Iterable[Node]:
        """Yield the replacement of an item of a group: plain words, which may be joined with adjacent ones later."""
        new = self._node(item)
        if isinstance(item, Word) and isinstance(new, And) and isinstance(group, And):
            return new.items
        return () if new is None else (new,)

    def _word(self, word: Word) -> Node | None:
        if word.exact or (word.quoted and word.text.isascii()) or _is_simple(word.text) or self._literal(word):
            return word
        plain = replace(word, text=unicodedata.normalize("NFKC", word.text))
        if word.match == "prefix" and is_spaceless(plain.text):
            part = Word(plain.text)  # finds words that contain it
            return Or((plain, part)) if self._known(plain) else part
        if word.quoted or SEPARATOR in word.text or (plain.text.isalnum() and self._known(plain)):
            return plain
        found = chunks(plain.text)
        if not found:
            return None
        bare = replace(plain, text=_trimmed(plain.text, found))
        if word.match or (len(found) == 1 and self._known(bare)) or not any(map(str.isalpha, bare.text)):
            return bare
        return self._cut(bare.text, found) or bare

    def _cut(self, text: str, found: Sequence[str]) -> Node | None:
        """Split a word and return its parts, joined where they are a known tag; None if none of them is known."""
        together = Word(" ".join(found), quoted=True)
        if len(found) > 1 and self._literal(together):
            return together
        if _BETWEEN.search(text):
            return (Or if _EITHER.search(text) else And)(tuple(map(Word, found)))
        for cut in (found, [part for chunk in found for part in parts(chunk)]):
            words = [Word(each) for each in cut]
            known = [word for word in words if self._known(word)]
            if len(words) > 1 and known:
                kept = [word for word in words if word in known or len(word.text) > 1]
                return (Or if _EITHER.search(text) else And)(tuple(kept)) if len(kept) > 1 else kept[0]
        return None


def _is_simple(text: str) -> bool:
    """Return True for a word without punctuation or capitals inside, and without letters of another width."""
    return text.isalnum() and (text.islower() or text.istitle()) and (text.isascii() or not _WIDE.search(text))


def _trimmed(text: str, found: Sequence[str]) -> str:
    """Return a word without the punctuation around its letters."""
    start, end = text.find(found[0]), text.rfind(found[-1])
    return text[start : end + len(found[-1])] if start >= 0 and end >= 0 else " ".join(found)
