"""The protocols on cases small enough to compute by hand."""

from __future__ import annotations

import numpy as np
import pytest

from imsearch.training import metrics as m

TRUTH = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 0]], dtype=bool)


def test_top_k_takes_the_earlier_of_equal_scores() -> None:
    chosen = m.top_k(np.array([[0.1, 0.9, 0.9, 0.2]]), 2)
    assert chosen.tolist() == [[False, True, True, False]]
    assert m.top_k(np.zeros((1, 4)), 1).tolist() == [[True, False, False, False]]


def test_word_scores_are_means_over_words_that_occur() -> None:
    chosen = np.array([[1, 0, 0, 1], [1, 1, 1, 0], [1, 0, 0, 0]], dtype=bool)
    scores = m.word_scores(TRUTH, chosen)
    # Words 0 to 2 occur. Precision 2/3, 0/1, 1/1; recall 2/2, 0/1, 1/2.
    assert scores.precision == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert scores.recall == pytest.approx((1 + 0 + 0.5) / 3)
    assert scores.f1 == pytest.approx(2 * (5 / 9) * 0.5 / (5 / 9 + 0.5))
    assert (scores.n_plus, scores.words) == (2, 3)


def test_a_word_never_predicted_has_precision_zero() -> None:
    scores = m.word_scores(TRUTH, np.zeros_like(TRUTH))
    assert (scores.precision, scores.recall, scores.f1, scores.n_plus) == (0, 0, 0, 0)


def test_five_words_gives_every_image_exactly_five() -> None:
    truth = np.zeros((2, 8), dtype=bool)
    truth[:, 0] = True
    scores = np.tile(np.arange(8.0)[::-1], (2, 1))
    assert m.top_k(scores, 5).sum(axis=1).tolist() == [5, 5]
    assert m.five_words(truth, scores) == m.WordScores(1.0, 1.0, 1.0, 1, 1)


def test_balancing_lifts_rare_words_and_keeps_the_order_of_images() -> None:
    probabilities = np.array([[0.6, 0.3], [0.5, 0.2]])
    frequency = np.array([0.5, 0.01])
    scores = m.balanced(probabilities, frequency, 1.0)
    assert scores[0, 0] == pytest.approx(np.log(0.6 / 0.4) - np.log(0.5))
    assert m.top_k(scores, 1).tolist() == [[False, True], [False, True]]
    assert (np.diff(scores, axis=0) < 0).all()
    assert m.top_k(m.balanced(probabilities, frequency, 0.0), 1).tolist() == [[True, False], [True, False]]


def test_overall_scores_pool_all_decisions() -> None:
    chosen = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0]], dtype=bool)
    scores = m.threshold_scores(TRUTH, chosen)
    assert scores.overall_precision == pytest.approx(3 / 4)
    assert scores.overall_recall == pytest.approx(3 / 5)
    assert scores.overall_f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35)


def test_average_precision_by_hand() -> None:
    truth = np.array([True, False, True, False])
    # Ranked by score the hits stand at 1 and 3.
    assert m.average_precision(truth, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx((1 + 2 / 3) / 2)
    assert m.ranked_average_precision(np.array([True, False]), total=4) == pytest.approx(0.25)
    assert np.isnan(m.average_precision(np.zeros(3, dtype=bool), np.arange(3.0)))


def test_eleven_point_average_precision_by_hand() -> None:
    truth = np.array([True, False, True, False])
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    # Precision 1 up to recall .5 (levels 0 to .5: six of them), 2/3 from there on (five levels).
    assert m.eleven_point_average_precision(truth, scores) == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)


def test_break_even_precision_stops_at_the_number_of_relevant() -> None:
    assert m.break_even_precision(np.array([True, False, True, True]), total=2) == 0.5
    assert m.break_even_precision(np.array([True]), total=2) == 0.5


def test_means_leave_out_words_and_images_without_a_true_pair() -> None:
    scores = np.array([[0.9, 0.1, 0.2, 0.0], [0.8, 0.2, 0.9, 0.0], [0.1, 0.3, 0.8, 0.0]])
    # Word 0: images 0, 1 lead: 1. Word 1: image 0 is last of three: 1/3. Word 2: images 1, 2 lead: 1.
    assert m.mean_average_precision(TRUTH, scores) == pytest.approx((1 + 1 / 3 + 1) / 3)
    # Image 0: words 0, 2, 1 -> hits at 1 and 3; image 1: words 2, 0 -> 1; image 2: word 2 -> 1.
    assert m.image_mean_average_precision(TRUTH, scores) == pytest.approx(((1 + 2 / 3) / 2 + 1 + 1) / 3)


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([0.95, 0.85, 0.85, 0.05])
    truth = np.array([True, True, False, False])
    # Bins .9 (|1 - .95|), .8 (2 x |.5 - .85|) and 0 (|0 - .05|).
    assert m.calibration_error(truth, probabilities) == pytest.approx((0.05 + 2 * 0.35 + 0.05) / 4)
    assert m.calibration_error(truth, probabilities, floor=0.9) == pytest.approx(0.05)


def test_mean_average_precision_agrees_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    truth, scores = random.random((50, 7)) < 0.3, random.random((50, 7))
    expected = sklearn.average_precision_score(truth, scores, average="macro")
    assert m.mean_average_precision(truth, scores) == pytest.approx(expected)


