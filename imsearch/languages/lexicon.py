"""The vocabulary of queries: synonyms, kinds and word forms of tags.

A *name* is a word the lexicon knows under exactly this spelling: a *tag* (annotators return it) or a *kind* (a word
above tags, such as "animal", which may itself be a tag).  Every other spelling leads to one or several names through
synonyms and word forms: "automobile" and "cars" both stand for "car".

``scripts/build_lexicon.py`` generates the committed file; docs/lexicon.md documents its sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import ImsearchError
from imsearch.languages.letters import without_invisible

if TYPE_CHECKING:
    from imsearch.languages.language import Language

DATA = Path(__file__).parents[1] / "data" / "lexicon.json"
FORMAT = 2

# WordNet's rules of detachment for nouns: an ending and its possible replacements.  Verb forms are all listed in the
# file: as rules, "-ing" and "-ed" would derive a train from "training" and a star from "staring".
_ENDINGS = (
    ("men", "man"),
    ("ies", "y"),
    ("ves", "f"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("es", "e"),
    ("es", ""),
    ("s", ""),
)
_SHORTEST_STEM = 2
_JOINERS = str.maketrans("", "", " -'.")
_APOSTROPHES = str.maketrans("\u2018\u2019\u02bc", "'''")


class Lexicon:
    """Synonyms, kinds and word forms; immutable, with cheap lookups.

    synonyms: a spelling -> the name it stands for, or several names, the likeliest first.
    kinds: a name -> the names above it, nearest first.
    related: a name -> words that find it although they are not above it ("leash" -> "dog").
    tags: the names annotators return; by default every name mentioned.
    hidden: tags that are searched but never shown.
    irregular: a word -> its base forms where no rule gives them ("mice" -> "mouse", "ran" -> "run").
    labels: a head of the default annotator -> its raw labels -> tags, in the head's order.
    languages: languages whose words stand for names as well as the English ones.
    """

    def __init__(
        self,
        synonyms: Mapping[str, str | Sequence[str]] | None = None,
        kinds: Mapping[str, Sequence[str]] | None = None,
        *,
        tags: Iterable[str] | None = None,
        hidden: Iterable[str] = (),
        related: Mapping[str, Sequence[str]] | None = None,
        irregular: Mapping[str, Sequence[str]] | None = None,
        labels: Mapping[str, Mapping[str, str]] | None = None,
        languages: Sequence[Language] = (),
    ) -> None:
        self._kinds = {name: tuple(above) for name, above in (kinds or {}).items()}
        self._related = {name: tuple(words) for name, words in (related or {}).items()}
        self._synonyms = {
            word: (names,) if isinstance(names, str) else tuple(names) for word, names in (synonyms or {}).items()
        }
        self._names = dict.fromkeys(_mentioned({**self._related, **self._kinds}, self._synonyms))
        self.tags = tuple(self._names if tags is None else tags)
        self._names.update(dict.fromkeys(self.tags))
        self.hidden = frozenset(hidden)
        self._irregular = {word: tuple(bases) for word, bases in (irregular or {}).items()}
        self._irregular_forms: dict[str, list[str]] | None = None  # the inverse, built on first use
        self._labels = labels or {}
        self.languages = tuple(languages)
        # "hotdog", "hot-dog" and "hot dog" are the same word to a user: spellings without hyphens or spaces find the
        # same names.
        self._joined: dict[str, str] = {}
        for word in (*self._names, *self._synonyms):
            self._joined.setdefault(word.translate(_JOINERS), word)

    @classmethod
    def load(cls, path: Path | None = None, languages: Sequence[Language] = ()) -> Lexicon:
        """Load the committed lexicon, or the one in `path`; raises `ImsearchError` when the file cannot be used."""
        path = path or DATA
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise ImsearchError(f"The lexicon {path} has another format. Install imsearch again to repair it.")
            entries = {**data["tags"], **data["kinds"]}
            synonyms: dict[str, list[str]] = {}
            for name, (words, _, _) in entries.items():
                for word in words:
                    synonyms.setdefault(word, []).append(name)
            return cls(
                synonyms,
                {name: above for name, (_, above, _) in entries.items()},
                tags=data["tags"],
                hidden=data["hidden"],
                related={name: near for name, (_, _, near) in entries.items()},
                irregular=data["irregular"],
                labels=data["labels"],
                languages=languages,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ImsearchError(f"The lexicon {path} is damaged ({error}). Install imsearch again.") from error

    def normalize(self, text: str) -> str:
        """Return a text in lower case and composed Unicode, with plain apostrophes and single spaces, without invisible
        letters.

        Bytes of the command line that are not valid UTF-8 become question marks: no store could hold them.
        """
        text = text if text.isascii() else text.encode(errors="replace").decode()
        return " ".join(without_invisible(text).lower().translate(_APOSTROPHES).split())

    def forms(self, word: str) -> tuple[str, ...]:
        """Return the word itself, then its possible base forms; in a phrase, the last word varies.

        A superset: some candidates are not English words ("grass" -> "gras").
        """
        text = self.normalize(word)
        foreign = (form for language in self.languages for form in language.forms(text))
        return tuple(dict.fromkeys((*self._english_forms(text), *foreign)))

    def inflections(self, word: str) -> tuple[str, ...]:
        """Return the word itself, then its possible inflected forms; in a phrase, the last word varies.

        A superset like `forms`, and its inverse: "dog" -> "dogs", "doges" ...
        """
        text = self.normalize(word)
        first, space, last = text.rpartition(" ")
        if len(last) < _SHORTEST_STEM:
            return (text,)
        regular = (last.removesuffix(base) + ending for ending, base in _ENDINGS if last.endswith(base))
        varied = (
            *self._inflected(last),
            *regular,
            *(form for each in self.languages for form in each.inflections(last)),
        )
        return tuple(dict.fromkeys((text, *(first + space + form for form in varied))))

    def canonical(self, text: str) -> str | None:
        """Return the likeliest name an English word stands for, or None when it is unknown.

        Words of other languages are not looked up (`senses` and `expand` do that): a tag that a user adds as "hund"
        keeps
        that name.
        """
        senses = self._english_senses(text)
        return senses[0] if senses else None

    def senses(self, word: str) -> tuple[str, ...]:
        """Return all names a word can stand for, the likeliest first; empty when it is unknown.

        Names of the English word come first, then those from the other languages in use.
        """
        found = self._english_senses(word)
        if not self.languages:
            return found
        text, loose = self.normalize(word), not found
        foreign = (sense for language in self.languages for sense in language.senses(text, loose))
        return tuple(dict.fromkeys((*found, *foreign)))

    def _english_senses(self, word: str) -> tuple[str, ...]:
        for form in self._english_forms(self.normalize(word)):
            spelling = self._known_spelling(form)
            if spelling is not None:
                itself = (spelling,) if spelling in self._names else ()
                return tuple(dict.fromkeys(itself + self._synonyms.get(spelling, ())))
        return ()

    def expand(self, word: str) -> tuple[str, ...]:
        """Return the names to look up for a query word: the word's own name, or else all names it can stand for.

        "crane" gives the bird and the machine, "football" only football although soccer is called so too.  Names
        below a kind are not listed: every picture is indexed under the kinds of its tags.  Other languages apply only
        to
        words that are not English; `senses` returns all.
        """
        senses = self._english_senses(word) or self.senses(word)
        itself = self._known_spelling(self.normalize(word))
        return senses[:1] if itself in self._names else senses

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name and synonym, in the spelling of the lexicon."""
        return (*self._names, *self._synonyms, *(word for each in self.languages for word in each.spellings))

    def kinds(self, tag: str) -> tuple[str, ...]:
        """Return the names above a tag or kind, nearest first: "tabby cat" -> "cat", "pet", "feline", "animal" ..."""
        return self._kinds.get(tag, ())

    def related(self, tag: str) -> tuple[str, ...]:
        """Return names that should also find this one, though not above it: "leash" -> "dog"."""
        return self._related.get(tag, ())

    def is_phrase(self, words: Sequence[str]) -> bool:
        """Return True if consecutive words form one known spelling: ("traffic", "lights")."""
        return len(words) > 1 and bool(self.senses(" ".join(words)))

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that have `labels`."""
        return tuple(self._labels)

    def labels(self, head: str) -> dict[str, str]:
        """Return the raw label -> tag mapping of a head (`heads`), in the head's order.  Raises KeyError for others.

        ImageNet's raw labels are WordNet ids; the values, in order, are the tags by class index.
        """
        return dict(self._labels[head])

    def __contains__(self, name: str) -> bool:
        """Return True if this exact spelling is a tag or a kind."""
        return name in self._names

    def _english_forms(self, text: str) -> tuple[str, ...]:
        first, space, last = text.rpartition(" ")
        return tuple(dict.fromkeys((text, *(first + space + base for base in self._bases(last)))))

    def _inflected(self, base: str) -> Sequence[str]:
        if self._irregular_forms is None:
            self._irregular_forms = {}
            for form, bases in self._irregular.items():
                for each in bases:
                    self._irregular_forms.setdefault(each, []).append(form)
        return self._irregular_forms.get(base, ())

    def _known_spelling(self, form: str) -> str | None:
        if form in self._names or form in self._synonyms:
            return form
        return self._joined.get(form.translate(_JOINERS))

    def _bases(self, word: str) -> Iterator[str]:
        yield from self._irregular.get(word, ())
        for ending, instead in _ENDINGS:
            stem = word.removesuffix(ending)
            if stem != word and len(stem) >= _SHORTEST_STEM:
                yield stem + instead


def _mentioned(kinds: Mapping[str, Sequence[str]], synonyms: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, above in kinds.items():
        yield name
        yield from above
    for names in synonyms.values():
        yield from names
