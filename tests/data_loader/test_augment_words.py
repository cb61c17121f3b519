"""Augmentation by words: words told apart by their gaps, crops of whole words, words that move."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from data_loader.augment_words import words_of_strokes
from data_loader.transform import Transform
from ink.geometry import baseline, stroke_bounds, x_height
from tests.data_loader.test_augment import LINE, augmented


def words_of_many(count: int = 4):
    """Lines whose words are known: short lines joined; with the number of points of each word."""
    texts = ["the", "pen", "writes", "what", "was", "never", "written", "before"]
    pieces = [replace(line, text=texts[n % 8]) for n, line in enumerate(ROUND_WORDS)]
    for first in range(0, len(pieces) - count, 3):
        chosen = [replace(piece, writer="w", split="s") for piece in pieces[first : first + count]]
        (line,) = Transform(join_words=1000).lines(chosen)
        yield line, [len(piece.points) for piece in chosen]


def word(letters: int, lift: int):
    """A made-up word: loops a letter, pen lifted after every `lift` letters, a dot over the first one set last."""
    t = np.arange(24) / 24 * 2 * np.pi
    ink = []
    for n in range(letters):
        loop = np.column_stack([10 * n + 5 - 5 * np.cos(t), 10 * np.sin(t), np.zeros(24)])
        loop[-1, 2] = (n + 1) % lift == 0 or n == letters - 1
        ink.append(loop)
    return np.concatenate([*ink, [[5, -18, 0], [6, -18, 1]]]).astype(np.float32)


SIZES = [3, 3, 6, 4, 3, 5, 7, 6]
ROUND_WORDS = [replace(LINE, id=str(n), points=word(SIZES[n % 8], 1 + n % 3), text="x", times=None) for n in range(40)]


def test_words_are_separated_as_the_truth_has_them() -> None:
    for line, sizes in words_of_many():
        words_found = words_of_strokes(line.points, line.text.split(" "))
        first, last = stroke_bounds(line.points)
        assert words_found is not None
        np.testing.assert_array_equal(np.repeat(words_found, last - first + 1), np.repeat(np.arange(4), sizes))


def test_a_crop_is_a_run_of_whole_words_with_their_own_ink() -> None:
    counts = set()
    for line, sizes in words_of_many():
        words, ends = line.text.split(" "), np.cumsum([0, *sizes])
        runs = {" ".join(words[i:j]): (i, j) for i in range(4) for j in range(i + 1, 5)}
        for seed in range(20):
            points, text = augmented(seed, line, crop_words=(1.0, 0.4))
            i, j = runs[text]
            np.testing.assert_array_equal(points, line.points[ends[i] : ends[j]])
            assert len(text) >= 0.4 * len(line.text)
            counts.add((i, j))
    assert counts >= {(0, 2), (1, 3), (2, 4), (0, 3), (1, 4), (0, 4)}


def test_crops_come_as_often_as_set() -> None:
    line, _ = next(words_of_many())
    cut = [augmented(seed, line, crop_words=(0.3, 0.1))[1] != line.text for seed in range(400)]
    assert 0.2 < np.mean(cut) < 0.32


def test_where_gaps_do_not_tell_the_words_nothing_is_cut() -> None:
    line, _ = next(words_of_many())
    words = line.text.split(" ")
    even = line.points.copy()
    even[:, 0] = np.arange(len(even))
    assert words_of_strokes(even, words) is None, "no gap is wider than another"
    assert words_of_strokes(line.points, [*words, "more"]) is None, "a word has no ink of its own"
    assert words_of_strokes(line.points, words[:-1]) is None, "there is ink of one more word"
    assert words_of_strokes(line.points, ["a", *words[1:-1], "disproportionately"]) is None, (
        "widths do not suit the words"
    )
    assert (
        words_of_strokes(line.points, ["the", "", "pen", "writes"]) is None
        and words_of_strokes(line.points, ["one"]) is None
    )
    narrow = line.points.copy()
    first, last = stroke_bounds(narrow)
    words_found = words_of_strokes(narrow, words)
    narrow[:, 0] -= np.repeat(words_found, last - first + 1) * 1.4 * x_height(line.points)
    assert words_of_strokes(narrow, words) is None, "words all but touch"


@pytest.mark.parametrize(("inner", "known"), [(6, True), (7, False)])
def test_gaps_between_words_must_be_much_wider_than_those_within(inner: int, known: bool) -> None:
    lefts = np.cumsum([0, 10 + inner, 10 + 10, 10 + inner])
    points = np.concatenate([word(1, 1)[:24] + np.float32([left, 0, 0]) for left in lefts])
    words_found = words_of_strokes(points, ["ab", "cd"])
    assert words_found is None if not known else words_found.tolist() == [0, 0, 1, 1]


def test_a_crop_is_never_a_single_point() -> None:
    dots = replace(LINE, points=np.array([[0, 0, 1], [90, 0, 1]], np.float32), text="a b")
    for seed in range(20):
        points, text = augmented(seed, dots, crop_words=(1.0, 0.0))
        assert len(points) == 2 and text == "a b"


def test_words_change_size_height_and_distance_within_bounds() -> None:
    line, sizes = next(words_of_many())
    ends = np.cumsum([0, *sizes])
    base, unit = baseline(line.points), x_height(line.points)
    factors, heights, gaps = [], [], []
    for seed in range(200):
        points, _ = augmented(seed, line, words=0.2)
        rights = lefts = None
        for i, j in pairwise(ends):
            before, after = line.points[i:j, :2].astype(float), points[i:j, :2].astype(float)
            factor = np.ptp(after[:, 0]) / np.ptp(before[:, 0])
            height = (after[0, 1] - base) - factor * (before[0, 1] - base)
            moved = (before - [before[:, 0].min(), base]) * factor + [after[:, 0].min(), base + height]
            np.testing.assert_allclose(after, moved, atol=1e-3 * unit)
            if rights is not None:
                gaps.append((after[:, 0].min() - rights) / (before[:, 0].min() - lefts))
            rights, lefts = after[:, 0].max(), before[:, 0].max()
            factors.append(factor)
            heights.append(height / unit)
    for values, center in ((factors, 1), (heights, 0), (gaps, 1)):
        assert np.abs(np.array(values) - center).max() < 0.2001
        assert np.std(values) == pytest.approx(0.4 / np.sqrt(12), rel=0.1)
