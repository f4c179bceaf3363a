"""Sentences that no picture of the tests shows: which English words they become."""

from __future__ import annotations

from functools import cache

import pytest

from imsearch.engine.query.grammar import parse
from imsearch.engine.query.tree import And, Node, Word
from imsearch.engine.words.fillers import FILLERS
from imsearch.engine.words.languages import Translator
from imsearch.languages.lexicon import Lexicon
from imsearch.library.languages import choose_languages


@cache
def translator(code: str) -> Translator:
    lexicon = Lexicon.load()
    return Translator(choose_languages([code], {}), lexicon, frozenset(lexicon.tags).__contains__)


def words(node: Node) -> str:
    """A tree of words side by side, as a text; what links times in English ("in", "since") says nothing elsewhere."""
    if isinstance(node, And):
        return " ".join(filter(None, map(words, node.items)))
    assert isinstance(node, Word)
    return "" if node.text in FILLERS else node.text


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("Nueva York de noche", "new york night"),
        ("el verano pasado en la playa", "last summer beach"),
        ("roma la semana pasada", "rome last week"),
        ("hace tres días", "three days ago"),
        ("nadie en la playa", "nobody beach"),
        ("hombre que hace surf", "man hace surfing"),
        ("las últimas dos semanas", "past two weeks"),
        ("nosotros en México", "nosotros mexico"),
        ("un grupo de tres perros camina por la nieve", "group three dog walking snow"),
        ("una niña con un vestido rosa juega con un aro", "girl pink dress playing hoop"),
        ("hombre con camiseta verde salta una rampa con su monopatín", "man green t-shirt jumping ramp skateboard"),
        ("un perro blanco y negro corre por la arena", "dog black and white running sand"),
        ("capturas de pantalla", "screenshot"),
        ("perros sin etiquetas", "dog untagged"),
        ("5 estrellas", "5 stars"),
        ("rosas", "rose"),
        ("flores rosas", "pink flower"),
    ],
)
def test_spanish(question: str, english: str) -> None:
    assert words(translator("es").translate(parse(question).tree)) == english


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("去年夏天在海边拍的照片", "last summer beach"),
        ("上海", "shanghai"),
        ("海上", "sea"),
        ("日本的樱花", "japan blossom"),
        ("臺北夜景", "taipei night"),
        ("三天前", "three days ago"),
        ("上个月", "last month"),
        ("上周末的照片", "last weekend"),
        ("红T恤的男孩", "red t-shirt boy"),
        ("三个孩子在公园里踢足球", "three child park soccer"),
        ("戴帽子的男人在钓鱼", "wearing hat man fishing"),
        ("狗在草地上追玩具", "dog grass chasing toy"),
        ("一群人", "crowd"),
        ("红绿灯", "traffic light"),
        ("兩隻貓睡在沙發上", "two cat sleeping couch"),
        ("手机截图", "screenshot"),
        ("没有标签的照片", "untagged"),
        ("五星照片", "5 stars"),
        ("2024 年 12 月", "2024 december"),
    ],
)
def test_chinese(question: str, english: str) -> None:
    assert words(translator("zh").translate(parse(question).tree)) == english
