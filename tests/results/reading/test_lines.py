"""Readings of lines: text, the ink of each character, options; and what is shown while training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from data_loader.transform import Transform
from model.language.training import train_language_model
from model.reading.recognizer import Seq2SeqRecognizer
from results import read
from results.reading.decoding import Decoding
from results.reading.lines import batches, owners
from tests.results.recognizers import (
    ALPHABET,
    POINTS_A_LETTER,
    RESAMPLED,
    batch_of_lines,
    line_of,
    recognizer,
    some_lines,
    straight_line,
)
from utils.errors import InputError

WEIGHTS = pytest.mark.parametrize("ctc_weight", [0.0, 0.5, 1.0])


@WEIGHTS
@pytest.mark.parametrize("options", [{}, {"beam": 3}])
def test_letters_are_read_from_their_own_ink(ctc_weight: float, options: dict) -> None:
    lines = some_lines(1, 6, 3, 4, 2, 5)
    for line, reading in zip(lines, read(recognizer(ctc_weight), lines, **options), strict=True):
        assert reading.line is line and reading.text == line.text and reading.confidence > 0.8
        assert all(character.probability > 0.5 for character in reading.characters)
        ours = np.repeat(np.arange(len(line.text)), POINTS_A_LETTER)
        theirs = np.full(len(line.points), -1)
        for u, character in enumerate(reading.characters):
            assert len(character.points) and (theirs[character.points] == -1).all()
            theirs[character.points] = u
        assert -1 not in theirs and (ours == theirs).mean() > 0.9


@WEIGHTS
@pytest.mark.parametrize("options", [{}, {"beam": 3}])
@pytest.mark.parametrize("transform", [{}, RESAMPLED])
def test_a_line_reads_the_same_alone_and_in_company(ctc_weight: float, options: dict, transform: dict) -> None:
    loaded, lines = recognizer(ctc_weight, transform), some_lines(5, 1, 9, 3)
    for line, among in zip(lines, read(loaded, lines, **options), strict=True):
        (alone,) = read(loaded, [line], **options)
        assert alone.text == among.text and alone.confidence == pytest.approx(among.confidence, rel=1e-4)
        for first, second in zip(alone.characters, among.characters, strict=True):
            assert first.probability == pytest.approx(second.probability, rel=1e-3)
            assert np.array_equal(first.points, second.points)


def test_many_lines_in_several_batches_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(recognizer(), []) == []
    lines = some_lines(*[1, 6, 3, 4, 2, 5] * 3)
    monkeypatch.setattr("results.reading.lines.BATCH_POINTS", 100)
    assert [reading.text for reading in read(recognizer(), lines)] == [line.text for line in lines]


@pytest.fixture
def split_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a recognizer read "ab" in every line, "a" in the first half of the frames and "b" in the other."""

    def explain(_: Seq2SeqRecognizer, reading: object, texts: list) -> list[tuple[Tensor, Tensor]]:
        weights = torch.zeros(3, reading.frames.shape[1])  # type: ignore[attr-defined]
        weights[0, : weights.shape[1] // 2], weights[1, weights.shape[1] // 2 :] = 1, 1
        return [(torch.zeros(3), weights) for _ in texts]

    monkeypatch.setattr(Seq2SeqRecognizer, "explain", explain)
    monkeypatch.setattr(Decoding, "texts", lambda *_: [[1, 2]])


@pytest.mark.parametrize(
    ("transform", "coarse"),
    [
        ({}, 4),
        ({"smooth": 1}, 4),
        ({"resample_distance": 0.05}, 4),
        ({"resample_distance": 1.0}, 30),
        ({"resample_seconds": 0.5}, 25),
    ],
)
def test_characters_name_the_points_of_the_ink_as_it_was_given(
    split_evenly: None, transform: dict, coarse: int
) -> None:
    line = replace(straight_line(400), times=np.arange(400) / 10)
    (reading,) = read(recognizer(transform=transform), [line])
    first, second = (character.points for character in reading.characters)
    assert np.array_equal(np.concatenate([first, second]), np.arange(400))
    assert len(first) == pytest.approx(200, abs=coarse)


def test_a_frame_is_owned_by_the_character_that_attends_to_it_most_or_by_its_neighbour() -> None:
    weights = np.array([[0.9, 0.1, 0.0, 0.0, 0.0, 0.0], [0, 0.2, 0.0, 0.0, 0.8, 0.0], [0, 0, 0, 0, 0.1, 0.9]])
    assert owners(weights).tolist() == [0, 1, 1, 1, 1, 1]
    assert owners(weights[:, [0, 2, 4]]).tolist() == [0, 1, 1]
    assert owners(np.zeros((3, 4))).tolist() == [-1] * 4


def test_ink_is_transformed_as_in_training_and_lines_stay_apart() -> None:
    transform = {"normalise_slant": True, "resample_distance": 0.5}
    lines = [line_of("cabbage"), line_of("deaf")]
    by_hand = [replace(Transform(**transform).line(line), text="not looked at") for line in lines]
    joined = read(recognizer(transform={**transform, "join_words": 90}), lines)
    assert [reading.text for reading in joined] == [reading.text for reading in read(recognizer(), by_hand)]
    plain = read(recognizer(), lines)
    assert joined[0].confidence != pytest.approx(plain[0].confidence, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"beam": 0}, "beam is 0"),
        ({"beam": 101}, "beam is 101"),
        ({"lm_weight": float("nan")}, "lm_weight is nan"),
        ({"ctc_weight": 2}, "ctc_weight is 2"),
        ({"length_bonus": 99}, "length_bonus is 99"),
        ({"ctc_weight": 1.0}, "no CTC head"),
    ],
)
def test_options_out_of_range_are_named(options: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read(recognizer(0.0), [line_of("ab")], **options)


@pytest.mark.parametrize("options", [{}, {"ctc_weight": 0.0}, {"beam": 5}])
def test_a_language_model_counts_by_its_weight(options: dict) -> None:
    language_model = train_language_model(["bad"] * 50, ALPHABET).model
    for weight, text in ((0.0, "bed"), (0.01, "bed"), (10.0, "bad")):
        (reading,) = read(recognizer(), [line_of("bed")], language_model=language_model, lm_weight=weight, **options)
        assert reading.text == text


def test_a_language_model_of_another_alphabet_is_refused() -> None:
    with pytest.raises(InputError, match="alphabet"):
        read(recognizer(), [line_of("ab")], language_model=train_language_model(["x"], "xyz").model)


def test_a_beam_is_used_where_an_option_needs_one() -> None:
    assert Decoding().width is None and Decoding(beam=3).width == 3
    assert Decoding(ctc_weight=0.2).width == Decoding(length_bonus=1.0).width == 16
    model = train_language_model(["x"], "xyz").model
    assert Decoding(language_model=model).width == 16
    assert Decoding(language_model=model).settings == {
        "beam": 16, "lm_weight": 0.4, "ctc_weight": None, "length_bonus": 1.0, "spacings": [1.0]
    }  # fmt: skip


def test_a_transformation_from_another_version_is_named() -> None:
    for unknown in ({"squeeze": 1}, {"smooth": -1}):
        with pytest.raises(InputError, match=r"taught.pt: .*unknown here"):
            read(recognizer(transform=unknown), [line_of("ab")])


def test_batches_hold_every_line_once_and_fit_into_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.reading.lines.BATCH_POINTS", 100)
    lengths = [5, 500, 50, 20, 30, 7, 9]
    cut = list(batches(lengths, 4))
    assert cut == [[1], [2, 4], [3, 6, 5, 0]]
    assert list(batches([], 4)) == []


@WEIGHTS
def test_what_is_shown_while_training_is_what_is_read_and_where(ctc_weight: float) -> None:
    model, batch = recognizer(ctc_weight).model, batch_of_lines([line_of("cabbage"), line_of("bed")])
    assert isinstance(model, Seq2SeqRecognizer)
    with torch.inference_mode():
        samples, reading = model.show(batch, 1), model.encode(batch)
        explained = model.explain(reading, [shown.read or [] for shown in samples])
    for line, (shown, (_, attended)) in enumerate(zip(samples, explained, strict=True)):
        strokes = batch.strokes[line][batch.stroke_mask[line]]
        assert attended.shape[1] == -(-len(strokes) // 4)
        assert shown.stopped and np.array_equal(shown.strokes, strokes)
        assert shown.read == batch.text[line][batch.char_mask[line]].tolist()
        assert shown.weights is not None and shown.weights.shape == (len(strokes) - 1, len(shown.read) + 1)
        for point in range(1, len(strokes)):
            assert np.array_equal(shown.weights[point - 1], attended[:, point // 4])
