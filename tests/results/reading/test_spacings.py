"""Reading at several spacings of the points: the surest reading is kept, in lines and in a corpus alike."""

from pathlib import Path

import pytest

from results import read
from results.reading.decoding import SURE, Decoding, surest
from tests.results.recognizers import RESAMPLED, line_of, recognizer, some_lines
from tests.tiny import write_corpus
from utils.errors import InputError

SPACINGS = (1.0, 0.5, 2.0)
LINES = [line_of("cabbage", split="valid"), line_of("deaf", split="valid"), *some_lines(3, 5, 8)]


def test_a_line_is_read_until_it_is_sure_and_the_surest_stays() -> None:
    probabilities = {1.0: [SURE, 0.2, 0.5, 0.3], 2.0: [0.1, 0.95, 0.4]}
    rounds: list[list[int]] = []

    def at(spacing: float, some: list[int]) -> list[tuple[float, str]]:
        rounds.append(some)
        sure = probabilities[spacing]
        return [(sure[place], f"{line} at {spacing:g}") for place, line in enumerate(some)]

    assert surest(4, [1.0, 2.0], at) == ["0 at 1", "1 at 1", "2 at 2", "3 at 2"]
    assert rounds == [[0, 1, 2, 3], [1, 2, 3]]
    assert surest(0, [1.0], at) == []


def test_points_are_spaced_as_by_another_transform() -> None:
    halved = {**RESAMPLED, "resample_distance": RESAMPLED["resample_distance"] / 2}
    spaced = read(recognizer(transform=RESAMPLED), LINES, spacings=(0.5,))
    for reading, other in zip(spaced, read(recognizer(transform=halved), LINES), strict=True):
        assert reading.text == other.text and reading.confidence == pytest.approx(other.confidence, abs=1e-6)
        assert [list(part.points) for part in reading.characters] == [list(part.points) for part in other.characters]


def test_of_all_spacings_the_surest_is_read() -> None:
    reader = recognizer(transform=RESAMPLED)
    alone = [read(reader, LINES, spacings=(spacing,)) for spacing in SPACINGS]
    for place, reading in enumerate(read(reader, LINES, spacings=SPACINGS)):
        each = [readings[place] for readings in alone]
        sure = each[0] if each[0].confidence >= SURE else each[1] if each[1].confidence >= SURE else None
        wanted = sure or max(each, key=lambda reading: reading.confidence)
        assert (reading.text, reading.confidence) == (wanted.text, pytest.approx(wanted.confidence, abs=1e-6))


def test_a_corpus_is_read_as_its_lines(tmp_path: Path) -> None:
    reader = recognizer(transform=RESAMPLED)
    write_corpus(tmp_path / "letters", [line_of("ace", split="train"), *LINES[:2]])
    decoding = Decoding(spacings=SPACINGS)
    measured = reader.evaluate("letters", ["valid"], data_dir=tmp_path, decoding=decoding)
    assert [line.read for line in measured.read] == [reading.text for reading in reader.read(LINES[:2], decoding)]
    assert measured.numbers["spacings"] == list(SPACINGS)


@pytest.mark.parametrize(
    ("spacings", "named"), [((), "spacings are"), ((0.1,), "spacings are"), ((1.0, 2.0), "no resample_distance")]
)
def test_spacings_that_cannot_be(spacings: tuple[float, ...], named: str) -> None:
    with pytest.raises(InputError, match=named):
        read(recognizer(), LINES, spacings=spacings)
