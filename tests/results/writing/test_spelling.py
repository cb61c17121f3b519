"""Spelling: what a network is given for a text, and which signs are drawn in its ink."""

from typing import Any

from ink.alphabet import Alphabet
from results.writing.signs import SIGNS
from results.writing.spelling import Spelling
from tests.results.writers import writer

ALPHABET = Alphabet(" abo@#%'é")


def spelling(alphabet: Alphabet = ALPHABET, **facts: dict[str, Any]) -> Spelling:
    return Spelling(alphabet, facts)


def test_a_sign_is_drawn_unless_the_network_nearly_always_writes_it_right() -> None:
    known = spelling(read_right={"@": 0.89, "#": 0.9}, characters={"@": 50, "#": 50, "%": 29, "a": 99})
    assert known.signs == {*SIGNS} - {"#"}
    assert {"@", "#", "%"} & spelling().signs == set(), "without rates or counts all characters are known"
    assert "€" in spelling().signs
    damaged = {"@": "99", "#": None, "%": 30}
    assert spelling(characters=damaged, read_right=damaged).signs == {*SIGNS} - {"%"}
    for missing in (" ", "ao"):
        assert spelling(Alphabet({*ALPHABET.characters} - {*missing})).signs == set()
    assert spelling(Alphabet(" boé")).plain("b€") == "b o"


def test_the_network_is_given_a_letter_for_a_sign_and_for_a_letter_with_a_mark() -> None:
    assert spelling().plain("a€b é ä") == "a a b é a"
    assert spelling().plain("a@b") == "a@b"
    assert spelling().plain("a’b−”") == "a'b−”", "there is no hyphen, and no straight quote"
    assert spelling(Alphabet("ab'’")).plain("a’b") == "a’b"


def test_signs_that_are_drawn_have_no_stand_in() -> None:
    assert spelling(read_right={"%": 0.0}).substitute("a% €‘ä") == ("a% €'ä", {"‘": "'"})
    assert spelling(Alphabet(" bR")).substitute("b…€") == ("b…€", {}), "nor is there a letter, or a stand-in"


def test_a_writer_draws_the_signs_of_a_text() -> None:
    network = writer()
    writing = network.write("de@ b\nbad", seed=5)
    assert writing.texts == ["de@ b", "bad"] and network.spelling.plain("de@ b") == "de a b"
    first, second = writing.samples
    assert first.weights is not None and first.weights.shape == (len(first.strokes) - 1, len("de@ b") + 1)
    assert (first.weights.argmax(1) == 2).any() and len(first.strokes) == len(writing.lines[0])
    assert second.weights is not None and second.weights.shape[1] == len("bad") + 1
    assert (writing.lines[0][-1, 2] > 0.5) and len(writing.lines[0]) > 10
