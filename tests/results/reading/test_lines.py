"""Readings of lines: text, confidence, the ink of each character; and ink that cannot be read."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor
from torch.nn.functional import ctc_loss

from data_loader.transform import Transform
from ink.strokes import InkLine
from model.language.training import train_language_model
from model.reading.recognizer import Seq2SeqRecognizer
from results import read
from results.reading.calibration import MAX_ODDS
from results.reading.decoding import Decoding
from results.reading.lines import batches, owners
from tests.results.recognizers import ALPHABET, POINTS_A_LETTER, batch_of_lines, line_of, recognizer, some_lines
from utils.errors import InputError

RESAMPLED = {"normalise_baseline": True, "resample_distance": 0.4}
WEIGHTS = pytest.mark.parametrize("ctc_weight", [0.0, 0.5, 1.0])


def straight_line(num_points: int) -> InkLine:
    """One stroke from left to right, with ups and downs that have an x-height."""
    x = np.arange(num_points)
    points = np.column_stack([x, 20 * np.sin(x / 5), x == num_points - 1])
    return InkLine("straight", "", "", "", points.astype(np.float32))


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


@pytest.mark.parametrize("options", [{}, {"beam": 4}, {"ctc_weight": 1.0}])
def test_probabilities_are_those_of_the_network_given_the_text(options: dict) -> None:
    loaded, line = recognizer(transform={"smooth": 1}), line_of("cabbage")
    (reading,) = read(loaded, [line], **options)
    batch = batch_of_lines([replace(Transform(smooth=1).line(line), text=reading.text)])
    logits = loaded.model(batch).char_logits[0].detach().log_softmax(-1)
    log_probs = [float(logits[u, k]) for u, k in enumerate([*batch.text[0].tolist(), len(ALPHABET)])]
    true = [character.probability for character in reading.characters]
    assert true == pytest.approx(np.exp(log_probs[:-1]), rel=1e-4)
    assert "".join(character.character for character in reading.characters) == reading.text


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


def test_a_very_long_line_is_refused_or_read_where_resampling_makes_it_short() -> None:
    line = straight_line(50_000)
    with pytest.raises(InputError, match=r"^straight: 50,000 points are more than the 10,000"):
        read(recognizer(), [line])
    crowded = replace(line, points=line.points / np.float32([500, 1, 1]))
    crowded.points[:, 1] = 20 * np.sin(np.arange(50_000) / 3000)
    (reading,) = read(recognizer(transform={"resample_distance": 0.1}), [crowded])
    assert max(max(character.points, default=0) for character in reading.characters) > 10_000


def with_value(value: float, column: int) -> np.ndarray:
    points = line_of("ab").points.copy()
    points[3, column] = value
    return points


@pytest.mark.parametrize(
    ("points", "named"),
    [
        (np.zeros((0, 3), np.float32), "two or more points"),
        (np.ones((1, 3), np.float32), "two or more points"),
        (np.ones((5, 2), np.float32), "two or more points"),
        (with_value(np.nan, 0), "not finite"),
        (with_value(np.inf, 1), "not finite"),
        (with_value(np.nan, 2), "not finite"),
        (with_value(1e20, 0), "not finite"),
    ],
)
def test_ink_that_cannot_be_read_is_named(points: np.ndarray, named: str) -> None:
    lines = [line_of("ab"), replace(line_of("c"), id="bad", points=points)]
    with pytest.raises(InputError, match=f"^bad: .*{named}") as error:
        read(recognizer(transform=RESAMPLED), lines)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ctc_weight", [0.0, 1.0])
@pytest.mark.parametrize("transform", [{}, RESAMPLED, {"normalise_slant": True, "simplify": 0.1}])
def test_odd_ink_has_a_defined_reading(ctc_weight: float, transform: dict) -> None:
    dot = replace(line_of("a"), points=np.array([[7, 7, 0], [7, 7, 1]], np.float32))
    flat = replace(dot, points=np.array([[-1e6, 0, 0], [1e6, 0, 1]], np.float32))
    for reading in read(recognizer(ctc_weight, transform), [dot, flat]):
        assert 0 <= reading.confidence <= 1


NUMBERS = st.floats(-2e6, 2e6, width=32) | st.sampled_from([0.0, 1.0, 1e-30, np.nan, np.inf])


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(0, 12), st.just(2)), elements=NUMBERS),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.sampled_from([{}, RESAMPLED, {"smooth": 2, "normalise_slant": True, "simplify": 0.1}]),
)
def test_any_ink_has_a_reading_or_one_line_that_says_why_not(xy: np.ndarray, ends: list, transform: dict) -> None:
    line = replace(line_of("a"), points=np.column_stack([xy, ends[: len(xy)]]).astype(np.float32))
    try:
        (reading,) = read(recognizer(transform=transform), [line])
    except InputError as error:
        assert "\n" not in str(error)
        assert len(xy) < 2 or not (np.abs(xy) <= 1e6).all() or "more than the" in str(error)
    else:
        assert 0 <= reading.confidence <= 1 and len(reading.characters) == len(reading.text)


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
        "beam": 16, "lm_weight": 0.9, "ctc_weight": None, "length_bonus": 2.1
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


def test_without_a_decoder_probabilities_are_those_of_the_frames() -> None:
    loaded, line = recognizer(1.0), line_of("cabbage")
    (reading,) = read(loaded, [line])
    frames = loaded.model.encode(batch_of_lines([line])).frame_logits[0].detach().softmax(-1).numpy()
    blank = len(ALPHABET)
    shown = [[float(frame[k]) for frame in frames if frame.argmax() == k] for k in range(blank + 1)]
    for character in reading.characters:
        frames_of_it = shown[ALPHABET.index(character.character)]
        assert any(character.probability == pytest.approx(probability, rel=1e-4) for probability in frames_of_it)


def test_confidence_is_the_probability_of_the_whole_text_and_a_checkpoint_may_correct_it() -> None:
    lines = [line_of("cabbage"), line_of("bed")]
    for reader in (recognizer(1.0), recognizer(0.5)):
        encoded = reader.model.encode(batch_of_lines(lines))
        frames = encoded.frame_logits.detach().log_softmax(-1)
        for n, reading in enumerate(read(reader, lines)):
            text = torch.tensor([[ALPHABET.index(character) for character in reading.text]])
            own = frames[n, encoded.frame_mask[n]].unsqueeze(1)
            nats = -ctc_loss(own, text, [len(own)], [text.shape[1]], blank=len(ALPHABET), reduction="sum")
            assert reading.confidence == pytest.approx(float(nats.exp()), rel=1e-4)
            (word,) = reading.words
            assert (word.text, word.confidence) == (reading.text, pytest.approx(reading.confidence))
            assert np.array_equal(word.points, np.arange(len(reading.line.points)))
    before = read(recognizer(1.0), lines)
    corrected = recognizer(1.0)
    corrected.facts["calibration"] = {"ink": {"words": [0.0, 0.5], "lines": [-1.0, 1.0]}}
    for old, new in zip(before, read(corrected, lines), strict=True):
        odds = new.confidence / (1 - new.confidence)
        assert odds == pytest.approx(old.confidence / (1 - old.confidence) / np.e, rel=1e-3)
        assert new.words[0].confidence < old.words[0].confidence and new.text == old.text


def test_without_ctc_head_confidence_is_the_product_of_the_decoders_probabilities() -> None:
    (reading,) = read(recognizer(0.0), [line_of("cabbage")])
    product = np.prod([character.probability for character in reading.characters])
    assert 0.5 < reading.confidence <= product and reading.words[0].confidence == pytest.approx(reading.confidence)


def test_words_name_their_alternatives_if_asked() -> None:
    reader, line = recognizer(1.0), line_of("bed")
    ((word,),) = (reading.words for reading in reader.read([line], alternatives=2))
    assert 1 <= len(word.alternatives) <= 2 and all(text != "bed" for text, _ in word.alternatives)
    assert word.confidence > word.alternatives[0][1] > 0
    assert sum(sure for _, sure in word.alternatives) + word.confidence <= 1 + 1e-6
    assert all(not word.alternatives for word in reader.read([line])[0].words)


def test_where_nothing_is_read_confidence_is_that_nothing_is_there() -> None:
    loaded = recognizer(1.0)
    with torch.no_grad():
        loaded.model.ctc.bias[-1] += 30
        (reading,) = read(loaded, [line_of("ab")])
        frames = loaded.model.encode(batch_of_lines([line_of("ab")])).frame_logits[0].softmax(-1)
    assert reading.text == "" and reading.confidence == pytest.approx(float(frames[:, -1].prod()), rel=1e-4)


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


def test_a_blank_line_is_shown_with_nothing_read() -> None:
    loaded = recognizer(0.0)
    with torch.no_grad():
        loaded.model.decoder.out[-1].bias[-1] = 1e4
    (reading,) = read(loaded, [line_of("ab")])
    assert (
        reading.text == ""
        and reading.characters == []
        and reading.confidence == pytest.approx(1 - math.exp(-MAX_ODDS), abs=1e-6)
    )
