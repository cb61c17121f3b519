"""The likeliest path of a text through a CTC head's frames, against every path there is."""

from itertools import groupby, pairwise, product

import numpy as np
import pytest

from model.reading.ctc_alignment import ctc_alignment

BLANK = 2


def text_of(path: tuple[int, ...]) -> list[int]:
    return [label for label, _ in groupby(path) if label != BLANK]


def score(path: np.ndarray | tuple[int, ...], log_probs: np.ndarray) -> float:
    return float(log_probs[np.arange(len(log_probs)), list(path)].sum())


@pytest.mark.parametrize("text", [[], [0], [0, 1], [0, 0], [1, 1, 0], [0, 1, 0, 1]])
@pytest.mark.parametrize("num_frames", [4, 6])
def test_it_is_the_best_of_all_ways(text: list[int], num_frames: int) -> None:
    if len(text) + sum(shown == other for shown, other in pairwise(text)) > num_frames:
        return
    for seed in range(8):
        log_probs = np.log(np.random.default_rng(seed).dirichlet([0.5] * 3, num_frames))
        shown = ctc_alignment(log_probs, text)
        path = tuple(text[u] if u >= 0 else BLANK for u in shown)
        assert text_of(path) == text
        assert list(dict.fromkeys(shown[shown >= 0].tolist())) == list(range(len(text)))
        best = max(score(shown, log_probs) for shown in product(range(3), repeat=num_frames) if text_of(shown) == text)
        assert score(path, log_probs) == pytest.approx(best)


def test_too_few_frames_show_nothing() -> None:
    assert ctc_alignment(np.log(np.full((2, 3), 1 / 3)), [0, 0]).tolist() == [-1, -1]
