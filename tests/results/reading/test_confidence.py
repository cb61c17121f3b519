"""Confidence: the probability of a character, a word and a whole text, and the alternatives to a word."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import ctc_loss

from data_loader.transform import Transform
from results import read
from results.reading.calibration import MAX_ODDS
from tests.results.recognizers import ALPHABET, batch_of_lines, line_of, recognizer


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
