"""Make imsearch/data/lexicon.json from the hand-made tables beside this file and WordNet's dictionary files.

    python scripts/build_lexicon.py [--wordnet /usr/share/wordnet] [--output imsearch/data/lexicon.json]

The tables name the tags, choose their synonyms and the kinds worth having; WordNet (Debian: ``wordnet-base``) says
which of those kinds lie above a tag, and gives the irregular word forms.  The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
TABLES = HERE / "lexicon"
OUTPUT = HERE.parent / "imsearch" / "data" / "lexicon.json"
WORDNET = Path("/usr/share/wordnet")
FORMAT = 2

_LINE = re.compile(
    r"(?:(?P<wnid>n\d{8}) )?(?P<name>[^!@<~=]+?)(?P<hidden> !)?(?P<senses>(?: @\S+)*)"
    r"(?: (?P<how><<?)(?: (?P<kinds>[^=~]+?))?)?(?: ~ (?P<related>[^=]+?))?(?: = (?P<synonyms>[^=<~@]+))?$"
)


class TableError(Exception):
    """A table contradicts itself, another table or WordNet."""


@dataclass
class Word:
    """One name with everything the tables say about it, before WordNet is asked."""

    name: str
    hidden: bool = False
    senses: list[str] = field(default_factory=list)
    synsets: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    only_kinds: bool = False
    related: list[str] = field(default_factory=list)
    synonyms: list[str] = field(default_factory=list)


class WordNet:
    """The few questions asked of WordNet 3.0's noun files; a synset is its byte offset in ``data.noun``."""

    def __init__(self, folder: Path) -> None:
        self._data = (folder / "data.noun").read_bytes()
        self._index: dict[str, list[int]] = {}
        for line in (folder / "index.noun").read_text(encoding="ascii").splitlines():
            if not line.startswith(" "):
                lemma, _, count, *rest = line.split()
                self._index[lemma] = [int(offset) for offset in rest[-int(count) :]]
        self._nouns = _exceptions(folder / "noun.exc")
        self._verbs = _exceptions(folder / "verb.exc")

    def synset(self, sense: str) -> int:
        """The synset of ``lemma.N``, N counting from 1 as WordNet orders the senses."""
        lemma, _, number = sense.rpartition(".")
        try:
            return self._index[lemma][int(number) - 1]
        except (KeyError, IndexError, ValueError) as error:
            raise TableError(f"WordNet has no sense {sense}") from error

    def above(self, synset: int) -> list[int]:
        """Its direct hypernyms."""
        fields = self._data[synset : self._data.index(b"|", synset)].decode("ascii").split()
        pointers = fields[4 + 2 * int(fields[3], 16) :]
        return [int(pointers[i + 1]) for i in range(1, len(pointers), 4) if pointers[i] in ("@", "@i")]

    def irregular(self, nouns: set[str], verbs: list[str]) -> dict[str, list[str]]:
        """Word form -> base forms: the irregular forms of the nouns, all forms of the verbs."""
        found: dict[str, list[str]] = {}
        for form, bases in self._nouns:
            for base in bases:
                if base in nouns and base != form:
                    found.setdefault(form, []).append(base)
        for verb in verbs:
            known = [form for form, bases in self._verbs if verb in bases]
            for form in known + [form for form in regular_forms(verb, known) if form != verb]:
                found.setdefault(form, []).append(verb)
        return {form: list(dict.fromkeys(bases)) for form, bases in sorted(found.items())}


def _exceptions(path: Path) -> list[tuple[str, list[str]]]:
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [(form, bases) for form, *bases in lines if "_" not in form]


def regular_forms(verb: str, irregular: list[str]) -> list[str]:
    """The -s, -ing and -ed forms of a verb, without those that `irregular` has otherwise."""
    stem = verb.removesuffix("e")
    consonant_y = verb.endswith("y") and verb[-2] not in "aeiou"
    forms = [verb[:-1] + "ies" if consonant_y else verb + ("es" if verb.endswith(("s", "sh", "ch", "x")) else "s")]
    if not any(form.endswith("ing") for form in irregular):
        forms.append(stem + "ing")
    if all(form.endswith("ing") for form in irregular):
        forms.append(verb[:-1] + "ied" if consonant_y else stem + "ed")
    return forms


