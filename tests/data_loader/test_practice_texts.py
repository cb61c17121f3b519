"""Texts to practise on: of the characters that a network knows, all kinds, and a function of the random numbers."""

import numpy as np
import pytest

from data_loader.practice_texts import MAX_CHARS, PracticeTexts
from data_loader.prompts import PRINTABLE
from utils.errors import InputError

TEXTS = ["The quick brown fox", "jumps over the lazy dog, twice", 'he said "no" to Anna']


def some(characters: str, count: int = 1500) -> list[str]:
    rng = np.random.default_rng(3)
    texts = PracticeTexts(TEXTS, characters)
    return [texts.text(rng) for _ in range(count)]


def test_all_kinds_of_text_come_from_the_words_of_a_corpus() -> None:
    texts = some(PRINTABLE)
    assert texts == some(PRINTABLE)
    assert all(0 < len(text) <= MAX_CHARS and text == text.strip() for text in texts)
    assert any(text in TEXTS[0] and " " in text for text in texts), "a run of words"
    assert any(text.isupper() and text.replace(" ", "").isalpha() for text in texts)
    assert any(text.replace(" ", "").isdigit() for text in texts)
    assert {*"@&%$#*_[<~"} <= {*"".join(texts)}
    words = {word.lower() for text in texts for word in text.split() if word.isalpha() and len(word) > 4}
    assert words <= {word.strip(',"').lower() for text in TEXTS for word in text.split()}


def test_no_text_has_a_character_that_the_network_does_not_know() -> None:
    known = " abcdefghijklmnopqrstuvwxyz"
    assert {*"".join(some(known))} <= {*known}


def test_some_kinds_alone_can_be_practised() -> None:
    rng = np.random.default_rng(3)
    dates_and_numbers = PracticeTexts(TEXTS, PRINTABLE, ["dates", "numbers"])
    texts = [dates_and_numbers.text(rng) for _ in range(500)]
    assert all(any(map(str.isdigit, text)) for text in texts)


def test_texts_need_words() -> None:
    with pytest.raises(InputError, match="nothing to practise"):
        PracticeTexts(TEXTS, " 0123456789")
