"""Every character in its words: texts that have it, counts of known readings, and the sheet with its misread ink."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex

from base.base_model import Sample
from ink.strokes import points_to_strokes
from render.figures.sheet import WRONG_COLOR
from results.figures.characters import characters_figure
from results.measuring.by_kind import PRINTABLE
from results.measuring.character_texts import PATTERNS, CharacterTexts
from results.measuring.characters import CharactersJudged, characters
from tests.results.recognizers import ALPHABET, POINTS_A_LETTER, line_of, recognizer
from tests.results.writers import writer

ALL = CharacterTexts(PRINTABLE + " ")


@pytest.mark.parametrize("character", PRINTABLE)
def test_every_printable_character_has_its_texts(character: str) -> None:
    texts = ALL.texts(character, 6, 1)
    assert len(texts) == 6 and all(character in text and 2 <= len(text) <= 18 for text in texts)
    assert texts[:3] == ALL.texts(character, 3, 1) != ALL.texts(character, 3, 2)
    if character in PATTERNS:
        assert all(character in pattern for pattern in PATTERNS[character])


def test_texts_have_known_characters_alone() -> None:
    maker = CharacterTexts("abdelo'3")
    made = {character: maker.texts(character, 6, 1) for character in "ab'3e"}
    assert {*"".join("".join(texts) for texts in made.values())} <= {*"abdelo'3"}
    assert len(made["a"]) == 6 and {text.strip("3") for text in made["3"]} == {""}


def judged(*, attends: bool = True) -> CharactersJudged:
    """The letters of each text with every "f" written as "g"."""

    def draw(_: object, texts: list[str], *__: object) -> list[Sample]:
        samples = []
        for text in texts:
            ink = line_of(text.replace("f", "g").replace(" ", ""), len(text)).points
            at = (np.arange(1, len(ink)) // POINTS_A_LETTER).clip(0, len(text) - 1)
            weights = np.eye(len(text) + 1, dtype=np.float32)[at]
            samples.append(Sample(points_to_strokes(ink, (5.0, 4.0)), weights if attends else None, True))
        return samples

    return characters(writer(), recognizer(), n=4, draw=draw)


def test_counts_of_known_readings() -> None:
    result = judged()
    counts = result.numbers["characters"]
    assert "".join(counts) == ALPHABET and {part["tried"] for part in counts.values()} == {4}
    assert counts["f"]["right"] == 0 and counts["f"]["read_as"]["g"] >= 4
    assert all(part["right"] >= 3 for character, part in counts.items() if character != "f")
    assert result.numbers["unknown"]["writer"].startswith("hijk") and result.numbers["unknown"]["reader"] == ""
    line = result.shown["f"][0]
    assert len(result.shown["f"]) == 3 and line.wrong == [at for at, letter in enumerate(line.text) if letter == "f"]
    of_letters = np.repeat([letter == "f" for letter in line.text], POINTS_A_LETTER)
    # Row t of the weights is of point t + 1, and the start goes with the first of them.
    np.testing.assert_array_equal(line.is_wrong_at, of_letters)


def test_the_sheet_has_the_misread_ink_in_red(tmp_path: Path) -> None:
    result = judged()
    figure = characters_figure(result)
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert labels[::2] == list(ALPHABET) and labels[1::2][ALPHABET.index("f")] == "0/4"
    red = [text.get_text() for text in figure.axes[0].texts if text.get_color() == WRONG_COLOR]
    assert "f" in red and "0/4" in red
    pieces = sum(
        len(part.get_segments()) for part in figure.axes[0].collections if to_hex(part.get_color()[0]) == WRONG_COLOR
    )
    assert pieces >= sum(len(line.wrong) for line in result.shown["f"])


def test_without_attention_the_whole_text_is_red() -> None:
    line = judged(attends=False).shown["f"][0]
    assert line.is_wrong_at.all() and not judged(attends=False).shown["a"][0].is_wrong_at.any()
