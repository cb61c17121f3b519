"""Edits are the fewest; the rule for transcriptions does what it says, once and for all."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.metric import CharacterErrorRate, WordErrorRate
from model.reading.error_rates import character_edits, plain, word_edits
from model.reading.recognizer import Reading
from tests.model.small import lines


def fewest_edits(read: list[str] | str, true: list[str] | str) -> int:
    """Wagner and Fischer (1974), row by row."""
    row = list(range(len(true) + 1))
    for i, first in enumerate(read, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(true, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (first != other))
    return row[-1]


@given(st.text("ab c"), st.text("ab c"))
def test_edits_are_the_fewest(read, true):
    assert character_edits(read, true) == fewest_edits(read, true)
    assert word_edits(read, true) == fewest_edits(read.split(), true.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("he said , no .", "he said, no."),
        ("why ? ! ; well :", "why?!; well:"),
        ("( so ) it is", "(so) it is"),
        ("a  b   c ", "a b c"),
        ("&quot;a&quot; &amp; &apos;b&apos;", "\"a\" & 'b'"),
        ("&amp;quot;", "&quot;"),
        ("the # was # .", "the was."),
        ("#", ""),
        ("", ""),
        ("wo#rd", "wo rd"),
        ("don't - stop", "don't - stop"),
        ('" quoted "', '" quoted "'),
        ("3.50 a,b", "3.50 a,b"),
    ],
)
def test_the_rule_for_transcriptions(text, expected):
    assert plain(text) == expected


@given(st.text("ab .,()#'\""))
def test_the_rule_changes_nothing_twice_and_keeps_every_other_character(text):
    once = plain(text)
    assert plain(once) == once
    assert once.replace(" ", "") == text.replace("#", "").replace(" ", "")


ALPHABET = " #,abc"


def reading_of(*texts: str) -> Reading:
    nothing = torch.zeros(len(texts), 1, 1)
    read = [[ALPHABET.index(character) for character in text] for text in texts]
    return Reading(nothing, nothing[..., 0].bool(), None, None, None, 0.0, read)


def batch_of(*texts: str):
    batch = lines([2] * len(texts), [max(len(text), 1) for text in texts])
    for line, text in enumerate(texts):
        batch.text[line, : len(text)] = torch.tensor([ALPHABET.index(character) for character in text])
        batch.char_mask[line] = torch.arange(batch.text.shape[1]) < len(text)
    return batch


READ, TRUE = ("ab c", "c", "a ,b", ""), ("ab, # c", "", "a,b", "abc")


@pytest.mark.parametrize(
    ("metric", "raw", "edits", "size"),
    [
        (CharacterErrorRate, False, 1 + 1 + 0 + 3, 5 + 0 + 3 + 3),
        (CharacterErrorRate, True, 3 + 1 + 1 + 3, 7 + 0 + 3 + 3),
        (WordErrorRate, False, 1 + 1 + 0 + 1, 2 + 0 + 1 + 1),
        (WordErrorRate, True, 2 + 1 + 2 + 1, 3 + 0 + 1 + 1),
    ],
)
def test_error_rates_are_edits_by_true_lengths_of_all_lines(metric, raw, edits, size):
    total, count = metric(alphabet=ALPHABET, raw=raw)(reading_of(*READ), batch_of(*TRUE))
    assert (total.item(), count.item()) == (edits, size)
