"""Prompts: every character, in its places, in few words, for any alphabet."""

import string
from collections import Counter

import numpy as np
import pytest

from data_loader import prompts
from data_loader.prompts import PRINTABLE, SENTENCES, choose_prompts, covering, fitted, places
from utils.errors import InputError

KNOWN = SENTENCES.read_text(encoding="utf-8").splitlines()


def test_the_list_is_of_short_sentences_each_once() -> None:
    assert 150 <= len(KNOWN) <= 250 and len(set(KNOWN)) == len(KNOWN)
    assert all(4 <= len(sentence.split(" ")) <= 8 and len(sentence) <= 42 for sentence in KNOWN)
    assert {*"".join(KNOWN)} == {*PRINTABLE}


@pytest.mark.parametrize("seed", range(1, 6))
def test_twenty_sentences_hold_letters_and_digits_twice_and_every_mark(seed: int) -> None:
    chosen = choose_prompts(20, seed=seed)
    counts = Counter("".join(chosen.sentences))
    assert len(chosen.sentences) == 20 and {*chosen.sentences} <= {*KNOWN} and chosen.made_up == ""
    assert min(counts[character] for character in string.ascii_letters + string.digits) >= 2
    assert {*PRINTABLE} == {*counts}
    assert sum(len(sentence.split()) for sentence in chosen.sentences) <= 130


def test_characters_come_in_their_places() -> None:
    counts = sum((places(sentence) for sentence in choose_prompts(20).sentences), Counter())

    def both(characters: str, first: str, second: str) -> int:
        return sum(counts[f"{character} {first}"] > 0 < counts[f"{character} {second}"] for character in characters)

    assert both(string.ascii_uppercase, "first", "in capitals") >= 16
    assert both(string.digits, "in a number", "in a date") >= 9
    assert all(counts[f"{mark} behind"] for mark in ".,;:?!)%") and counts['" before'] and counts["( before"]


def test_places_are_those_in_a_word() -> None:
    words = {
        "(Ann's": "( before, A first, n within, n within, ' within, s last",
        "VAT,": "V in capitals, A in capitals, T in capitals, , behind",
        "5!)": "5 in a number, ! behind, ) behind",
        "3/4:": "3 in a date, / within, 4 in a date, : behind",
        "$1.5": "$ before, 1 in a number, . within, 5 in a number",
        "&": "& before",
        "I": "I first",
    }
    for word, expected in words.items():
        in_place = expected.replace(", , ", ", COMMA ").split(", ")
        in_place = [name.replace("COMMA", ",") for name in in_place]
        assert places(word) == Counter([*word, *in_place]), word
    assert places(" ".join(words)) == sum((places(word) for word in words), Counter())


def test_the_chosen_add_most_and_the_most_useful_comes_first() -> None:
    assert covering(["ab", "ab cd", "efg"], 2, np.random.default_rng(1)) == ["ab cd", "efg"]
    twenty = choose_prompts(20).sentences
    assert choose_prompts(20).sentences == twenty != choose_prompts(20, seed=2).sentences
    assert sorted(choose_prompts(1000).sentences) == sorted(KNOWN)


def plain_worth(sentences: list[str]) -> float:
    counts = sum((places(sentence) for sentence in sentences), Counter())
    total = -prompts.PRICE * sum(len(sentence.split()) for sentence in sentences)
    for name, count in counts.items():
        is_rare, is_place = name[0] in prompts.RARE_SIGNS, len(name) > 1
        worth = prompts.WORTH[min(count, 1 if is_rare else 5)]
        total += worth * (prompts.OF_RARE_SIGN if is_rare else 1) * (prompts.OF_PLACE if is_place else 1)
    return total


def test_no_sentence_can_be_exchanged_for_a_better_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "LUCK", 0.0)
    some = KNOWN[::8]
    chosen = covering(some, 5, np.random.default_rng(1))
    best = plain_worth(chosen)
    for place in range(5):
        rest = chosen[:place] + chosen[place + 1 :]
        assert all(plain_worth([*rest, other]) <= best + 1e-9 for other in some if other not in rest)


@pytest.mark.parametrize(
    ("sentence", "alphabet", "expected"),
    [
        ('"Hi," said Al.', " adilsh", "hi said al"),
        ('"Hi," said Al.', " adilsAH,", "Hi, said Al"),
        ("It is 5.", " its", None),
        ("isn't it", " isnt", None),
        ("a & b", " ab", None),
        ("No.", "NO ", "NO"),
    ],
)
def test_sentences_are_fitted_to_an_alphabet(sentence: str, alphabet: str, expected: str | None) -> None:
    assert fitted(sentence, alphabet) == expected


@pytest.mark.parametrize(
    "alphabet",
    [
        " abcdefghijklmnopqrstuvwxyz",
        string.ascii_letters + " .,äöüßÄÖÜ",
        " абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЭЮЯ0123456789.,!?",
        string.digits,
        " .!",
        "ab",
    ],
)
def test_any_alphabet_is_covered_by_its_own_characters(alphabet: str) -> None:
    chosen = choose_prompts(40, alphabet)
    counts = Counter("".join(chosen.sentences))
    assert {*counts} - {" "} == {*alphabet} - {" "} and all("  " not in line for line in chosen.sentences)
    assert min(chosen.counts.values()) >= 2 and chosen.notes()[1].startswith("every character at least")
    for character in chosen.made_up:
        assert counts[character] >= 2


def test_what_comes_too_seldom_is_named() -> None:
    chosen = choose_prompts(1, " abcdefghijklmnopqrstuvwxyzß")
    assert chosen.made_up == "ß" and "ß" in chosen.sentences[0]
    notes = chosen.notes()
    assert any(note.startswith("never: a") for note in notes)
    assert notes[-1] == "in no sentence of the list, so in made-up words: ß"
    notes = choose_prompts(2, "".join(map(chr, range(0x4E00, 0x5000)))).notes()
    assert any(" and 462 more" in note for note in notes) and max(map(len, notes)) < 200


@pytest.mark.parametrize(("count", "alphabet"), [(0, "ab"), (5, ""), (5, " "), (5, "a\n")])
def test_what_cannot_be_chosen_is_refused(count: int, alphabet: str) -> None:
    with pytest.raises(InputError):
        choose_prompts(count, alphabet)
