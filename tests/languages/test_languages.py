"""Languages in general: how words are looked up and queries translated, and which languages are in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.engine.query.grammar import parse
from imsearch.engine.query.tree import And, Node, Not, Or, Required, Word
from imsearch.engine.words.languages import Translator
from imsearch.engine.words.resolved import All, Term, reasons
from imsearch.engine.words.resolving import resolve
from imsearch.engine.words.words import Words
from imsearch.errors import ImsearchError
from imsearch.languages.language import Language
from imsearch.languages.lexicon import Lexicon
from imsearch.languages.table import read_table
from imsearch.library.languages import choose_languages, shipped, system_languages
from imsearch.specs import LanguageSpec

TABLE = """
[language]
name = "Probe"
compounds = true
colours_after = true
[tags]
"dog" = ["Hund", "chien"]
"beach" = ["Strand", "plage", "海滩"]
"castle" = ["Schloss"]
"padlock" = ["Vorhängeschloss", "Schloss"]
"house" = ["Haus"]
"potato" = ["pomme de terre"]
"apple" = ["pomme"]
"boat" = ["Boot"]
"rose" = ["rose"]
"car" = ["voiture", "车"]
"tea" = ["thé"]
"person" = ["人"]
"mueller" = ["Müller"]
[words]
fillers = ["der", "am", "hat", "de", "la", "l'", "的", "上", "只"]
without = ["ohne", "没有"]
and = ["und"]
or = ["oder"]
linking = { in = ["im"], since = ["seit"] }
numbers = { two = ["zwei", "两"] }
colours = { red = ["rot", "rotes", "rouge", "红色"], pink = ["rose"] }
months = { december = ["Dezember"] }
times = { "last week" = ["letzte Woche"] }
[forms]
nouns = [["er", ""], ["en", ""], ["e", ""], ["s", ""]]
"""
ENGLISH = Lexicon(kinds=dict.fromkeys(("dog", "beach", "castle", "boot", "boat", "car", "red car", "hat", "rose"), ()))


@pytest.fixture
def language(tmp_path: Path) -> Language:
    path = tmp_path / "xx.toml"
    path.write_text(TABLE, encoding="utf-8")
    return Language("xx", path)


def told(node: Node) -> str:
    """A tree as a short text."""
    if isinstance(node, And | Or):
        return "(" + (" " if isinstance(node, And) else " | ").join(map(told, node.items)) + ")"
    if isinstance(node, Not | Required):
        return ("-" if isinstance(node, Not) else "+") + told(node.item)
    assert isinstance(node, Word)
    return node.text


@pytest.mark.parametrize(
    ("query", "translated"),
    [
        ("hund", "dog"),
        ("Hund am Strand", "(dog beach)"),
        ("Hunden", "dog"),
        ("Häuser", "house"),
        ("MÜLLER mueller muller", "(mueller mueller mueller)"),
        ("pommes de terre", "potato"),
        ("pommes la terre", "(apple terre)"),
        ("zwei hunde ohne strand", "(two dog without beach)"),
        ("hund und strand oder schloss", "((dog beach) | castle)"),
        ("letzte woche im dezember", "(last week in december)"),
        ("seit 2020 am strand", "(since 2020 beach)"),
        ("im", "im"),
        ("voiture rouge", "(red car)"),
        ("rouge", "red"),
        ("voiture rose", "(pink car)"),
        ("der rose", "rose"),
        ("rose rouge", "(red rose)"),
        ("l'hund de la plage", "(dog beach)"),
        ("海滩上的狗", "(beach 狗)"),
        ("没有人的海滩", "(without person beach)"),
        ("两只红色的车", "(two red car)"),
        ("strandhaus", "(beach house)"),
        ("-hund +strand", "(-dog +beach)"),
        ("(hund OR strand) schloss", "((dog | beach) castle)"),
        ("der am", "(der am)"),
        ("red car on the beach", "(red car on the beach)"),
        ("boot hat", "(boot hat)"),
        ("der boot am strand hat", "(boat beach)"),
        ("the boot and a hund", "(the boot a dog)"),
        ("the boot and a hund on the beach", "(the boot a hund on the beach)"),
        ("the the", "(the the)"),
        ("date:2023", None),
        ('"hund"', "hund"),
        ('"rotes voiture"', "red car"),
        ('"hund am strand"', "hund am strand"),
        ("tag:hund", "hund"),
        ("hun*", "hun"),
    ],
)
def test_translation(language: Language, query: str, translated: str | None) -> None:
    translator = Translator([language], ENGLISH, {"hat", "red car"}.__contains__)
    tree = parse(query).tree
    found = translator.translate(tree)
    assert found == tree if translated is None else told(found) == translated


def test_the_typed_word_is_kept_and_told(language: Language) -> None:
    words = Words(Lexicon(kinds={"dog": ()}, languages=[language]), ["dog"])
    query, unknown = resolve(words, words.translate(parse("hunde dezember").tree))
    assert query is not None
    assert reasons(query) == {"hunde": frozenset({"dog"})}
    assert unknown == ("dezember",)


def test_all_senses_of_a_word_count(language: Language) -> None:
    words = Words(Lexicon(kinds={"castle": (), "padlock": ()}, languages=[language]), ["castle", "padlock"])
    term = words.term(Word("schloss"))
    assert term is not None
    assert term.names == ("castle", "padlock")


def test_an_english_word_keeps_its_meaning_first_and_both_count(language: Language) -> None:
    words = Words(Lexicon(kinds={"boot": (), "boat": ()}, languages=[language]), ["boot", "boat"])

    def found(text: str) -> list[tuple[str, ...]]:
        query, _ = resolve(words, words.translate(parse(text).tree))
        terms = [query] if isinstance(query, Term) else query.items if isinstance(query, All) else []
        return [term.names for term in terms if isinstance(term, Term)]

    assert found("boot") == [("boot", "boat")]
    assert found("boot zwei") == [("boat", "boot")]
    assert found("the boot") == [("boot",)]


def test_written_words_count_as_they_were_typed(language: Language) -> None:
    words = Words(Lexicon(kinds={"dog": ()}, languages=[language]), ["dog"])
    written = {"hund", "海滩上的狗"}.__contains__
    query, _ = resolve(words, words.translate(parse("Hund").tree, written), written=written)
    assert query is not None
    assert reasons(query)["hund"] == {"dog", "\x1fhund"}
    whole, _ = resolve(words, words.translate(parse("海滩上的狗").tree, written), written=written)
    assert whole is not None
    assert "海滩上的狗" in reasons(whole)


def test_a_tag_of_the_users_own_is_found_by_the_english_word(language: Language) -> None:
    lexicon = Lexicon(kinds={"dog": ()}, languages=[language])
    assert lexicon.canonical("hund") is None, "what somebody calls hund keeps that name"
    term = Words(lexicon, ["dog", "hund"]).term(Word("dog"))
    assert term is not None
    assert term.names == ("dog", "hund")


def test_words_of_the_language_are_completed(language: Language) -> None:
    words = Words(Lexicon(kinds={"beach": ()}, languages=[language]), ["beach"])
    assert list(words.vocabulary.starting("stra")) == ["strand"]


@pytest.mark.parametrize(
    ("variables", "codes"),
    [
        ({"LANG": "de_DE.UTF-8"}, ("de",)),
        ({"LANG": "C.UTF-8"}, ()),
        ({"LANG": "POSIX", "LANGUAGE": "fr"}, ()),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_FR"}, ("fr",)),
        ({"LANG": "fr_FR", "LC_ALL": "zh_CN.UTF-8"}, ("zh",)),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de_AT:fr:en"}, ("de", "fr", "en")),
    ],
)
def test_the_language_of_the_system(variables: dict[str, str], codes: tuple[str, ...]) -> None:
    assert system_languages(variables)[: len(codes) or None] == codes


def test_choosing(tmp_path: Path) -> None:
    def codes(*wanted: str, **variables: str) -> list[str]:
        return [each.code for each in choose_languages(wanted, variables)]

    assert codes(LANG="de_AT.UTF-8") == ["de"]
    assert codes(LANG="tlh_QO.UTF-8") == [], "nobody offers it"
    assert codes("de-CH", "EN", LANG="fr_FR") == ["de"]
    assert codes("en", LANG="de_DE") == []
    own = tmp_path / "nds.toml"
    own.write_text(TABLE, encoding="utf-8")
    assert codes(str(own)) == ["nds"]
    with pytest.raises(ImsearchError, match=r"no language 'klingon'.*de"):
        codes("klingon")
    with pytest.raises(ImsearchError, match="no file"):
        codes(str(tmp_path / "none.toml"))


def test_plugins_are_asked_only_for_languages_that_are_not_there(tmp_path: Path) -> None:
    asked: list[str] = []

    def offered() -> list[LanguageSpec]:
        asked.append("asked")
        return [LanguageSpec("xx", tmp_path / "xx.toml"), LanguageSpec("de", tmp_path / "de.toml")]

    (german,) = choose_languages(["de"], {}, offered)
    assert german.path == shipped()["de"].path
    assert asked == []
    assert [each.code for each in choose_languages(["xx", "de"], {}, offered)] == ["xx", "de"]
    assert asked == ["asked"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tags", "cannot be read"),
        ("tags = 3", "must be a section"),
        ("[tags]\ndog = 'Hund'", "'dog' must be a list of words"),
        ("[tags]\ndog = ['']", "'dog' must be a list of words"),
        ("[words]\ncolours = ['rot']", "'colours' must hold a list"),
        ("[forms]\nnouns = ['en']", "list of pairs"),
    ],
)
def test_a_table_that_is_none(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ImsearchError, match=complaint) as told:
        read_table(path)
    assert str(path) in str(told.value)


def test_a_language_that_is_not_asked_for_is_not_read(tmp_path: Path) -> None:
    lexicon = Lexicon(kinds={"dog": ()}, languages=[Language("xx", tmp_path / "none.toml")])
    assert lexicon.canonical("dogs") == "dog"
