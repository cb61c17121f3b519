"""The ink of a word: cuts at pen lifts, strokes that were written late, and runs on the page."""

import numpy as np

from ink.strokes import InkLine
from results.reading.lines import LineReading
from results.reading.page import PageReading
from results.reading.words import ReadWord, word_points


def ink(*strokes: tuple[float, float, int]) -> np.ndarray:
    """Strokes from x to x in so many points."""
    parts = [np.column_stack([np.linspace(a, b, n), np.zeros(n), np.arange(n) == n - 1]) for a, b, n in strokes]
    return np.concatenate(parts).astype(np.float32)


def pieces(points: np.ndarray, *bounds: int) -> list[np.ndarray]:
    return np.split(np.arange(len(points)), bounds)


def test_a_word_ends_at_the_widest_gap_near_where_its_last_character_was_read() -> None:
    points = ink((0, 10, 5), (11, 20, 5), (40, 50, 5), (51, 60, 5))  # "ab cd", a stroke each
    characters = pieces(points, 5, 11, 12, 16)  # the space in the next word's ink
    first, second = word_points(points, characters, [(0, 2), (3, 5)])
    assert first.tolist() == list(range(10)) and second.tolist() == list(range(10, 20))


def test_a_stroke_that_was_written_late_goes_to_the_word_that_it_is_above() -> None:
    points = ink((0, 20, 10), (40, 60, 10), (80, 100, 10), (9, 10, 2), (49, 50, 2))
    first, second, third = word_points(points, pieces(points, 10, 11, 20, 21), [(0, 1), (2, 3), (4, 5)])
    assert first.tolist() == [*range(10), 30, 31]
    assert second.tolist() == [*range(10, 20), 32, 33] and third.tolist() == list(range(20, 30))


def test_a_stroke_to_the_left_of_the_first_word_stays_with_it() -> None:
    points = ink((10, 20, 10), (0, 5, 3), (40, 60, 10))
    first, second = word_points(points, pieces(points, 12, 14), [(0, 1), (2, 3)])
    assert first.tolist() == list(range(13)) and second.tolist() == list(range(13, 23))


def test_words_joined_by_a_stroke_share_it_and_characters_without_ink_are_no_obstacle() -> None:
    points = ink((0, 40, 20))
    first, second = word_points(points, pieces(points, 8, 12), [(0, 1), (2, 3)])
    assert first.tolist() + second.tolist() == list(range(20)) and 8 <= len(first) <= 12
    nothing = [np.empty(0, np.int64)] * 3
    assert sum(map(len, word_points(points, nothing, [(0, 1), (2, 3)]))) == 20
    assert word_points(points, [], []) == [] and len(word_points(points, nothing[:1], [(0, 1)])[0]) == 20


def test_a_word_names_the_strokes_of_its_page_with_first_and_last_point_and_a_box() -> None:
    page = InkLine("page", "", "", "", ink((0, 10, 3), (20, 30, 4), (0, 5, 2)), unit="mm")
    line = InkLine("page-1", "", "", "", page.points[:7])
    words = [
        ReadWord("ab", 0.98765432, np.array([0, 1, 2, 3, 6]), [("ad", 0.0123456)]),
        ReadWord("c", 0.5, np.empty(0, int)),
    ]
    read = PageReading(page, [np.arange(7)], [LineReading(line, "ab c", 0.75, [], words)])
    (data,) = read.lines
    assert (data["id"], data["page"], data["text"], data["confidence"]) == ("page-1", "page", "ab c", 0.75)
    assert data["box"] == {"left": 0, "top": 0, "right": 30, "bottom": 0}
    first, second = data["words"]
    assert first["strokes"] == [
        {"stroke": 0, "first": 0, "last": 2},
        {"stroke": 1, "first": 0, "last": 0},
        {"stroke": 1, "first": 3, "last": 3},
    ]
    assert first["confidence"] == 0.9877 and first["alternatives"] == [{"text": "ad", "confidence": 0.0123}]
    assert (second["strokes"], second["box"]) == ([], None) and read.text == "ab c"