RANDOM = np.random.default_rng(0)
MANY, SCORES = RANDOM.random((60, 9)) < 0.3, RANDOM.random((60, 9))
CHOSEN = m.top_k(SCORES, 3)


@pytest.mark.parametrize("average", ["macro", "micro", "samples"])
def test_means_agree_with_scikit_learn(average: str) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    kept = MANY.any(axis=1)  # image means leave out images without a word
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(
        MANY[kept], CHOSEN[kept], average=average, zero_division=0
    )
    scores = m.threshold_scores(MANY[kept], CHOSEN[kept])
    ours = {
        "macro": (scores.per_word.precision, scores.per_word.recall),
        "micro": (scores.overall_precision, scores.overall_recall),
        "samples": (m.image_scores(MANY, CHOSEN).precision, m.image_scores(MANY, CHOSEN).recall),
    }[average]
    assert ours == pytest.approx((precision, recall))
    if average == "micro":  # there F1 has one meaning; scikit-learn's other two are means of F1
        assert scores.overall_f1 == pytest.approx(f1)


def test_mean_average_precision_over_images_agrees_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    expected = sklearn.label_ranking_average_precision_score(MANY[MANY.any(axis=1)], SCORES[MANY.any(axis=1)])
    assert m.image_mean_average_precision(MANY, SCORES) == pytest.approx(expected)


def test_calibration_error_agrees_with_scikit_learn_bins() -> None:
    sklearn = pytest.importorskip("sklearn.calibration")
    truth, probabilities = MANY.ravel(), SCORES.ravel()
    share, mean = sklearn.calibration_curve(truth, probabilities, n_bins=10)
    weight = np.histogram(probabilities, np.linspace(0, 1, 11))[0] / len(probabilities)
    assert m.calibration_error(truth, probabilities) == pytest.approx((np.abs(share - mean) * weight).sum())


def test_top_three_protocol_by_hand() -> None:
    truth = np.array([[1, 1, 0, 0], [0, 0, 0, 1]], dtype=bool)
    chosen = m.top_k(np.array([[0.9, 0.1, 0.8, 0.7], [0.4, 0.3, 0.2, 0.1]]), 3)
    scores = m.threshold_scores(truth, chosen)
    # Chosen: words 0, 2, 3 of image 0 and 0, 1, 2 of image 1; the one hit is word 0 of image 0.
    assert (scores.overall_precision, scores.overall_recall) == (1 / 6, 1 / 3)
    assert (scores.per_word.precision, scores.per_word.recall) == pytest.approx((0.5 / 3, 1 / 3))


def test_image_scores_by_hand() -> None:
    truth = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    chosen = np.array([[1, 0, 0], [1, 0, 1], [1, 1, 1]], dtype=bool)
    # Image 0: P 1/1, R 1/2; image 1: P 1/2, R 1/1; image 2 has no true word and does not count.
    scores = m.image_scores(truth, chosen)
    assert (scores.precision, scores.recall, scores.f1, scores.n_plus, scores.words) == (0.75, 0.75, 0.75, 2, 2)


def test_eleven_point_mean_is_over_words_that_occur() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    scores = np.array([[0.9, 0.1, 0], [0.8, 0.9, 0], [0.7, 0.2, 0], [0.1, 0.3, 1]])
    assert m.eleven_point_mean_average_precision(truth, scores) == pytest.approx(((6 + 5 * 2 / 3) / 11 + 1) / 2)
    assert np.isnan(m.eleven_point_mean_average_precision(truth[:, 2:], scores[:, 2:]))


def test_scores_at_predicted_counts_by_hand() -> None:
    truth = np.array([[1, 1, 0], [0, 0, 1], [0, 1, 1]], dtype=bool)
    scores = np.array([[0.9, 0.5, 0.6], [0.3, 0.3, 0.2], [0.1, 0.2, 0.3]])
    counts = np.array([1.4, 2.6, 0.0])
    chosen = m.top_counts(scores, counts)
    assert chosen.tolist() == [[True, False, False], [True, True, True], [False, False, False]]
    # Hits: word 0 of image 0, word 2 of image 1. Chosen 4, true 5.
    found = m.count_scores(truth, scores, counts)
    assert (found.overall_precision, found.overall_recall) == (0.5, 0.4)
    assert m.count_error(truth, counts) == pytest.approx((0.6 + 1.6 + 2) / 3)
    perfect = m.count_scores(truth, truth.astype(float), truth.sum(axis=1))
    assert (perfect.overall_f1, perfect.per_word.f1, m.count_error(truth, truth.sum(axis=1))) == (1, 1, 0)


def test_ties_in_a_count_go_to_the_earlier_word() -> None:
    assert m.top_counts(np.zeros((1, 3)), np.array([2])).tolist() == [[True, True, False]]
    assert m.top_counts(np.zeros((1, 3)), np.array([9])).all()


def test_micro_scores_by_hand() -> None:
    truth = np.array([[True, True, False], [False, True, False]])
    chosen = np.array([[True, False, True], [False, True, True]])
    assert m.micro_scores(truth, chosen) == pytest.approx((2 / 4, 2 / 3, 4 / 7))
    assert m.micro_scores(truth, np.zeros_like(truth)) == (0, 0, 0)
