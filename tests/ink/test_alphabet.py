"""Text to positions and back, and what stands in for characters that a network cannot write."""

import numpy as np
import pytest

from ink.alphabet import Alphabet
from utils.errors import InputError

LETTERS = Alphabet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ '\"-.,()/124")


def test_characters_are_in_code_point_order_each_once() -> None:
    alphabet = Alphabet("banana é!")
    assert alphabet.characters == " !abné" and len(alphabet) == 6


def test_encode_and_decode_are_inverse() -> None:
    positions = Alphabet("cab").encode("abcba")
    assert positions.dtype == np.int64
    assert positions.tolist() == [0, 1, 2, 1, 0]
    assert Alphabet("cab").decode(positions) == "abcba"


def test_an_empty_text_has_no_positions() -> None:
    assert LETTERS.encode("").shape == (0,) and LETTERS.decode([]) == ""


def test_missing_characters_are_named_once_in_order_with_their_code_points() -> None:
    assert LETTERS.missing("a€b€½") == ["€", "½"]
    with pytest.raises(InputError) as caught:
        LETTERS.encode("a€b€½")
    message = str(caught.value)
    assert "'€' (U+20AC), '½' (U+00BD)" in message and message.count("€") == 1
    assert repr(LETTERS.characters) in message and "\n" not in message


def test_of_many_missing_characters_ten_are_named_and_the_rest_counted() -> None:
    with pytest.raises(InputError, match=r"U\+0416.* and 3 more"):
        LETTERS.encode("БВГДЕЖЗИЙКЛМН")


def test_a_line_break_is_named_readably() -> None:
    with pytest.raises(InputError, match=r"'\\n' \(U\+000A\)") as caught:
        LETTERS.encode("a\nb")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("‘it’s’", "'it's'"),
        ("“quoted” „so“ «or» so", '"quoted" "so" "or" so'),
        ("a–b", "a-b"),
        ("a—b−c", "a-b-c"),
        ("wait…", "wait..."),
        ("a\u00a0b\tc", "a b c"),
        ("[a] {b}", "(a) (b)"),
        ("café Ångström naïve", "cafe Angstrom naive"),
        ("Straße, œuvre, Øre, Łódź", "Strasse, oeuvre, Ore, Lodz"),
        ("ﬁne", "fine"),
        ("1½ cups for 2€", "1 1/2 cups for 2EUR"),
        ("\ufeffzero\u200bwidth\u00ad", "zerowidth"),
    ],
)
def test_stand_ins(text: str, written: str) -> None:
    substituted, used = LETTERS.substitute(text)
    assert substituted == written
    assert used and all(character in text and character not in LETTERS.characters for character in used)
    assert "".join(used.get(character, character) for character in text) == substituted


def test_an_accent_as_a_character_of_its_own_is_composed_first() -> None:
    assert LETTERS.substitute("cafe\u0301") == ("cafe", {"é": "e"})
    assert Alphabet("caféx").substitute("cafe\u0301") == ("café", {})


def test_what_the_alphabet_has_is_never_replaced() -> None:
    assert Alphabet("“”é…–'\"-.e").substitute("“é…–”") == ("“é…–”", {})


@pytest.mark.parametrize("text", ["日本", "☃", "\n"])
def test_what_has_no_stand_in_stays_for_encode_to_name(text: str) -> None:
    assert LETTERS.substitute(text) == (text, {})


def test_a_stand_in_that_the_alphabet_has_not_is_not_used() -> None:
    assert Alphabet("abc").substitute("a…“é") == ("a…“é", {})
