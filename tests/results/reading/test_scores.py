"""Error rates, their intervals and what was taken for what, against closed forms and sums."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.reading.error_rates import character_edits
from results.reading.scores import ReadLine, confusion, grouped, interval, length_of, scores

TEXTS = st.text("ab c.,#", max_size=12)
LINES = st.lists(st.builds(ReadLine, st.just("x"), st.sampled_from("uvw"), TEXTS, TEXTS), min_size=1, max_size=8)


def line(true: str, read: str, writer: str = "w") -> ReadLine:
    return ReadLine("id", writer, true, read)


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        (
            [line("hello world", "hallo world"), line("abc", "")],
            {"n_lines": 2, "n_characters": 14, "n_words": 3, "cer": 4 / 14, "wer": 2 / 3},
        ),
        (
            [line("yes , he said", "yes, he said")],  # the rule is for both texts; "raw" is without it
            {"cer": 0, "wer": 0, "cer_raw": 1 / 13, "wer_raw": 2 / 4},
        ),
        ([line("", "abc"), line("abcde", "abcde")], {"cer": 3 / 5}),
        ([line("", "abc")], {"cer": 3}),
    ],
)
def test_rates_are_sums_of_edits_over_sums_of_sizes(lines: list[ReadLine], numbers: dict[str, float]) -> None:
    actual = scores(lines)
    assert {name: actual[name] for name in numbers} == pytest.approx(numbers)


def test_the_interval_is_that_of_a_binomial_and_the_same_each_time() -> None:
    edits = np.arange(2000) % 10 < 3
    low, high = interval(edits.astype(int), np.ones(2000, int))
    half = 1.96 * math.sqrt(0.3 * 0.7 / 2000)
    assert low == pytest.approx(0.3 - half, abs=0.1 * half) and high == pytest.approx(0.3 + half, abs=0.1 * half)
    assert interval(np.full(7, 2), np.full(7, 10)) == (0.2, 0.2), "of lines that are all alike"
    few = np.arange(9)
    assert interval(few, few + 1) == interval(few, few + 1) != interval(few, few + 1, seed=2)


def test_known_confusions() -> None:
    numbers = confusion([line("cat", "cut"), line("hat", "hut"), line("on", "oon"), line("it", "t")])
    pairs = [(row["true"], row["read"], row["count"], row["of"]) for row in numbers]
    assert pairs == [("a", "u", 2, 2), ("", "o", 1, 0), ("i", "", 1, 1)]


@settings(max_examples=60)
@given(LINES)
def test_sums_of_the_parts_are_the_whole(lines: list[ReadLine]) -> None:
    edits = sum(character_edits(row.read, row.true) for row in lines)
    characters = sum(len(row.true) for row in lines)
    assert sum(row["count"] for row in confusion(lines)) == edits
    for groups in (grouped(lines, lambda row: row.writer), grouped(lines, length_of)):
        assert sum(row["lines"] for row in groups.values()) == len(lines)
        assert sum(row["characters"] for row in groups.values()) == characters
        assert sum(row["edits"] for row in groups.values()) == edits
    numbers = scores(lines)
    for name in ("cer", "wer", "cer_raw", "wer_raw"):
        assert 0 <= numbers[f"{name}_low"] <= numbers[f"{name}_high"]
    json.dumps(numbers, allow_nan=False)


def test_by_writer_says_who_is_hard_to_read() -> None:
    numbers = scores([line("abcd", "abcd", "ann"), line("abcd", "ab", "bob"), line("ab", "ab", "")])["by_writer"]
    assert {name: row["cer"] for name, row in numbers.items()} == {"ann": 0, "bob": 0.5, "unknown": 0}


@pytest.mark.parametrize(
    ("size", "length"), [(0, "0"), (1, "1-10"), (10, "1-10"), (11, "11-20"), (60, "51-60"), (61, "61+"), (999, "61+")]
)
def test_lengths(size: int, length: str) -> None:
    assert length_of(line("x" * size, "")) == length


def test_only_the_most_frequent_confusions_are_listed() -> None:
    lines = [line("x", chr(0x4E00 + i)) for i in range(50)] + [line("x", "y")] * 2
    numbers = scores(lines)["confusion"]
    assert len(numbers) == 30 and numbers[0] == {"true": "x", "read": "y", "count": 2, "of": 52}
