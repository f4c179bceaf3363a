from __future__ import annotations

from imsearch.training.caption_protocol import CaptionScores, judge_captions


def test_shares_and_the_median_of_ranks() -> None:
    # Of five pictures one came first, three among the first five, four among the first ten.
    assert judge_captions([1, 5, 10, 2, 11]) == CaptionScores(5, 0.2, 0.6, 0.8, 5)
    assert judge_captions([4, 1]).median_rank == 2.5
