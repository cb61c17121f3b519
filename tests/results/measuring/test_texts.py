"""Texts of each kind: of their kind, of known characters alone, the same for a seed, every end and letter in turn."""

from collections import Counter

import pytest

from results.measuring.by_kind import PRINTABLE
from results.measuring.texts import ENDINGS, KINDS, MAX_CHARS, RARE, TextMaker

ALL = TextMaker(PRINTABLE + " ")


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_of_their_kind_and_the_same_for_a_seed(kind: str) -> None:
    texts = ALL.texts(kind, 60, 1)
    assert len(texts) == 60 and len(set(texts)) > 40
    assert all(KINDS[kind].fits(text) and len(text) <= MAX_CHARS and "  " not in text for text in texts)
    assert texts[:5] == ALL.texts(kind, 5, 1) != ALL.texts(kind, 5, 2)


def test_every_end_comes_in_turn_and_every_rare_letter_comes() -> None:
    assert Counter(text[-1] for text in ALL.texts("endings", 45, 1)) == Counter(5 * ENDINGS)
    assert {*RARE} <= {*"".join(ALL.texts("rare", 60, 1))}


@pytest.mark.parametrize(
    ("characters", "kinds"),
    [
        ("abcdefg", {"lower"}),
        ("abcdefg ", {"lower"}),
        ("ABCDEFGHI ", {"capitals"}),
        ("0123456789", {"numbers", "dates"}),
        ("abdelost., ", {"lower", "punctuation", "endings"}),
        ("", set()),
    ],
)
def test_texts_have_known_characters_alone(characters: str, kinds: set[str]) -> None:
    made = {kind: TextMaker(characters).texts(kind, 12, 1) for kind in KINDS}
    assert {kind for kind, texts in made.items() if texts} == kinds
    assert {*"".join(text for texts in made.values() for text in texts)} <= {*characters}
    assert all(len(texts) in (0, 12) for texts in made.values())


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("over the hill", {"lower"}),
        ("Anna Hill", {"capitalised"}),
        ("TO THE HILL", {"capitals"}),
        ("14 1,200", {"numbers"}),
        ("a fox", {"lower", "rare", "endings"}),
        ('"so," (he) said!', {"punctuation", "endings"}),
        ("Mixed case, once", set()),
    ],
)
def test_a_real_line_is_of_these_kinds(text: str, kinds: set[str]) -> None:
    assert {kind for kind, (_, fits, _) in KINDS.items() if fits(text)} - {"dates"} == kinds
