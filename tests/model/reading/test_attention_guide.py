"""The guide of the attention: what it counts, in a plain loop; that a new decoder learns where to attend from it."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from base.batch import Batch
from model.loss import ReadingLoss, attention_nats, ctc_nats
from model.reading.ctc_alignment import ctc_alignment
from model.reading.recognizer import Reading, Seq2SeqRecognizer
from tests.model.readers import recognizer
from tests.model.small import ALPHABET_SIZE, assert_close, lines

POINTS, CHARACTERS = [9, 30, 14, 4], [2, 5, 0, 3]  # the last line has too few frames for its text


def guided(weight: float = 0.4) -> tuple[Reading, Batch]:
    data = lines(POINTS, CHARACTERS)
    return recognizer(weight).double()(data), data


def test_it_is_minus_the_log_of_the_attention_to_the_frames_of_each_character(in_float64):
    reading, data = guided()
    expected = 0.0
    for line, (mask, characters) in enumerate(zip(reading.frame_mask, CHARACTERS, strict=True)):
        frames = reading.frame_logits[line, mask].log_softmax(-1).detach().numpy()
        path = ctc_alignment(frames, data.text[line, :characters].tolist()).tolist()
        for u in range(characters if max(path) >= 0 else 0):
            near = {n for at, shown in enumerate(path) if shown == u for n in (at - 1, at, at + 1)}
            attended = sum(reading.attention[line, u, n].item() for n in near if 0 <= n < len(path))
            expected -= math.log(attended + 1e-3)
    assert attention_nats(reading, data).item() == pytest.approx(expected, rel=1e-10)


def test_it_is_added_to_the_decoders_part_in_training_alone(in_float64):
    reading, data = guided()
    plain = ReadingLoss()(reading, data)[0]
    loss = ReadingLoss(attention_guide=0.5)
    assert_close(loss(reading, data)[0], plain + 0.6 * 0.5 * attention_nats(reading, data))
    with torch.inference_mode():
        assert_close(loss(reading, data)[0], plain)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_network_without_both_heads_has_no_guide(weight):
    reading, data = guided(weight)
    assert torch.equal(ReadingLoss(attention_guide=1.0)(reading, data)[0], ReadingLoss()(reading, data)[0])


def test_lines_without_text_have_a_finite_loss():
    data = lines([5, 4], [1, 1], torch.float32)
    data = replace(data, text=data.text[:, :0], char_mask=data.char_mask[:, :0])
    assert ReadingLoss(attention_guide=1.0)(recognizer(0.4)(data), data)[0].isfinite()


def test_a_new_decoder_learns_where_the_ctc_head_shows_the_characters():
    torch.manual_seed(0)
    model = Seq2SeqRecognizer(
        alphabet_size=ALPHABET_SIZE, hidden_sizes=[16], joins=[2], decoder_size=16, dropout=0.0, ctc_weight=0.5
    )
    data = lines([24, 30], [3, 4])

    def train(part: torch.nn.Module, loss: Callable[[], Tensor]) -> None:
        optimizer = torch.optim.Adam(part.parameters(), 0.02)
        for _ in range(50):
            model.zero_grad()
            loss().backward()
            optimizer.step()

    def by_ctc() -> Tensor:
        reading = model.encode(data)
        return ctc_nats(reading.frame_logits, reading.frame_mask, data).sum()

    train(model, by_ctc)
    before = attention_nats(model(data), data)
    train(model.decoder, lambda: ReadingLoss(attention_guide=1.0)(model(data), data)[0])
    assert attention_nats(model(data), data) < 0.05 * before


def test_a_guide_below_0_is_named():
    with pytest.raises(ValueError, match="attention_guide"):
        ReadingLoss(attention_guide=-1.0)
