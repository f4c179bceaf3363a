"""CNN-RNN: sequences and beams by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.plugins.cnn_rnn.beam import Beams, State, beam_search
from imsearch.plugins.cnn_rnn.head import SequenceHead, Shape
from imsearch.plugins.cnn_rnn.network import chosen_layers
from imsearch.plugins.cnn_rnn.sequences import backwards, priorities, to_lesson, to_sequences, told_before

LABELS = ("boat", "sky", "ant", "tree")
FREQUENCY = np.array([0.1, 0.5, 0.1, 0.3])


def first_words(order: str) -> list[str]:
    return [LABELS[column] for column in np.argsort(priorities(order, FREQUENCY, LABELS))]


def test_orders() -> None:
    assert first_words("rare") == ["ant", "boat", "tree", "sky"]  # of one frequency: by the alphabet
    assert first_words("frequent") == ["sky", "tree", "ant", "boat"]
    assert first_words("dictionary") == ["ant", "boat", "sky", "tree"]
    with pytest.raises(ModelError, match=r"no label order 'longest'; choose one of rare, frequent, dictionary"):
        priorities("longest", FREQUENCY, LABELS)


def test_sets_become_sequences() -> None:
    positive = np.array([[True, True, False, True], [False] * 4, [False, False, True, False]])
    rare = to_sequences(positive, priorities("rare", FREQUENCY, LABELS))
    assert rare.tolist() == [[0, 3, 1], [-1, -1, -1], [2, -1, -1]]
    assert backwards(rare).tolist() == [[1, 3, 0], [-1, -1, -1], [2, -1, -1]]
    shuffles = {
        tuple(to_sequences(positive, np.zeros(4), np.random.default_rng(seed))[0].tolist()) for seed in range(40)
    }
    assert shuffles == set(itertools.permutations((0, 1, 3)))


def test_what_is_read_and_what_is_answered() -> None:
    read, answer = to_lesson(torch.tensor([[2, 0], [1, -1]]), start=torch.tensor([5, 6]), stop=4)
    assert read.tolist() == [[5, 2, 0], [6, 1, 4]]
    assert answer.tolist() == [[2, 0, 4], [1, 4, -1]]
    assert told_before(read, 4)[0].nonzero().tolist() == [[1, 2], [2, 0], [2, 2]]


class Chain:
    """A made-up model: the next label depends on the one told last.  Row: last told, the last row at the start."""

    def __init__(self, labels: int, seed: int) -> None:
        self.labels = labels
        self.table = torch.randn(labels + 1, labels + 1, generator=torch.Generator().manual_seed(seed)) * 1.5

    def step(self, last: Tensor, state: State) -> tuple[Tensor, State]:
        return self.table[last], state  # NONE, that is -1, is the last row

    def all_sequences(self, longest: int) -> Iterator[tuple[tuple[int, ...], float]]:
        """Every sequence and its probability, by plain arithmetic."""
        for length in range(longest + 1):
            for labels in itertools.permutations(range(self.labels), length):
                probability = 1.0
                for place, word in enumerate((*labels, self.labels)):
                    logits = self.table[labels[place - 1] if place else -1].clone()
                    logits[list(labels[:place])] = -torch.inf
                    if place == longest:
                        logits[: self.labels] = -torch.inf
                    probability *= float(logits.softmax(dim=0)[word])
                yield labels, probability

    def search(self, width: int, longest: int) -> Beams:
        return beam_search(self.step, (torch.zeros(2, width, 1),), width, self.labels, longest)


def told(beams: Beams, beam: int) -> tuple[int, ...]:
    return tuple(word for word in beams.sequences[1, beam].tolist() if word >= 0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("longest", [2, 4])
def test_wide_beams_find_what_brute_force_finds(seed: int, longest: int) -> None:
    chain = Chain(4, seed)
    best = sorted(chain.all_sequences(longest), key=lambda pair: -pair[1])
    assert sum(probability for _, probability in best) == pytest.approx(1)
    beams = chain.search(len(best), longest)
    assert [told(beams, beam) for beam in range(6)] == [labels for labels, _ in best[:6]]
    assert beams.totals[0].exp().tolist() == pytest.approx([probability for _, probability in best], abs=1e-6)


def test_a_beam_of_one_is_greedy() -> None:
    chain = Chain(5, 7)
    labels: list[int] = []
    while True:
        logits = chain.table[labels[-1] if labels else -1].clone()
        logits[labels] = -torch.inf
        if (word := int(logits.argmax())) == 5:
            break
        labels.append(word)
    assert told(chain.search(1, 5), 0) == tuple(labels)


def test_the_probability_of_a_word_along_the_beams() -> None:
    """Two labels, at most one told: the start says .6 a, .3 b, .1 stop; then only the stop is left."""
    table = torch.tensor([[0.6, 0.3, 0.1]]).log()
    beams = beam_search(lambda last, state: (table[torch.zeros_like(last)], state), (torch.zeros(1, 3, 1),), 3, 2, 1)
    assert beams.totals.exp().tolist() == [pytest.approx([0.6, 0.3, 0.1])]
    assert beams.probabilities().tolist() == [pytest.approx([0.6, 0.3])]
    # With two to tell: after a comes b with .3/.4 = .75; after b comes a with .6/.7.  Along "a b" b is missed with
    # probability (1 - .3) * (1 - .75), along "b a" a with (1 - .6) * (1 - 6/7).
    beams = beam_search(lambda last, state: (table[torch.zeros_like(last)], state), (torch.zeros(1, 8, 1),), 8, 2, 2)
    share = {"ab": 0.45, "ba": 0.3 * 6 / 7, "a": 0.15, "b": 0.3 / 7, "": 0.1}
    assert sum(share.values()) == pytest.approx(1)
    a = 1 - (share["ab"] * 0.4 + share["a"] * 0.4 + (share["ba"] + share["b"]) * 0.4 / 7 + share[""] * 0.4)
    b = 1 - ((share["ab"] + share["a"]) * 0.7 * 0.25 + (share["ba"] + share["b"] + share[""]) * 0.7)
    assert beams.probabilities().tolist() == [pytest.approx([a, b])]


HEADS = {"one": ("a", "b", "c"), "two": ("d", "e")}
SHAPE = Shape({"one": 3, "two": 2}, hidden=6, embedding=5, beams=20)


def make_head(shape: Shape = SHAPE) -> tuple[SequenceHead, Tensor]:
    torch.manual_seed(0)
    head = SequenceHead(4, HEADS, shape).eval()
    torch.nn.init.normal_(head.symbols.bias)
    return head, torch.randn(3, 4)


def test_what_teaching_and_searching_call_the_probability_is_the_same() -> None:
    head, features = make_head()
    with torch.inference_mode():
        seen = head.seen(features, head.linear(features))
        for direction, beams in enumerate(head.search(seen, "two")):
            sequences = torch.where(beams.sequences == -1, -1, beams.sequences + 3)
            for beam in range(5):  # nothing, d, e, d e, e d
                decoder = head.decoders[direction]
                logs = decoder.log_probability(head.symbols, seen, sequences[:, beam], torch.ones(3, dtype=torch.long))  # type: ignore[operator]
                assert logs.tolist() == pytest.approx(beams.totals[:, beam].tolist(), abs=1e-5)
            assert beams.totals[:, :5].exp().sum(dim=1).tolist() == pytest.approx([1, 1, 1])
            assert bool(beams.totals[:, 5:].isneginf().all())


def test_both_directions_choose_the_set_they_agree_on() -> None:
    head, features = make_head()
    with torch.inference_mode():
        seen = head.seen(features, head.linear(features))
        forward, backward = head.search(seen, "two")
        for picture in range(3):
            sums: dict[tuple[int, ...], float] = {}
            for beams, way in ((forward, 1), (backward, -1)):
                for row, total in zip(beams.sequences[picture, :5].tolist(), beams.totals[picture], strict=False):
                    labels = tuple(word for word in row if word >= 0)[::way]
                    sums[labels] = sums.get(labels, 0.0) + float(total)
            best = max(sums, key=lambda labels: sums[labels])
            marks = head.best_set(seen, "two")[picture]
            assert set(marks.nonzero().flatten().tolist()) == set(best)


def test_a_picture_does_not_teach_the_labels_of_another_head() -> None:
    head, features = make_head()
    sequences, heads = torch.tensor([[3, -1], [4, 3], [-1, -1]]), torch.ones(3, dtype=torch.long)
    head.teach(features, sequences, heads)[1].backward()  # type: ignore[no-untyped-call]
    assert head.symbols.bias.grad is not None and head.symbols.embedding.weight.grad is not None
    assert head.symbols.bias.grad[:3].tolist() == [0, 0, 0]
    assert bool((head.symbols.bias.grad[3:] != 0).all())
    # Symbols: a, b, c, d, e, stop, the start of "one", the start of "two".
    learned = head.symbols.embedding.weight.grad.abs().sum(dim=1) > 0
    assert learned.tolist() == [False, False, False, True, True, True, False, True]


def test_the_learned_order_is_the_one_the_decoder_is_surest_of() -> None:
    head, features = make_head(replace(SHAPE, order="learned", both=False))
    sequences, heads = torch.tensor([[0, 1, 2], [2, 1, -1], [1, -1, -1]]), torch.zeros(3, dtype=torch.long)
    with torch.inference_mode():
        seen = head.seen(features, head.linear(features))
        ordered = head._decoder(0).surest_first(head.symbols, seen, sequences, heads)
        assert [set(row.tolist()) for row in ordered] == [{0, 1, 2}, {1, 2, -1}, {1, -1}]
        first = head.search(seen, "one", 1)[0]
        logits, _ = head._decoder(0).logits(head.symbols, torch.full((3, 1), 6), head._decoder(0).begin(seen))
        assert int(ordered[0, 0]) == int(logits[0, 0, :3].argmax())
        assert int(ordered[1, 0]) == 1 + int(logits[1, 0, 2] > logits[1, 0, 1])
    assert len(first.sequences) == 3


def test_layers_are_chosen_by_name() -> None:
    assert chosen_layers("5+head") == ("5", "head")
    with pytest.raises(ModelError, match=r"Features cannot be taken from '9'; choose of 5, 6, 7, head"):
        chosen_layers("head+9")