def read_table(path: Path) -> Iterator[Word]:
    """The words of one table, in order."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise TableError(f"{path.name}:{number}: cannot be read: {text}")
        yield Word(
            name=match["name"],
            hidden=match["hidden"] is not None,
            senses=[sense.removeprefix("@") for sense in match["senses"].split()],
            synsets=[int(match["wnid"][1:])] if match["wnid"] else [],
            kinds=_listed(match["kinds"]),
            only_kinds=match["how"] == "<<",
            related=_listed(match["related"]),
            synonyms=_listed(match["synonyms"]),
        )


def _listed(text: str | None) -> list[str]:
    return [item.strip() for item in text.split(",")] if text else []


def gather(tables: Path, wordnet: WordNet) -> tuple[dict[str, Word], list[tuple[int, str]]]:
    """All words by name, lines of one name merged; and ImageNet's (WordNet id, tag) in class order."""
    words: dict[str, Word] = {}
    classes = list(read_table(tables / "imagenet.txt"))
    for word in (*read_table(tables / "words.txt"), *classes):
        word.synsets += [wordnet.synset(sense) for sense in word.senses]
        known = words.setdefault(word.name, word)
        if known is not word:
            known.hidden |= word.hidden
            known.only_kinds |= word.only_kinds
            known.synsets = list(dict.fromkeys(known.synsets + word.synsets))
            known.kinds = list(dict.fromkeys(known.kinds + word.kinds))
            known.related = list(dict.fromkeys(known.related + word.related))
            known.synonyms = list(dict.fromkeys(known.synonyms + word.synonyms))
    return words, [(word.synsets[0], word.name) for word in classes]


def kinds_above(words: dict[str, Word], wordnet: WordNet) -> dict[str, list[str]]:
    """Every name -> the names above it, nearest first.

    Above it are the tables' own kinds and the named synsets on WordNet's way up, and whatever is above those.
    """
    named: dict[int, str] = {}
    for word in words.values():
        for synset in word.synsets:
            named.setdefault(synset, word.name)

    def direct(word: Word) -> list[str]:
        found: list[str] = []
        queue = [] if word.only_kinds else [above for synset in word.synsets for above in wordnet.above(synset)]
        for synset in queue:
            name = named.get(synset)
            if name is None or name == word.name:
                queue += [above for above in wordnet.above(synset) if above not in queue]
            elif name not in found:
                found.append(name)
        # What the tables add to WordNet is broad ("wildlife", "pet"), so it comes after.
        found += [kind for kind in word.kinds if kind not in found]
        return found

    near = {name: direct(word) for name, word in words.items()}
    missing = {kind for word in words.values() for kind in (*near[word.name], *word.related)} - set(words)
    if missing:
        raise TableError(f"Kinds without a line of their own: {', '.join(sorted(missing))}")
    closure = {}
    for name in words:
        reached = [name]
        for at in reached:
            reached += [kind for kind in near[at] if kind not in reached]
        closure[name] = reached[1:]
    return closure


def read_labels(tables: Path, classes: list[tuple[int, str]]) -> dict[str, dict[str, str]]:
    """Head -> raw label -> tag; ImageNet's labels are WordNet ids."""
    with (tables / "labels.toml").open("rb") as file:
        labels: dict[str, dict[str, str]] = tomllib.load(file)
    return {**labels, "imagenet": {f"n{synset:08}": name for synset, name in classes}}


def build(tables: Path, wordnet_folder: Path) -> str:
    """The text of the lexicon file; `TableError` when the tables contradict each other."""
    wordnet = WordNet(wordnet_folder)
    words, classes = gather(tables, wordnet)
    labels = read_labels(tables, classes)
    tags = dict.fromkeys(tag for by_label in labels.values() for tag in by_label.values())
    missing = [tag for tag in tags if tag not in words]
    if missing:
        raise TableError(f"Tags of labels without a line in a table: {', '.join(missing)}")
    kinds = kinds_above(words, wordnet)
    above_tags = {kind for tag in tags for kind in (*kinds[tag], *words[tag].related)}
    unused = [name for name in words if name not in tags and name not in above_tags]
    if unused:
        raise TableError(f"Neither tags nor above any tag: {', '.join(unused)}")
    # Synonyms that are names of their own would make one spelling mean two things; the name wins.
    entries = {
        name: [
            [synonym for synonym in word.synonyms if synonym not in words],
            kinds[name],
            # Not followed further: a dog's leash is found by "dog", but it is no animal.
            [near for near in word.related if near not in kinds[name]],
        ]
        for name, word in words.items()
    }
    spellings = {part for name, word in words.items() for text in (name, *word.synonyms) for part in _last_words(text)}
    data = {
        "format": FORMAT,
        "tags": {name: entry for name, entry in entries.items() if name in tags},
        "kinds": {name: entry for name, entry in entries.items() if name not in tags},
        "hidden": [name for name in tags if words[name].hidden],
        "irregular": wordnet.irregular(spellings, (tables / "verbs.txt").read_text(encoding="utf-8").split()),
        "labels": labels,
    }
    return to_text(data)


def _last_words(text: str) -> Iterable[str]:
    return {text, text.rpartition(" ")[2]}


def to_text(data: dict[str, object]) -> str:
    """Compact JSON with one entry a line, so that changes can be read."""
    parts = []
    for key, value in data.items():
        if isinstance(value, dict):
            rows = ",\n".join(f"{_json(name)}:{_json(entry)}" for name, entry in value.items())
            parts.append(f"{_json(key)}:{{\n{rows}\n}}")
        else:
            parts.append(f"{_json(key)}:{_json(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    """Write the file; 2 when a table or WordNet cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--wordnet", type=Path, default=WORDNET)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    try:
        text = build(TABLES, arguments.wordnet)
    except (TableError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
